"""A whole update: fetched, checked, put in force; and what stays in force when a source fails."""

import fcntl
import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from file_server import FileServer, Served, file_server
from litesoc_server.clock import ManualClock
from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.data_sets import IpDataFiles, open_ip_data
from litesoc_server.pipeline.enrich.listed import ListedRanges
from litesoc_server.pipeline.enrich.manifest import Entry, read_manifest, updates_dir
from litesoc_server.pipeline.enrich.range_list import Label
from litesoc_server.pipeline.enrich.update import parsers, unpack
from litesoc_server.pipeline.enrich.update.download import Downloader, Received
from litesoc_server.pipeline.enrich.update.errors import UpdateError
from litesoc_server.pipeline.enrich.update.install import Provenance, install
from litesoc_server.pipeline.enrich.update.sources import SOURCES, Source, SourceFile
from litesoc_server.pipeline.enrich.update.unpack import unpack_mmdb
from litesoc_server.pipeline.enrich.update.update import Busy, MaxMindKey, Outcome, Result, Updater
from mmdb_data import DBIP_CITY, GEOLITE2_ASN, asn_record, city_record, mmdb_bytes

NOW_MS = 1_795_600_000_000  # 25 November 2026
EXITS = "".join(f"5.5.{number}.5\n" for number in range(0, 200, 2)).encode()
CITY = mmdb_bytes(DBIP_CITY, {"5.0.0.0/8": city_record("NO", "Oslo", 59.9, 10.7)}, built_at_s=1_793_500_000)
KEY = MaxMindKey(12345, "licence-key")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        running.files["/tor"] = Served(EXITS)
        running.files["/city-2026-10.mmdb.gz"] = Served(gzip.compress(CITY))
        yield running


class Silent:
    def __init__(self) -> None:
        self.finished_ids: list[str] = []

    def started(self, source: Source) -> Received:
        return lambda size, total: None

    def finished(self, outcome: Outcome) -> None:
        self.finished_ids.append(outcome.source.id)


class Setup:
    """An updater on its own data directory, with sources on the server of the test."""

    def __init__(self, data_dir: Path, server: FileServer) -> None:
        self.data_dir = data_dir
        self.server = server
        self.tor = self.list_source("tor-exits", "/tor")
        self.city = self.database_source("dbip-city", "city", "/city-{month}.mmdb.gz")

    def list_source(self, source_id: str, *paths: str) -> Source:
        names = [path.lstrip("/") for path in paths]
        files = tuple(SourceFile(name, f"{self.server.root}/{name}", 10, 100_000) for name in names)
        return Source(source_id, "ranges", source_id, "CC0", files, 10, 0.3, Label(NetworkKind.TOR, "Tor"), parsers.lines)

    def database_source(self, source_id: str, kind: str, path: str, **more: bool) -> Source:
        file = SourceFile(path.replace("{month}", "*").lstrip("/"), self.server.root + path, 100, 1_000_000)
        return Source(source_id, kind, source_id, "CC BY 4.0", (file,), 2, 0.2, **more)  # type: ignore[arg-type]

    def run(
        self,
        *sources: Source,
        is_forced: bool = False,
        offline_dir: Path | None = None,
        maxmind: MaxMindKey | None = None,
        is_asked_for: bool = False,
    ) -> dict[str, Outcome]:
        updater = Updater(
            self.data_dir,
            lambda folder: Downloader(folder, is_loopback_http_allowed=True, sleep=lambda seconds: None),
            ManualClock(NOW_MS),
            maxmind=maxmind,
            offline_dir=offline_dir,
            is_forced=is_forced,
        )
        watcher = Silent()
        outcomes = updater.run(sources, watcher, is_asked_for=is_asked_for)
        assert watcher.finished_ids == [outcome.source.id for outcome in outcomes]
        return {outcome.source.id: outcome for outcome in outcomes}

    def entry(self, source: Source) -> Entry:
        return read_manifest(updates_dir(self.data_dir)).entries[source.id]

    def files(self) -> list[str]:
        return sorted(path.name for path in updates_dir(self.data_dir).rglob("*") if path.is_file())

    def is_tor(self, address: str) -> bool:
        from ipaddress import ip_address  # noqa: PLC0415 # only here

        data = open_ip_data(IpDataFiles(self.data_dir), lambda kind, share: None, is_looking=True)
        listings = ListedRanges(data.lists).find(ip_address(address))
        return any(listing.label.kind is NetworkKind.TOR and listing.source == "tor-exits" for listing in listings)


@pytest.fixture
def setup(tmp_path: Path, server: FileServer) -> Setup:
    return Setup(tmp_path / "data", server)


def test_a_list_and_a_database_come_into_force(setup: Setup) -> None:
    outcomes = setup.run(setup.tor, setup.city)
    assert [outcome.result for outcome in outcomes.values()] == [Result.UPDATED, Result.UPDATED]
    tor, city = setup.entry(setup.tor), setup.entry(setup.city)
    assert (tor.ranges_count, tor.data_date, tor.fetched_at_ms) == (100, date(2026, 11, 2), NOW_MS)
    assert city.data_date == date(2026, 11, 1)  # as the file itself says
    assert setup.is_tor("5.5.4.5")
    assert setup.files() == sorted([tor.file, city.file, "manifest.json", "lock"])
    infos = open_ip_data(IpDataFiles(setup.data_dir), lambda kind, share: None, is_looking=True).infos
    assert (infos[0].source, infos[2].source) == ("dbip-city", "tor-exits")


def test_what_has_not_changed_is_not_fetched_again(setup: Setup) -> None:
    setup.run(setup.tor)
    assert setup.run(setup.tor)["tor-exits"].result is Result.UNCHANGED
    assert setup.run(setup.tor, is_forced=True)["tor-exits"].result is Result.UPDATED
    (updates_dir(setup.data_dir) / setup.entry(setup.tor).file).unlink()
    assert setup.run(setup.tor)["tor-exits"].result is Result.UPDATED


def test_one_source_that_fails_stops_no_other_and_keeps_what_it_had(setup: Setup) -> None:
    setup.run(setup.tor, setup.city)
    before = setup.entry(setup.tor)
    setup.server.files["/tor"] = Served(b"<html>maintenance, please come back later</html>", etag='"two"')
    setup.server.files["/city-2026-11.mmdb.gz"] = Served(gzip.compress(CITY + b" "), etag='"two"')
    outcomes = setup.run(setup.tor, setup.city)
    assert outcomes["tor-exits"].result is Result.FAILED
    assert "no usable networks" in outcomes["tor-exits"].detail
    assert outcomes["tor-exits"].in_force == before == setup.entry(setup.tor)
    assert setup.is_tor("5.5.4.5")
    assert outcomes["dbip-city"].result is Result.UPDATED


def test_a_list_that_shrank_is_refused_until_it_is_forced(setup: Setup) -> None:
    setup.run(setup.tor)
    setup.server.files["/tor"] = Served(b"".join(EXITS.splitlines(keepends=True)[:60]), etag='"two"')
    outcome = setup.run(setup.tor)["tor-exits"]
    assert (outcome.result, setup.entry(setup.tor).ranges_count) == (Result.FAILED, 100)
    assert "60 ranges where the last one had 100" in outcome.detail
    assert "--force" in outcome.detail
    assert setup.run(setup.tor, is_forced=True)["tor-exits"].result is Result.UPDATED
    assert setup.entry(setup.tor).ranges_count == 60
    assert len([name for name in setup.files() if name.startswith("tor-exits")]) == 1  # the older one is gone


@pytest.mark.parametrize(
    ("content", "text"), [(b"5.5.5.5\n", "no whole list"), (b"5.5.5.5\n5.5.7.5\n", "fewer than the 10")]
)
def test_a_list_that_is_too_small_is_never_taken(setup: Setup, content: bytes, text: str) -> None:
    setup.server.files["/tor"] = Served(content)
    outcome = setup.run(setup.tor, is_forced=True)["tor-exits"]
    assert outcome.result is Result.FAILED
    assert text in outcome.detail
    assert outcome.in_force is None


def test_a_source_of_two_files_needs_both(setup: Setup) -> None:
    both = setup.list_source("tor-exits", "/tor", "/more")
    assert setup.run(both)["tor-exits"].result is Result.FAILED
    setup.server.files["/more"] = Served(b"6.6.6.6\n7.7.7.7\n")
    assert setup.run(both)["tor-exits"].result is Result.UPDATED
    assert setup.entry(both).ranges_count == 102


def test_geolite2_needs_an_account(setup: Setup) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (
            ("GeoLite2-ASN_20261101/LICENSE.txt", b"text"),
            ("GeoLite2-ASN_20261101/../../GeoLite2-ASN.mmdb", mmdb_bytes(GEOLITE2_ASN, {"5.0.0.0/8": asn_record(1, "x")})),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    setup.server.files["/asn.tar.gz"] = Served(buffer.getvalue())
    source = setup.database_source("geolite2-asn", "asn", "/asn.tar.gz", needs_maxmind_key=True)
    assert setup.run(source)["geolite2-asn"].result is Result.SKIPPED
    assert setup.run(source, is_asked_for=True)["geolite2-asn"].result is Result.FAILED
    assert setup.server.asked == []
    assert setup.run(source, maxmind=KEY)["geolite2-asn"].result is Result.UPDATED
    assert setup.server.asked[0].headers["authorization"] == "Basic MTIzNDU6bGljZW5jZS1rZXk="


def test_a_database_of_another_type_is_refused(setup: Setup) -> None:
    wrong = mmdb_bytes(GEOLITE2_ASN, {"5.0.0.0/8": asn_record(1, "x")})
    setup.server.files["/city-2026-11.mmdb.gz"] = Served(gzip.compress(wrong))
    outcome = setup.run(setup.city)["dbip-city"]
    assert "dbip-city is of type GeoLite2-ASN, which is not a City database" in outcome.detail
    assert setup.files() == ["lock"]


def test_files_from_a_folder(setup: Setup, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "tor").write_bytes(EXITS)
    os.utime(folder / "tor", (1_794_000_000, 1_794_000_000))
    (folder / "city-2026-10.mmdb.gz").write_bytes(gzip.compress(CITY))
    missing = setup.list_source("x4bnet-vpn", "/vpn")
    outcomes = setup.run(setup.tor, setup.city, missing, offline_dir=folder)
    assert [outcome.result for outcome in outcomes.values()] == [Result.UPDATED, Result.UPDATED, Result.SKIPPED]
    assert setup.run(missing, offline_dir=folder, is_asked_for=True)["x4bnet-vpn"].result is Result.FAILED
    assert setup.server.asked == []
    assert setup.entry(setup.tor).data_date == date(2026, 11, 6)
    assert (folder / "tor").exists()


def test_two_updates_at_once(setup: Setup) -> None:
    setup.run(setup.tor)
    with (updates_dir(setup.data_dir) / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="wait for it"):
            setup.run(setup.tor)


def test_a_damaged_manifest_is_written_anew(setup: Setup) -> None:
    setup.run(setup.tor)
    (updates_dir(setup.data_dir) / "manifest.json").write_text("{")
    assert setup.run(setup.tor)["tor-exits"].result is Result.UPDATED
    assert setup.entry(setup.tor).ranges_count == 100


def archive_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "archive"
    path.write_bytes(content)
    return path


def test_a_database_is_taken_as_it_is_too(tmp_path: Path) -> None:
    target = tmp_path / "target"
    unpack_mmdb(archive_of(tmp_path, CITY), target)
    assert target.read_bytes() == CITY


@pytest.mark.parametrize("form", ["gzip", "plain", "tar", "tar before it"])
def test_a_bomb_is_stopped(tmp_path: Path, form: str) -> None:
    zeros = bytes(5_000_000)
    content = {"gzip": gzip.compress(zeros), "plain": zeros}.get(form)
    if content is None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            member = tarfile.TarInfo("big.mmdb" if form == "tar" else "big.txt")
            member.size = len(zeros)
            archive.addfile(member, io.BytesIO(zeros))
        content = buffer.getvalue()
    with pytest.raises(UpdateError, match="unpacks to more than"):
        unpack_mmdb(archive_of(tmp_path, content), tmp_path / "target", bytes_max=1_000_000)
    target = tmp_path / "target"
    assert not target.exists() or target.stat().st_size <= 1_000_000


@pytest.mark.parametrize("damage", ["cut", "noise", "no database"])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: str) -> None:
    packed = gzip.compress(os.urandom(20_000))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("link.mmdb"))
        link = tarfile.TarInfo("other.mmdb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    content = {
        "cut": packed[:-100],
        "noise": packed[:10] + os.urandom(2_000),
        "no database": gzip.compress(gzip.decompress(buffer.getvalue()).replace(b"link.mmdb", b"link.text")),
    }[damage]
    with pytest.raises(UpdateError):
        unpack_mmdb(archive_of(tmp_path, content), tmp_path / "target")


def test_the_table_of_sources_is_sound() -> None:
    assert len({source.id for source in SOURCES}) == len(SOURCES)
    for source in SOURCES:
        assert (source.kind == "ranges") == (source.parse is not None) == (source.label is not None)
        assert 0 < source.shrink_max < 1
        for file in source.files:
            assert file.url.startswith("https://")
            assert 0 < file.bytes_min < file.bytes_max <= 2**29
            assert len({msgspec.json.encode(url) for url in file.urls(date(2026, 1, 31))}) == len(
                file.urls(date(2026, 1, 31))
            )
    assert unpack.UNPACKED_BYTES_MAX == 2**30


def test_months_and_mondays() -> None:
    month = SourceFile("x", "https://x/{month}", 1, 2)
    assert month.urls(date(2026, 1, 31)) == ["https://x/2026-01", "https://x/2025-12", "https://x/2025-11"]
    monday = SourceFile("x", "https://x/{monday}", 1, 2)
    assert monday.urls(date(2026, 11, 25))[:2] == ["https://x/20261123", "https://x/20261116"]


def test_what_is_no_file_in_the_folder_is_left_out_and_the_others_are_taken(setup: Setup, tmp_path: Path) -> None:
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "city-2026-11.mmdb.gz").symlink_to(tmp_path / "gone")
    (folder / "city-2026-12.mmdb.gz").mkdir()
    os.mkfifo(folder / "city-2026-13.mmdb.gz")
    (folder / "tor").write_bytes(EXITS)
    outcomes = setup.run(setup.city, setup.tor, offline_dir=folder)
    assert (outcomes["dbip-city"].result, outcomes["tor-exits"].result) == (Result.SKIPPED, Result.UPDATED)


def test_a_file_that_cannot_be_read_is_named(setup: Setup, tmp_path: Path) -> None:
    gone = tmp_path / "tor"
    about = Provenance({}, date(2026, 11, 6), NOW_MS)
    with pytest.raises(UpdateError, match=r"tor cannot be read \(No such file or directory\)"):
        install(setup.tor, [gone], about, tmp_path, is_forced=False)
