"""What people call the kinds of networks."""

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


def network_word(kind: str) -> str:
    """Return the word for a kind of network as events carry it ("isp"); one that is not known any more stays as it is."""
    return _WORDS[NetworkKind(kind)] if kind in _WORDS else kind


def network_name(kind: str | None, provider: str | None) -> str:
    """Return the kind of a network and who runs it, each once: "VPN · Mullvad", "Tor"; "" when nothing is known."""
    word = network_word(kind) if kind else ""
    return " · ".join(filter(None, (word, "" if provider is None or provider.lower() == word.lower() else provider)))
