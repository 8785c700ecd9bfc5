"""Who did something: as they call themselves, and as we know them."""

from dataclasses import dataclass

NAME_LENGTH_MAX = 255  # characters of how somebody calls themselves
KEY_PREFIX = "key:"  # of a principal that is an API key


@dataclass(frozen=True, kw_only=True)
class Who:
    """Somebody who acts."""

    by: str
    principal: str  # "key:<id>", "user:<id>", or "operator" for the command line
