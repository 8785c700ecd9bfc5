"""What pages call the kinds of networks and the marks of an address."""

from collections.abc import Sequence

from litesoc_server.events.event import NetworkKind

_WORDS = {
    NetworkKind.TOR: "Tor",
    NetworkKind.RELAY: "privacy relay",
    NetworkKind.VPN: "VPN",
    NetworkKind.PROXY: "proxy",
    NetworkKind.GATEWAY: "company gateway",
    NetworkKind.SATELLITE: "satellite",
    NetworkKind.MOBILE: "mobile",
    NetworkKind.ISP: "home or office",
    NetworkKind.HOSTING: "data centre",
}
_COLOURS = {
    NetworkKind.TOR: "critical",
    NetworkKind.VPN: "medium",
    NetworkKind.PROXY: "medium",
    NetworkKind.HOSTING: "medium",
}
# Where a person is seldom. Among many events only these are named.
_TELLING = frozenset({NetworkKind.TOR, NetworkKind.RELAY, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.HOSTING})


def network_word(kind: str) -> str:
    """Return the word for a kind of network as events carry it ("isp"); one that is not known any more stays as it is."""
    return _WORDS[NetworkKind(kind)] if kind in _WORDS else kind


def network_colour(kind: str) -> str:
    """Return the colour of a network's badge, the name of a severity; "" for none."""
    return _COLOURS[NetworkKind(kind)] if kind in _COLOURS else ""


def is_telling(kind: str) -> bool:
    """Return whether a kind of network says something about who is behind it."""
    return kind in _TELLING


def network_name(kind: str | None, provider: str | None) -> str:
    """Return the kind of a network and who runs it, each once: "VPN · Mullvad", "Tor"; "" when nothing is known."""
    word = network_word(kind) if kind else ""
    return " · ".join(filter(None, (word, "" if provider is None or provider.lower() == word.lower() else provider)))


def further_marks(marks: Sequence[str], kind: str | None) -> Sequence[str]:
    """Return the marks of an address that its kind of network does not say."""
    return [mark for mark in marks if kind is None or mark != network_word(kind)]
