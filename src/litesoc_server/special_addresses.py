"""Special-purpose addresses: which class an address is in, and which address to look up in its place.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries, the IPv6 Global Unicast Address Assignments and RFC 6890
with its updates; as of November 2026. ``ipaddress.is_global`` of Python 3.11 disagrees with them for several ranges.
"""

from bisect import bisect_right
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

# Blocks of their own that the registries list but that are announced and reachable as usual (AS112, AMT) are left out: they
# can be looked up like any other.
SPECIAL_RANGES: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "reserved"),  # RFC 791, "this network"
    ("0.0.0.0/32", "unspecified"),
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("100.64.0.0/10", "cgnat"),  # RFC 6598
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link_local"),  # RFC 3927
    ("172.16.0.0/12", "private"),  # RFC 1918
    ("192.0.0.0/24", "reserved"),  # RFC 6890, protocol assignments
    ("192.0.2.0/24", "documentation"),  # RFC 5737
    ("192.88.99.0/24", "reserved"),  # RFC 7526, former 6to4 relay anycast
    ("192.168.0.0/16", "private"),  # RFC 1918
    ("198.18.0.0/15", "benchmark"),  # RFC 2544
    ("198.51.100.0/24", "documentation"),  # RFC 5737
    ("203.0.113.0/24", "documentation"),  # RFC 5737
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("240.0.0.0/4", "reserved"),  # RFC 1112
    ("255.255.255.255/32", "broadcast"),
    ("::/3", "reserved"),  # RFC 4291; what may be used of it follows
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "private"),  # RFC 8215, translation inside one network
    ("2001::/23", "reserved"),  # RFC 2928, protocol assignments: ORCHID, drone identifiers, …
    ("2001:2::/48", "benchmark"),  # RFC 5180
    ("2001:db8::/32", "documentation"),  # RFC 3849
    ("3000::/4", "reserved"),  # not assigned to any registry
    ("3fff::/20", "documentation"),  # RFC 9637
    ("4000::/2", "reserved"),  # RFC 4291
    ("8000::/2", "reserved"),
    ("c000::/3", "reserved"),
    ("e000::/4", "reserved"),
    ("f000::/5", "reserved"),
    ("f800::/6", "reserved"),
    ("fc00::/7", "private"),  # RFC 4193
    ("fe00::/9", "reserved"),
    ("fe80::/10", "link_local"),  # RFC 4291
    ("fec0::/10", "private"),  # RFC 3879, former site-local
    ("ff00::/8", "multicast"),  # RFC 4291
)

_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64, RFC 6052
_TUNNELLED_6TO4 = IPv6Network("2002::/16")  # RFC 3056
_TUNNELLED_TEREDO = IPv6Network("2001::/32")  # RFC 4380


class LookUp(msgspec.Struct, frozen=True, gc=False):
    """What to do about one address: nothing (``special`` says why), or look up ``address``."""

    special: str | None  # class of the range, None for ordinary global addresses
    address: IPv4Address | IPv6Address  # the IPv4 address inside, for mapped, translated and tunnelled ones


def plan_look_up(text: str) -> LookUp:
    """Return what to look up for an address in text form (a zone id is passed over). Raises ValueError if it is none."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = _inner_ipv4(address) or address
    starts, classes = _TABLE_4 if isinstance(address, IPv4Address) else _TABLE_6
    return LookUp(classes[bisect_right(starts, int(address)) - 1], address)


def _inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    value = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(value & 0xFFFF_FFFF)
    if address in _TUNNELLED_6TO4:
        return IPv4Address(value >> 80 & 0xFFFF_FFFF)
    if address in _TUNNELLED_TEREDO:
        return IPv4Address(~value & 0xFFFF_FFFF)  # RFC 4380 section 4: the client's address with every bit inverted
    return None


def _flatten(networks: list[tuple[IPv4Network | IPv6Network, str]]) -> tuple[list[int], list[str | None]]:
    """Return starts of ranges and the class of each, gaps included; where networks nest, the smaller one counts."""
    edges = {0}
    for network, _ in networks:
        edges.add(int(network.network_address))
        edges.add(int(network.broadcast_address) + 1)
    starts = sorted(edges)
    classes: list[str | None] = [None] * len(starts)
    for network, name in sorted(networks, key=lambda pair: pair[0].prefixlen):
        first, last = int(network.network_address), int(network.broadcast_address)
        for position, start in enumerate(starts):
            if first <= start <= last:
                classes[position] = name
    return starts, classes


_NETWORKS = [(ip_network(network), name) for network, name in SPECIAL_RANGES]
_TABLE_4 = _flatten([pair for pair in _NETWORKS if isinstance(pair[0], IPv4Network)])
_TABLE_6 = _flatten([pair for pair in _NETWORKS if isinstance(pair[0], IPv6Network)])
