"""How pages show the kinds of networks and the marks of an address."""

from collections.abc import Sequence

from litesoc_server.events.event import NetworkKind
from litesoc_server.events.network_words import network_word

_COLOURS = {
    NetworkKind.TOR: "critical",
    NetworkKind.VPN: "medium",
    NetworkKind.PROXY: "medium",
    NetworkKind.HOSTING: "medium",
}
# Where a person is seldom. Among many events only these are named.
_TELLING = frozenset({NetworkKind.TOR, NetworkKind.RELAY, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.HOSTING})


def network_colour(kind: str) -> str:
    """Return the colour of a network's badge, the name of a severity; "" for none."""
    return _COLOURS[NetworkKind(kind)] if kind in _COLOURS else ""


def is_telling(kind: str) -> bool:
    """Return whether a kind of network says something about who is behind it."""
    return kind in _TELLING


def further_marks(marks: Sequence[str], kind: str | None) -> Sequence[str]:
    """Return the marks of an address that its kind of network does not say."""
    return [mark for mark in marks if kind is None or mark != network_word(kind)]
