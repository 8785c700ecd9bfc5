"""Who acted and on what, as the audit log records it."""

import re
from dataclasses import dataclass
from typing import Self

_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
_KIND = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, kw_only=True)
class By:
    """Who acted. The principal stays in clear for good; name, address and user agent can be erased."""

    principal: str  # "user:<id>", "key:<id>", "operator" (the command line), "system", or "anonymous"
    name: str | None  # a person's e-mail address, a key's name (personal data)
    address: str | None = None  # the client's (personal data)
    user_agent: str | None = None  # (personal data)

    @classmethod
    def operator(cls) -> Self:
        """Return whoever has the machine: acts on the command line."""
        return cls(principal="operator", name=None)

    @classmethod
    def system(cls) -> Self:
        """Return the server itself: acts in the background."""
        return cls(principal="system", name=None)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What was acted on. ``kind`` and ``id`` stay in clear for good, ``name`` can be erased.

    So an id is one that we made; what a person brought along (an e-mail address, an actor, an IP address) is a name.
    """

    kind: str  # a noun of docs/glossary.md: "member", "api_key", "alert", …
    id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for what is no kind, or no id of ours."""
        if not _KIND.fullmatch(self.kind):
            raise ValueError("a kind is a word in small letters")
        if self.id is not None and not _ID.fullmatch(self.id):
            raise ValueError("an id is one that we made; what comes from outside is a name")
