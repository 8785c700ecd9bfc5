"""Forms for passkeys: allauth's, which take whatever a browser sends as well formed."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, EditWebAuthnForm, LoginWebAuthnForm
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm as AllauthReauthenticateForm
from django import forms
from django.core.exceptions import ValidationError

NAME_LENGTH_MAX = 100
_REFUSED = "passkey_refused"  # code of the error


@contextmanager
def _nonsense_is_refused() -> Generator[None]:
    """Raise ValidationError where the libraries stumble over texts that no browser sends, and for their own refusals."""
    try:
        yield
    except ValidationError as error:
        if error.code != "incorrect_code":
            raise
        raise _refusal() from None
    except (LookupError, TypeError, ValueError, AttributeError):
        raise _refusal() from None


def _refusal() -> ValidationError:
    return ValidationError("This passkey was not accepted. Reload the page and try again.", code=_REFUSED)


class AddPasskeyForm(AddWebAuthnForm):
    """Asks for a name, and proposes a passkey that signs in without a password."""

    name = forms.CharField(required=False, max_length=NAME_LENGTH_MAX)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 # allauth's own signature
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True

    def clean(self) -> dict[str, Any]:
        """Return what was sent. Raises ValidationError when the passkey is not one, or not for this page."""
        with _nonsense_is_refused():
            return dict(super().clean())


class RenamePasskeyForm(EditWebAuthnForm):
    """Asks for another name."""

    name = forms.CharField(max_length=NAME_LENGTH_MAX)


class _CredentialIsChecked:
    """A mixin that refuses nonsense in place of a passkey, and tells of a failure as allauth does of codes."""

    user: Any  # None: whoever it is, the passkey says so
    reauthenticated: bool

    def clean_credential(self) -> Any:  # noqa: ANN401 # allauth's Authenticator
        """Return the passkey that was used. Raises ValidationError when there is none such."""
        try:
            with _nonsense_is_refused():
                return super().clean_credential()  # type: ignore[misc] # of the form that this is mixed into
        except ValidationError as error:
            if error.code == _REFUSED and self.user is not None:
                authentication_failed.send(
                    sender=Authenticator,
                    request=context.request,
                    user=self.user,
                    authenticator=Authenticator(user=self.user, type=Authenticator.Type.WEBAUTHN),
                    reauthentication=self.reauthenticated,
                )
            raise


class SignInForm(_CredentialIsChecked, LoginWebAuthnForm):
    """Takes a passkey in place of address and password."""


class SecondFactorForm(_CredentialIsChecked, AuthenticateWebAuthnForm):
    """Takes a passkey after the password."""


class ReauthenticateForm(_CredentialIsChecked, AllauthReauthenticateForm):
    """Takes a passkey before something that matters."""
