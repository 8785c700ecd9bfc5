"""Who did something: as they call themselves, and as we know them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Who:
    """Somebody who acts."""

    by: str
    principal: str  # "key:<id>", "user:<id>", or "operator" for the command line
