"""Which IP data is used, how a running enricher takes up new data, and what it does with broken files."""

import logging
import os
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from litesoc_server import telemetry
from litesoc_server.events.event import Geo, Network, NetworkKind
from litesoc_server.pipeline.enrich.data_sets import IpDataFiles, open_ip_data
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.enrich.list_file import digest, dump_list
from litesoc_server.pipeline.enrich.manifest import Entry, Manifest, read_manifest, updates_dir, write_manifest
from litesoc_server.pipeline.enrich.range_list import Label, build_list
from litesoc_server.pipeline.enrich.user_agent import UserAgentReader
from mmdb_data import DBIP_CITY, GEOLITE2_ASN, GEOLITE2_CITY, asn_record, city_record, write_mmdb
from unpacked_ip_data import link_ip_data

MIT = "18.9.22.169"
OSLO = city_record("NO", "Oslo (Sentrum)", 59.91, 10.75, accuracy_km=20)
CITY_NETWORKS = {"18.9.0.0/16": OSLO, "2a00::/12": city_record("DE", "Berlin", 52.52, 13.4, time_zone="Europe/Berlin")}
TOR_EXIT = "5.5.5.5"
NEWER = date(2026, 11, 1)
OLDER = date(2025, 1, 1)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory in which the packaged data is unpacked already."""
    folder = tmp_path_factory.mktemp("data")
    link_ip_data(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_fetched(data_dir: Path) -> None:
    folder = updates_dir(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def enricher_on(data_dir: Path, clock: Seconds, **own: Path) -> Enricher:
    return Enricher(IpDataFiles(data_dir, **own), UserAgentReader(), lambda kind, share: None, monotonic_s=clock)


def entry_for(path: Path, kind: str, *, data_date: date = NEWER) -> Entry:
    content = path.read_bytes()
    return Entry(kind, path.name, path.name, "CC0", data_date, 1, 1, len(content), digest(content))


def fetch(data_dir: Path, **sources: Entry) -> None:
    """Do what the update command does at its end: put files in force by naming them in the manifest."""
    folder = updates_dir(data_dir)
    entries = read_manifest(folder).entries | {name.replace("_", "-"): entry for name, entry in sources.items()}
    write_manifest(folder, Manifest(entries=entries))


def fetch_tor(data_dir: Path, *networks: str, name: str = "tor-1.npz") -> Path:
    path = updates_dir(data_dir) / name
    ranges = build_list((Label(NetworkKind.TOR, "Tor"),), [(ip_network(network), 0) for network in networks])
    path.write_bytes(dump_list(ranges))
    fetch(data_dir, tor=entry_for(path, "ranges"))
    return path


def place_of(enricher: Enricher, address: str = MIT) -> Geo:
    geo = enricher.locate(address)[0]
    assert geo is not None
    return geo


def network_of(enricher: Enricher, address: str) -> Network:
    network = enricher.locate(address)[1]
    assert network is not None
    return network


def test_the_users_own_city_database_comes_first(data_dir: Path, tmp_path: Path) -> None:
    own = tmp_path / "my.mmdb"
    write_mmdb(own, GEOLITE2_CITY, CITY_NETWORKS)
    enricher = Enricher.open(data_dir, city_mmdb=own)
    assert place_of(enricher) == Geo("NO", "Region of Oslo", "Oslo (Sentrum)", 59.91, 10.75, None, 20)
    assert place_of(enricher, "2a01::1").time_zone == "Europe/Berlin"
    assert enricher.locate("8.8.8.8")[0] is None  # not in it; other data is not mixed in
    assert enricher.state().infos[0].source == "GeoLite2-City (my.mmdb)"


def test_the_users_own_asn_database_comes_first(data_dir: Path, tmp_path: Path) -> None:
    own = tmp_path / "my.mmdb"
    write_mmdb(own, GEOLITE2_ASN, {"18.9.0.0/16": asn_record(24940, "Hetzner Online GmbH")})
    network = network_of(Enricher.open(data_dir, asn_mmdb=own), MIT)
    assert (network.asn, network.as_org) == (24940, "Hetzner Online GmbH")
    assert (network.kind, network.provider) == (NetworkKind.HOSTING, "Hetzner")


def test_time_zones_come_from_the_packaged_data_where_the_country_agrees(data_dir: Path, tmp_path: Path) -> None:
    own = tmp_path / "dbip.mmdb"
    write_mmdb(own, DBIP_CITY, {"18.9.0.0/16": city_record("US", "Boston (Back Bay)", 42.36, -71.06)})
    place = place_of(Enricher.open(data_dir, city_mmdb=own))
    assert (place.city, place.time_zone) == ("Boston", "America/New_York")


def test_a_user_may_overwrite_the_own_file_while_it_is_used(data_dir: Path, tmp_path: Path) -> None:
    own, clock = tmp_path / "my.mmdb", Seconds()
    write_mmdb(own, GEOLITE2_CITY, CITY_NETWORKS)
    enricher = enricher_on(data_dir, clock, city_mmdb=own)
    assert place_of(enricher).city == "Oslo (Sentrum)"
    own.write_bytes(b"")  # cut short in place: a mapped file would kill the process at the next look-up
    assert place_of(enricher, "18.9.1.1").city == "Oslo (Sentrum)"
    clock.now_s = 6
    assert place_of(enricher).city == "Oslo (Sentrum)"
    assert "no MaxMind DB file that can be read" in enricher.state().problems[0]
    write_mmdb(own, GEOLITE2_CITY, {"18.9.0.0/16": city_record("SE", "Kiruna", 67.86, 20.23)})
    clock.now_s = 12
    assert place_of(enricher).city == "Kiruna"
    assert enricher.state().problems == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("asn", "my.mmdb is of type GeoLite2-ASN, which is not a City database: name another file"),
        ("noise", "is no MaxMind DB file that can be read"),
        ("missing", "check LITESOC_CITY_MMDB and the disk"),
    ],
)
def test_an_unusable_own_file_is_told_and_passed_over(data_dir: Path, tmp_path: Path, content: str, problem: str) -> None:
    own = tmp_path / "my.mmdb"
    if content == "asn":
        write_mmdb(own, GEOLITE2_ASN, {"18.9.0.0/16": asn_record(1, "x")})
    elif content == "noise":
        own.write_bytes(os.urandom(4096))
    enricher = Enricher.open(data_dir, city_mmdb=own)
    assert problem in enricher.state().problems[0]
    assert place_of(enricher).city == "Cambridge"


@pytest.mark.parametrize(("data_date", "city"), [(NEWER, "Oslo"), (OLDER, "Cambridge")])
def test_fetched_data_is_used_when_it_is_newer_than_the_package(data_dir: Path, data_date: date, city: str) -> None:
    path = updates_dir(data_dir) / "dbip-city-1.mmdb"
    write_mmdb(path, DBIP_CITY, CITY_NETWORKS)
    fetch(data_dir, dbip_city=entry_for(path, "city", data_date=data_date))
    assert place_of(Enricher.open(data_dir)).city == city


def test_a_fetched_list_is_taken_up_without_a_restart_and_caches_are_dropped(data_dir: Path) -> None:
    clock = Seconds()
    enricher = enricher_on(data_dir, clock)
    assert network_of(enricher, TOR_EXIT).is_tor is False
    fetch_tor(data_dir, f"{TOR_EXIT}/32", "2a00::/32")
    assert network_of(enricher, TOR_EXIT).is_tor is False  # not yet looked
    clock.now_s = 5
    assert network_of(enricher, TOR_EXIT) == network_of(Enricher.open(data_dir), TOR_EXIT)
    assert network_of(enricher, TOR_EXIT).kind is NetworkKind.TOR
    assert network_of(enricher, "2a00::1").is_tor is True


def test_a_fetched_tor_list_replaces_the_packaged_one(data_dir: Path) -> None:
    packaged_exit = "185.220.101.5"
    assert network_of(Enricher.open(data_dir), packaged_exit).is_tor is True
    fetch_tor(data_dir, f"{TOR_EXIT}/32")
    assert network_of(Enricher.open(data_dir), packaged_exit).is_tor is False


@pytest.mark.parametrize("damage", ["cut", "missing", "noise", "manifest"])
def test_broken_data_is_told_while_the_last_good_stays_in_use(
    data_dir: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Seconds()
    fetch_tor(data_dir, f"{TOR_EXIT}/32")
    enricher = enricher_on(data_dir, clock)
    path = fetch_tor(data_dir, "6.6.6.6/32", name="tor-2.npz")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "missing":
        path.unlink()
    elif damage == "noise":
        path.write_bytes(os.urandom(2000))
    else:
        (updates_dir(data_dir) / "manifest.json").write_text("{")
    clock.now_s = 6
    with caplog.at_level(logging.WARNING):
        assert network_of(enricher, TOR_EXIT).is_tor is True
    assert "litesoc geo update --force" in enricher.state().problems[0]
    assert enricher.state().problems[0] in caplog.text
    assert telemetry.IP_DATA_PROBLEMS._value.get() == 1
    # A process that starts now has no last good data of its own: the package stands in.
    assert network_of(Enricher.open(data_dir), "185.220.101.5").is_tor is True
    fetch_tor_anew(data_dir)
    clock.now_s = 12
    assert network_of(enricher, "7.7.7.7").is_tor is True
    assert enricher.state().problems == ()
    assert telemetry.IP_DATA_PROBLEMS._value.get() == 0


def fetch_tor_anew(data_dir: Path) -> None:
    (updates_dir(data_dir) / "manifest.json").unlink()
    fetch_tor(data_dir, "7.7.7.7/32", name="tor-3.npz")


def test_a_broken_mmdb_that_was_fetched_falls_back_to_the_package(data_dir: Path) -> None:
    path = updates_dir(data_dir) / "dbip-city-1.mmdb"
    write_mmdb(path, DBIP_CITY, CITY_NETWORKS)
    fetch(data_dir, dbip_city=entry_for(path, "city"))
    path.write_bytes(b"no database")
    enricher = Enricher.open(data_dir)
    assert place_of(enricher).city == "Cambridge"
    assert len(enricher.state().problems) == 1


def test_without_room_to_unpack_events_go_on_without_places_until_there_is_room(tmp_path: Path) -> None:
    in_the_way = tmp_path / "ipdata"
    in_the_way.write_text("a file where the folder should be")
    clock = Seconds()
    enricher = enricher_on(tmp_path, clock)
    assert enricher.locate("185.220.101.5")[0] is None
    assert network_of(enricher, "185.220.101.5").is_tor is True
    assert "make 80 MB free" in enricher.state().problems[0]
    in_the_way.unlink()
    clock.now_s = 61
    assert place_of(enricher).city == "Cambridge"
    assert enricher.state().problems == ()


def test_looking_unpacks_and_copies_nothing(tmp_path: Path) -> None:
    own = tmp_path / "my.mmdb"
    write_mmdb(own, GEOLITE2_CITY, CITY_NETWORKS)
    data = open_ip_data(IpDataFiles(tmp_path / "data", city_mmdb=own), lambda kind, share: None, is_looking=True)
    assert [info.kind for info in data.infos] == ["city", "asn", "ranges"]
    assert data.problems == ()
    assert not (tmp_path / "data").exists()
