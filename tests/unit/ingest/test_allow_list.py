from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.ingest.allow_list import (
    ENTRIES_MAX,
    TEXT_LENGTH_MAX,
    AllowListInvalid,
    parse_allow_list,
    stored_allow_list,
)

TEXT = """# offices
203.0.113.7        # Oslo

198.51.100.0/24
2001:db8:1::/48 # data centre
::ffff:192.0.2.9
::ffff:192.0.2.128/121
"""


@pytest.mark.parametrize(
    ("address", "is_included"),
    [
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("203.0.113.6", False),
        ("198.51.100.0", True),
        ("198.51.100.255", True),
        ("198.51.101.0", False),
        ("2001:db8:1::", True),
        ("2001:db8:1:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db8:2::", False),
        ("192.0.2.9", True),
        ("192.0.2.200", True),
        ("192.0.2.127", False),
        ("::cb00:7107", False),  # the number of 203.0.113.7, in the other family
        (None, False),
    ],
)
def test_what_the_lines_say_is_allowed(address: str | None, is_included: bool) -> None:
    assert parse_allow_list(TEXT).includes(address) is is_included


def test_an_empty_list_allows_nothing() -> None:
    assert not parse_allow_list("# nobody yet\n").includes("203.0.113.7")
    assert parse_allow_list(TEXT).entry_count == 5


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("203.0.113.7/24", "write 203.0.113.0/24 for the range or 203.0.113.7 for the address"),
        ("2001:db8::1/32", "write 2001:db8::/32"),
        ("203.0.113", "neither an address nor a range"),
        ("shop.example", "neither an address nor a range"),
        ("203.0.113.7, 203.0.113.8", "neither an address nor a range"),
        ("203.0.113.0/33", "neither an address nor a range"),
        ("203.0.113.007", "neither an address nor a range"),
    ],
)
def test_mistakes_name_their_line(entry: str, words: str) -> None:
    with pytest.raises(AllowListInvalid) as raised:
        parse_allow_list(f"# list\n203.0.113.1\n{entry}\n")
    (problem,) = raised.value.problems
    assert problem.line == 3
    assert words in problem.text


def test_everything_has_a_ceiling() -> None:
    lines = [f"10.0.{number // 256}.{number % 256}" for number in range(ENTRIES_MAX)]
    assert parse_allow_list("\n".join(lines)).includes("10.0.3.231")
    with pytest.raises(AllowListInvalid, match=f"line {ENTRIES_MAX + 1}"):
        parse_allow_list("\n".join([*lines, "10.1.0.0"]))
    with pytest.raises(AllowListInvalid, match="longer than 64 KiB"):
        parse_allow_list("#" * (TEXT_LENGTH_MAX + 1))
    with pytest.raises(AllowListInvalid) as raised:
        parse_allow_list("nonsense\n" * 50)
    assert len(raised.value.problems) == 10


def test_a_stored_list_that_cannot_be_read_allows_nothing() -> None:
    assert not stored_allow_list("203.0.113.7\nnonsense").includes("203.0.113.7")
    assert stored_allow_list(TEXT) is stored_allow_list(TEXT)


NETWORKS = st.builds(
    lambda number, length: IPv4Network((number, length), strict=False), st.integers(0, 2**32 - 1), st.integers(8, 32)
) | st.builds(
    lambda number, length: IPv6Network((number, length), strict=False), st.integers(0, 2**128 - 1), st.integers(16, 128)
)


@given(networks=st.lists(NETWORKS, max_size=20), offset=st.integers(-2, 2), data=st.data())
def test_it_agrees_with_asking_every_line(
    networks: list[IPv4Network | IPv6Network], offset: int, data: st.DataObject
) -> None:
    """At the edges of the ranges, where mistakes would be."""
    text = "\n".join(map(str, networks))
    if networks:
        near = data.draw(st.sampled_from(networks))
        edge = data.draw(st.sampled_from([near.network_address, near.broadcast_address]))
        number = min(max(int(edge) + offset, 0), 2**edge.max_prefixlen - 1)
        address = type(edge)(number)
    else:
        address = ip_address("203.0.113.7")
    mapped = getattr(address, "ipv4_mapped", None) or address
    expected = any(mapped in network for network in map(ip_network, map(str, networks)))
    if not any(network.version == 6 and network.overlaps(IPv6Network("::ffff:0:0/96")) for network in networks):
        assert parse_allow_list(text).includes(str(mapped)) is expected
