"""Published lists to networks; hostile and broken ones are refused."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.pipeline.enrich.update import parsers
from litesoc_server.pipeline.enrich.update.errors import UpdateError
from litesoc_server.pipeline.enrich.update.parsers import Parser, read_networks

AWS = (
    b'{"syncToken": "1", "createDate": "x", "prefixes": [{"ip_prefix": "3.5.140.0/22", "region": "ap"}],'
    b' "ipv6_prefixes": [{"ipv6_prefix": "2600:1f18::/36", "service": "EC2"}]}'
)
GOOGLE = b'{"prefixes": [{"ipv4Prefix": "34.1.208.0/20", "scope": "x"}, {"ipv6Prefix": "2600:1900:8000::/44"}]}'
AZURE = b'{"values": [{"name": "A", "properties": {"addressPrefixes": ["4.145.74.52/30", "2603:1000::/47"]}}]}'
ORACLE = b'{"regions": [{"region": "x", "cidrs": [{"cidr": "129.146.0.0/21", "tags": ["OCI"]}]}]}'


@pytest.mark.parametrize(
    ("parse", "content", "expected"),
    [
        (parsers.lines, b"# list\n5.5.5.5\n\n9.9.9.0/24 # two\r\n2a00::/32\n", ["5.5.5.5", "9.9.9.0/24", "2a00::/32"]),
        (parsers.first_column, b'5.5.5.0/24,US,US-CA,"Los Angeles, x",\n2a00::/64,,,,\n', ["5.5.5.0/24", "2a00::/64"]),
        (parsers.aws, AWS, ["3.5.140.0/22", "2600:1f18::/36"]),
        (parsers.google, GOOGLE, ["34.1.208.0/20", "2600:1900:8000::/44"]),
        (parsers.azure, AZURE, ["4.145.74.52/30", "2603:1000::/47"]),
        (parsers.oracle, ORACLE, ["129.146.0.0/21"]),
    ],
)
def test_each_format(parse: Parser, content: bytes, expected: list[str]) -> None:
    assert list(parse(content)) == expected


def test_networks_of_several_files_are_merged() -> None:
    networks = read_networks([b"5.5.5.0/25\n5.5.5.128/25\n5.5.5.7\n", b"2a00::/33\n2a00:0:8000::/33\n"], parsers.lines)
    assert networks == [ip_network("5.5.5.0/24"), ip_network("2a00::/32")]


@pytest.mark.parametrize(
    "entry", ["0.0.0.0/0", "::/0", "10.0.0.0/8", "127.0.0.1", "8.0.0.0/7", "2000::/3", "nonsense", "5.5.5.5/33"]
)
def test_an_entry_that_no_list_should_have_is_passed_over(entry: str) -> None:
    good = "".join(f"5.{number}.0.1\n" for number in range(0, 200, 2))
    networks = read_networks([f"{good}{entry}\n".encode()], parsers.lines)
    assert len(networks) == 100


@pytest.mark.parametrize("content", [b"<html><body>Sign in</body></html>", b"\x00\xff" * 1000, b"5.5.5.5\nwhat is this\n"])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(UpdateError, match="no usable networks"):
        read_networks([content], parsers.lines)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"prefixes": 5}', b'{"prefixes": [', b"[" * 100_000])
@pytest.mark.parametrize("parse", [parsers.aws, parsers.google, parsers.azure, parsers.oracle])
def test_json_of_another_shape_is_refused(parse: Parser, content: bytes) -> None:
    with pytest.raises(UpdateError, match="not in the format"):
        read_networks([content], parse)


def test_a_list_with_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers, "NETWORKS_MAX", 10)
    with pytest.raises(UpdateError, match="more than 10 networks"):
        read_networks([b"5.5.5.5\n" * 11], parsers.lines)


def test_a_quoted_field_without_an_end_is_refused_or_read_in_bounds() -> None:
    with pytest.raises(UpdateError):
        read_networks([b'"' + b"x" * 1_000_000 + b"\n" + b"y\n" * 200_000], parsers.first_column)


@given(st.binary(max_size=300), st.sampled_from([parsers.lines, parsers.first_column, parsers.aws, parsers.google]))
def test_no_content_does_more_than_be_refused(content: bytes, parse: Parser) -> None:
    try:
        networks = read_networks([content], parse)
    except UpdateError:
        return
    assert all(network.prefixlen >= 8 for network in networks)
