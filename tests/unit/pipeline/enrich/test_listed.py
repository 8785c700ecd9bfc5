"""Lists of ranges laid over each other, against the plain way of asking each network."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.listed import ListedRanges, Listing, NamedList
from litesoc_server.pipeline.enrich.range_list import Label, build_list

LABELS = (Label(NetworkKind.VPN, "one"), Label(NetworkKind.HOSTING, "two"), Label(NetworkKind.TOR))
Network = IPv4Network | IPv6Network

# Few bits vary, so that networks nest, touch and reach the ends of the address space.
v4_networks = st.builds(
    lambda bits, length: IPv4Network(((bits >> (32 - length) << (32 - length)) if length else 0, length)),
    st.sampled_from([0, 0x01000000, 0x01000001, 0x01000080, 0x01000100, 0xFFFFFF00, 0xFFFFFFFF]),
    st.sampled_from([0, 1, 8, 22, 24, 25, 31, 32]),
)
v6_networks = st.builds(
    lambda bits, length: IPv6Network(((bits >> (128 - length) << (128 - length)) if length else 0, length)),
    st.sampled_from([0, 1, 1 << 64, (1 << 64) + 256, 0x20010DB8 << 96, (1 << 128) - 1]),
    st.sampled_from([0, 3, 32, 48, 63, 64, 65, 120, 127, 128]),
)
entries = st.lists(st.tuples(v4_networks | v6_networks, st.integers(0, 2)), max_size=12)
addresses = st.one_of(
    st.sampled_from(
        [0, 1, 0x00FFFFFF, 0x01000000, 0x01000001, 0x0100007F, 0x010000FF, 0x01000100, 0xFFFFFFFE, 0xFFFFFFFF]
    ).map(IPv4Address),
    st.sampled_from([0, 1, (1 << 64) - 1, 1 << 64, (1 << 64) + 256, (0x20010DB8 << 96) + 5, (1 << 128) - 1]).map(
        IPv6Address
    ),
)


def expected(network_lists: list[list[tuple[Network, int]]], address: IPv4Address | IPv6Address) -> tuple[Listing, ...]:
    found = []
    for number, networks in enumerate(network_lists):
        around = [(network, label) for network, label in networks if address in network]
        if around:
            label = max(around, key=lambda pair: pair[0].prefixlen)[1]  # max() keeps the first of equal ones
            found.append(Listing(LABELS[label], f"list {number}"))
    return tuple(found)


@given(st.lists(entries, max_size=3), addresses)
def test_one_search_finds_what_every_list_says(network_lists: list[list[tuple[Network, int]]], address: IPv4Address) -> None:
    lists = [NamedList(f"list {number}", build_list(LABELS, networks)) for number, networks in enumerate(network_lists)]
    assert ListedRanges(lists).find(address) == expected(network_lists, address)


@given(entries)
def test_the_ranges_of_a_list_are_sorted_and_do_not_overlap(networks: list[tuple[Network, int]]) -> None:
    built = build_list(LABELS, networks)
    for ranges in (built.v4, built.v6):
        first, last = ranges.first.tolist(), ranges.last.tolist()
        assert all(start <= end for start, end in zip(first, last, strict=True))
        assert all(end < start for end, start in zip(last, first[1:], strict=False))


@pytest.mark.parametrize(("version", "kinds"), [(4, {NetworkKind.VPN}), (6, {NetworkKind.TOR})])
def test_what_the_lists_know_of_is_told_per_family(version: int, kinds: set[NetworkKind]) -> None:
    built = build_list(LABELS, [(IPv4Network("198.51.100.0/24"), 0), (IPv6Network("2001:db8::/32"), 2)])
    assert ListedRanges([NamedList("test", built)]).known_kinds(version) == kinds
    assert ListedRanges([]).known_kinds(version) == set()
