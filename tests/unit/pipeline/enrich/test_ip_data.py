"""Packed data in, places and networks out; and what happens when the cache or the packed file is damaged."""

import lzma
import os
import time
from datetime import date
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from litesoc_server.events.event import Geo, Network
from litesoc_server.pipeline.enrich.asn import ASN_DATASET, AsnFinder
from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.place import CITY_DATASET, PlaceFinder
from litesoc_server.pipeline.enrich.unpacked import Dataset, open_dataset
from packed_ip_data import write_asn_data, write_city_data

BERGEN = Geo("NO", "Vestland", "Bergen", 60.39, 5.32, "Europe/Oslo")
NOWHERE = Geo(None, None, None, 0.0, 0.0, None)
CAPE_HORN = Geo("CL", None, None, -55.98, -67.27, "America/Punta_Arenas")
PLACES = [
    ("NO", "Vestland", "Bergen", "Europe/Oslo", 6039, 532),
    ("ZZ", "", "", "", 0, 0),
    ("CL", "", "", "America/Punta_Arenas", -5598, -6727),
]
PLACE_RANGES = {"0.0.0.0": 0, "5.0.0.0": 1, "5.0.1.0": 2, "200.0.0.0": 3, "::": 0, "2a00::": 1, "2a00:0:0:1::": 0}
NETWORKS = [(0, ""), (64496, "Fjord Net AS"), (4_200_000_000, "")]
NETWORK_RANGES = {"0.0.0.0": 0, "5.0.0.0": 1, "6.0.0.0": 2, "7.0.0.0": 0, "::": 0, "2a00::": 1}


@pytest.fixture
def city(tmp_path: Path) -> Dataset:
    directory = tmp_path / "package"
    write_city_data(directory / "places-2026-09.ipc.xz", PLACES, PLACE_RANGES)
    return msgspec.structs.replace(CITY_DATASET, directory=directory)


@pytest.fixture
def asn(tmp_path: Path) -> Dataset:
    directory = tmp_path / "package"
    write_asn_data(directory / "networks-2026-09-16.ipa.xz", NETWORKS, NETWORK_RANGES)
    return msgspec.structs.replace(ASN_DATASET, directory=directory)


class Report:
    def __init__(self) -> None:
        self.shares: list[float] = []

    def __call__(self, kind: str, share: float) -> None:
        assert kind in ("city", "asn")
        self.shares.append(share)


def places(city: Dataset, data_dir: Path, report: Report | None = None) -> PlaceFinder:
    return PlaceFinder(open_dataset(city, data_dir, report or Report()))


def cache_of(data_dir: Path) -> Path:
    (folder,) = (data_dir / "ipdata").iterdir()
    return folder


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("4.255.255.255", None),
        ("5.0.0.0", BERGEN),
        ("5.0.0.255", BERGEN),
        ("5.0.1.0", NOWHERE),
        ("199.255.255.255", NOWHERE),
        ("200.0.0.0", CAPE_HORN),
        ("223.255.255.255", CAPE_HORN),
        ("29ff:ffff::", None),
        ("2a00::", BERGEN),
        ("2a00::ffff:ffff:ffff:ffff", BERGEN),
        ("2a00:0:0:1::", None),
    ],
)
def test_places(city: Dataset, tmp_path: Path, address: str, place: Geo | None) -> None:
    assert places(city, tmp_path).find(ip_address(address)) == place


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("4.255.255.255", None),
        ("5.255.255.255", Network(asn=64496, as_org="Fjord Net AS")),
        ("6.0.0.0", Network(asn=4_200_000_000)),
        ("7.0.0.0", None),
        ("2a00::1", Network(asn=64496, as_org="Fjord Net AS")),
    ],
)
def test_networks(asn: Dataset, tmp_path: Path, address: str, network: Network | None) -> None:
    assert AsnFinder(open_dataset(asn, tmp_path, Report())).find(ip_address(address)) == network


def test_the_packed_file_is_unpacked_once(city: Dataset, tmp_path: Path) -> None:
    first, second = Report(), Report()
    places(city, tmp_path, first)
    assert first.shares[-1] == 1.0
    assert first.shares == sorted(first.shares)
    made_at = (cache_of(tmp_path) / "manifest.json").stat().st_mtime_ns
    assert places(city, tmp_path, second).find(ip_address("5.0.0.1")) == BERGEN
    assert second.shares == []
    assert (cache_of(tmp_path) / "manifest.json").stat().st_mtime_ns == made_at


def test_both_kinds_live_side_by_side_and_newer_data_replaces_older(city: Dataset, asn: Dataset, tmp_path: Path) -> None:
    places(city, tmp_path)
    open_dataset(asn, tmp_path, Report())
    write_city_data(city.directory / "places-2026-10.ipc.xz", PLACES[2:], {"0.0.0.0": 1, "::": 1})
    assert places(city, tmp_path).find(ip_address("5.0.0.1")) == CAPE_HORN
    names = sorted(folder.name.rpartition("-")[0] for folder in (tmp_path / "ipdata").iterdir())
    assert names == ["asn-networks-2026-09-16", "city-places-2026-10"]


@pytest.mark.parametrize("array", ["v4_start", "place_latitude", "city_text"])
@pytest.mark.parametrize("damage", ["cut", "zeroed", "removed"])
def test_a_damaged_cache_is_made_anew(city: Dataset, tmp_path: Path, array: str, damage: str) -> None:
    places(city, tmp_path)
    path = cache_of(tmp_path) / f"{array}.npy"
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else bytes(len(content)))
    assert places(city, tmp_path).find(ip_address("5.0.0.1")) == BERGEN
    assert path.read_bytes() == content


@pytest.mark.parametrize("manifest", [b"", b"{}", b"\xff", b'{"layout":0,"header":{},"arrays":{}}'])
def test_a_cache_with_another_manifest_is_made_anew(city: Dataset, tmp_path: Path, manifest: bytes) -> None:
    places(city, tmp_path)
    (cache_of(tmp_path) / "manifest.json").write_bytes(manifest)
    assert places(city, tmp_path).find(ip_address("5.0.0.1")) == BERGEN


def test_what_a_killed_process_left_is_removed_but_not_what_another_is_writing(city: Dataset, tmp_path: Path) -> None:
    abandoned, busy = tmp_path / "ipdata" / ".city-x.abandoned", tmp_path / "ipdata" / ".city-x.busy"
    for folder in (abandoned, busy):
        folder.mkdir(parents=True)
    long_ago = time.time() - 7200
    os.utime(abandoned, (long_ago, long_ago))
    places(city, tmp_path)
    assert not abandoned.exists()
    assert busy.exists()


def test_a_data_directory_that_cannot_be_written_is_named_with_the_fix(city: Dataset, tmp_path: Path) -> None:
    (tmp_path / "ipdata").write_text("in the way")
    with pytest.raises(IpDataError, match=r"cannot be unpacked into .*ipdata"):
        places(city, tmp_path)


@pytest.mark.parametrize("damage", ["cut", "other_magic", "no_xz", "section_cut", "missing"])
def test_a_damaged_package_is_named_with_the_fix(city: Dataset, tmp_path: Path, damage: str) -> None:
    path = city.path
    match damage:
        case "cut":
            path.write_bytes(path.read_bytes()[:-20])
        case "other_magic":
            write_asn_data(path, NETWORKS, NETWORK_RANGES)
        case "no_xz":
            path.write_bytes(b"plain")
        case "section_cut":
            path.write_bytes(lzma.compress(lzma.decompress(path.read_bytes())[:-1]))
        case _:
            path.unlink()
    with pytest.raises(IpDataError, match="install"):
        places(city, tmp_path)
    assert not (tmp_path / "ipdata").exists()


def test_the_header_tells_the_date(city: Dataset, asn: Dataset) -> None:
    assert city.read_header().data_date == date(2026, 9, 1)
    assert asn.read_header().data_date == date(2026, 9, 16)
    assert (city.read_header().n4, city.read_header().n6) == (4, 3)
