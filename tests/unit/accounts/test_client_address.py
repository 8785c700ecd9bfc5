import pytest

from litesoc_server.accounts.client_address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "count", "expected"),
    [
        ("198.51.100.1", "6.6.6.6", 0, "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("198.51.100.1", "203.0.113.9", 2, "198.51.100.1"),
        ("198.51.100.1", "", 1, "198.51.100.1"),
        ("198.51.100.1", "nonsense", 1, "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::9]:4711", 1, "2001:db8::9"),
        ("127.0.0.1", "2001:DB8::9", 1, "2001:db8::9"),
        (None, "", 0, "0.0.0.0"),
        ("testclient", "", 0, "0.0.0.0"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    peer: str | None, forwarded_for: str, count: int, expected: str
) -> None:
    assert client_address(peer=peer, forwarded_for=forwarded_for, trusted_proxy_count=count) == expected
