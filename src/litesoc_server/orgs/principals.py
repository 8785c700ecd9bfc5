"""Who did something: as they call themselves, and as we know them."""

from dataclasses import dataclass

from litesoc_server.audit.by import By

NAME_LENGTH_MAX = 255  # characters of how somebody calls themselves
KEY_PREFIX = "key:"  # of a principal that is an API key


@dataclass(frozen=True, kw_only=True)
class Who:
    """Somebody who acts."""

    by: str
    principal: str  # "key:<id>", "user:<id>", or "operator" for the command line
    acting: By | None = None  # as the audit log knows them, with where from; None where there is nothing more to know

    @property
    def audit_by(self) -> By:
        """Who acts, as the audit log records it."""
        return self.acting or By(principal=self.principal, name=self.by)
