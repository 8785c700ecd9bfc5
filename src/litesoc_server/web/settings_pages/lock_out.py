"""Whom an IP allow-list would keep out, in words."""

from dataclasses import dataclass

from litesoc_server.apikeys.allow_lists import WouldLockOut


@dataclass(frozen=True)
class LockedOutRow:
    """One address that is in use and not on the list."""

    address: str
    who: str


def rows_of(error: WouldLockOut) -> list[LockedOutRow]:
    """Return them as the page shows them."""
    return [
        LockedOutRow(
            one.address, "you, at this moment" if one.key is None else f"the key “{one.key.name}” was used from there"
        )
        for one in error.locked_out
    ]
