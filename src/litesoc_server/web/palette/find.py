"""Everything that a few letters lead to."""

from dataclasses import dataclass, field

from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.member import Member
from litesoc_server.web.palette import commands, things
from litesoc_server.web.palette.entry import Entry, Group

TEXT_LENGTH_MAX = 1_000  # characters
DETECTORS_MAX = 5


@dataclass
class Found:
    """What the palette shows for one text."""

    groups: list[Group] = field(default_factory=list)
    is_incomplete: bool = False  # the event store does not answer: actors, addresses and events are left out

    def add(self, title: str, entries: list[Entry]) -> None:
        """Add a group, unless there is nothing in it."""
        if entries:
            self.groups.append(Group(title, entries))


def find(member: Member, typed: str) -> Found:
    """Return what ``typed`` leads to; pages and actions when it is empty."""
    text = typed.strip()[:TEXT_LENGTH_MAX].replace("\0", "")
    found = Found()
    found.add("Pages", commands.matching(commands.pages(member), text))
    if text:
        found.add("Alerts", list(things.alerts(member, text)))
        _add_from_store(found, member, text)
        found.add("Detections", commands.matching(commands.detectors(member), text)[:DETECTORS_MAX])
    found.add("Actions", commands.matching(commands.actions(member), text))
    if text:
        found.add("Search", [commands.search(member, text)])
    return found


def _add_from_store(found: Found, member: Member, text: str) -> None:
    try:
        found.add("Events", list(things.events(member, text)))
        found.add("Addresses", list(things.addresses(member, text)))
        found.add("Actors", list(things.actors(member, text)))
    except StoreUnavailable:
        found.is_incomplete = True
