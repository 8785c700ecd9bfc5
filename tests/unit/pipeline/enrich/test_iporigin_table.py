"""The table of the library iporigin, against the library's own answers."""

from datetime import date
from ipaddress import ip_address
from pathlib import Path

import iporigin
import pytest

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.iporigin_table import SOURCE, default_path, read_iporigin
from litesoc_server.pipeline.enrich.listed import ListedRanges, NamedList
from litesoc_server.pipeline.enrich.packed import IpDataError

ADDRESSES = [
    "52.95.110.1",
    "8.8.8.8",
    "185.220.101.5",
    "193.138.218.74",
    "18.9.22.169",
    "2600:1f18::1",
    "2a01:4f8::1",
    "2003::1",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_the_same_provider_as_the_library_says(text: str) -> None:
    table = read_iporigin()
    listings = ListedRanges([NamedList(SOURCE, table.ranges)]).find(ip_address(text))
    assert [listing.label.provider for listing in listings] == [name for name in [iporigin.classify(text).provider] if name]


def test_apples_relay_is_a_relay_and_no_vpn() -> None:
    labels = {label.provider: label.kind for label in read_iporigin().ranges.labels}
    assert labels["Apple Private Relay"] is NetworkKind.RELAY
    assert labels["Mullvad"] is NetworkKind.VPN


def test_the_table_says_when_it_was_made() -> None:
    assert read_iporigin().data_date >= date(2026, 1, 1)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IpDataError, match="install the package again"):
        read_iporigin(tmp_path / "ranges.bin")


@pytest.mark.parametrize("change", ["cut", "magic", "version", "empty"])
def test_a_damaged_table_is_refused(tmp_path: Path, change: str) -> None:
    content = default_path().read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "magic": b"X" + content[1:],
        "version": content[:8] + b"\xff" + content[9:],
        "empty": b"",
    }
    path = tmp_path / "ranges.bin"
    path.write_bytes(damaged[change])
    with pytest.raises(IpDataError, match="cannot be used"):
        read_iporigin(path)
