"""Words that do not make a password: the names that everybody who reaches this server knows."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from litesoc_server.accounts.models import User

_OWN_NAME = "litesoc"
_WORD_LENGTH_MIN = 4  # letters; shorter labels of a host ("www", "soc", "de") occur in any text
REST_LENGTH_MIN = 8  # characters besides those words, which is what ASVS 5.0 asks of a whole password (6.2.1)


def known_words() -> list[str]:
    """Return the words, longest first: the product's name and those of the public address's host name."""
    labels = (urlsplit(settings.PUBLIC_URL).hostname or "").replace("-", ".").split(".")
    return sorted({_OWN_NAME, *(label for label in labels if len(label) >= _WORD_LENGTH_MIN)}, key=len, reverse=True)


class KnownWordsValidator:
    """Refuses a password that is hardly more than such words; one of Django's list of validators."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Return if enough is left without those words. Raises ValidationError."""
        del user
        rest = password.casefold()
        for word in known_words():
            rest = rest.replace(word, "")
        if len(rest) < min(REST_LENGTH_MIN, len(password)):
            msg = "The password is hardly more than the name of this server."
            raise ValidationError(msg, code="password_known_words")

    def get_help_text(self) -> str:
        """Return what is asked for."""
        return "The password is more than the name of this server."
