"""What the kind of a network says about who is behind it."""

from litesoc_server.events.event import Network, NetworkKind

# Behind these the place of an address is not that of its user.
_HIDING = frozenset(
    {
        NetworkKind.TOR,
        NetworkKind.RELAY,
        NetworkKind.VPN,
        NetworkKind.PROXY,
        NetworkKind.GATEWAY,
        NetworkKind.SATELLITE,
        NetworkKind.HOSTING,
    }
)


def kind_of(network: Network | None) -> NetworkKind | None:
    """Return the kind of a network, from its flags where only they are known; None when nothing is."""
    if network is None:
        return None
    kind = network.kind
    if kind is not None:
        return kind
    if network.is_tor:
        kind = NetworkKind.TOR
    elif network.is_relay:
        kind = NetworkKind.RELAY
    elif network.is_vpn:
        kind = NetworkKind.VPN
    elif network.is_proxy:
        kind = NetworkKind.PROXY
    elif network.is_datacenter:
        kind = NetworkKind.HOSTING
    elif network.is_mobile:
        kind = NetworkKind.MOBILE
    return kind


def hides_its_user(network: Network | None) -> bool:
    """Return whether the place of a network's addresses says nothing about where their users are."""
    if network is None:
        return False
    return (
        network.special is not None
        or kind_of(network) in _HIDING
        or bool(network.is_tor or network.is_relay or network.is_vpn or network.is_proxy or network.is_datacenter)
    )


def is_mobile(network: Network | None) -> bool:
    """Return whether it is a mobile carrier's: its addresses stand for wherever its gateways are."""
    return network is not None and (network.kind is NetworkKind.MOBILE or bool(network.is_mobile))
