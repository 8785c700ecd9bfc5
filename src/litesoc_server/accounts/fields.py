"""Model fields that know something about accounts."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    _TextEmailField = models.EmailField[str, str]
else:
    _TextEmailField = models.EmailField


class LowerCaseEmailField(_TextEmailField):
    """An e-mail address that is stored, compared and unique in lower case, whatever its writer typed."""

    def get_prep_value(self, value: object) -> str | None:
        """Return ``value`` as it goes into a row or a comparison."""
        return None if value is None else str(value).strip().lower()

    def to_python(self, value: object) -> str | None:
        """Return ``value`` as it comes out of a form."""
        return self.get_prep_value(value)
