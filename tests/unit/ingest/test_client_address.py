from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.ingest.client_address import ADDRESS_LENGTH_MAX, IGNORED, canonical_address, client_address

ADDRESSES = st.ip_addresses()
TYPED = st.text(st.characters(exclude_characters="\r\n", codec="latin-1"), max_size=200)  # what a client may put there


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "count", "expected"),
    [
        ("198.51.100.1", "6.6.6.6", 0, "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("198.51.100.1", "203.0.113.9", 2, "198.51.100.1"),
        ("198.51.100.1", "", 1, "198.51.100.1"),
        ("198.51.100.1", "nonsense", 1, "198.51.100.1"),
        ("198.51.100.1", "203.0.113.9,", 1, "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::9]:4711", 1, "2001:db8::9"),
        ("127.0.0.1", "[2001:db8::9]", 1, "2001:db8::9"),
        ("127.0.0.1", "2001:DB8::9", 1, "2001:db8::9"),
        ("127.0.0.1", "::ffff:203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "[::ffff:cb00:7109]:80", 1, "203.0.113.9"),
        ("::ffff:198.51.100.1", "", 0, "198.51.100.1"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
        (None, "203.0.113.9", 1, "203.0.113.9"),
        (None, "203.0.113.9", 0, None),
        (None, "", 0, None),
        ("testclient", "", 0, None),
        ("unix:", "", 0, None),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    peer: str | None, forwarded_for: str, count: int, expected: str | None
) -> None:
    assert client_address(peer=peer, forwarded_for=forwarded_for, trusted_proxy_count=count) == expected


@given(forged=TYPED, client=ADDRESSES, proxies=st.lists(ADDRESSES, min_size=1, max_size=4))
def test_what_a_client_sends_itself_never_wins(
    forged: str, client: IPv4Address | IPv6Address, proxies: list[IPv4Address | IPv6Address]
) -> None:
    """Each proxy appends who connected to it: the first one the client, every other one its neighbour."""
    written = ", ".join([forged, str(client), *map(str, proxies[:-1])])
    found = client_address(peer=str(proxies[-1]), forwarded_for=written, trusted_proxy_count=len(proxies))
    assert found == canonical_address(str(client))


@given(forged=TYPED, peer=ADDRESSES)
def test_without_trusted_proxies_only_the_connection_counts(forged: str, peer: IPv4Address | IPv6Address) -> None:
    assert client_address(peer=str(peer), forwarded_for=forged, trusted_proxy_count=0) == canonical_address(str(peer))


@given(forged=TYPED, count=st.integers(1, 5))
def test_whatever_is_sent_the_answer_is_an_address_or_none(forged: str, count: int) -> None:
    found = client_address(peer=None, forwarded_for=forged, trusted_proxy_count=count)
    assert found is None or str(ip_address(found)) == found


def test_long_texts_are_neither_read_nor_remembered() -> None:
    before = canonical_address.cache_info().misses
    long = "1" * (ADDRESS_LENGTH_MAX + 1)
    assert client_address(peer="198.51.100.1", forwarded_for=long, trusted_proxy_count=1) == "198.51.100.1"
    assert canonical_address.cache_info().misses <= before + 1


def test_a_header_that_nobody_is_trusted_with_is_noticed() -> None:
    IGNORED.was_sent = False
    client_address(peer="198.51.100.1", forwarded_for="", trusted_proxy_count=0)
    client_address(peer="198.51.100.1", forwarded_for="203.0.113.9", trusted_proxy_count=1)
    assert not IGNORED.was_sent
    client_address(peer="198.51.100.1", forwarded_for="203.0.113.9", trusted_proxy_count=0)
    assert IGNORED.was_sent
    IGNORED.was_sent = False
