"""Which IP data is used: the user's own files, then what was fetched, then what is in the package; the first that opens.

What cannot be opened is passed over and told as a problem; nothing here stops the server.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from litesoc_server.events.event import Geo, Network, NetworkKind
from litesoc_server.pipeline.enrich import iporigin_table
from litesoc_server.pipeline.enrich.asn import ASN_DATASET, AsnFinder
from litesoc_server.pipeline.enrich.asn_classes import AsnEntry, read_asn_classes
from litesoc_server.pipeline.enrich.list_file import load_list
from litesoc_server.pipeline.enrich.listed import NamedList
from litesoc_server.pipeline.enrich.manifest import MANIFEST_NAME, Entry, Manifest, read_manifest, updates_dir
from litesoc_server.pipeline.enrich.mmdb import MmdbNetworks, MmdbPlaces
from litesoc_server.pipeline.enrich.packed import Header, IpDataError, Progress
from litesoc_server.pipeline.enrich.place import CITY_DATASET, PlaceFinder
from litesoc_server.pipeline.enrich.range_list import without_kinds

T = TypeVar("T")
M = TypeVar("M", MmdbPlaces, MmdbNetworks)
F_co = TypeVar("F_co", covariant=True)
# Lists that are whole: once one is fetched, the packaged entries of its kind are only older.
_REPLACED_WHEN_FETCHED = frozenset({NetworkKind.TOR, NetworkKind.RELAY})
# MaxMind's data needs an account, so who fetches it wants it used.
_FETCHED_ORDER = {"city": ("geolite2-city", "dbip-city"), "asn": ("geolite2-asn", "dbip-asn")}


class IpDataFiles(msgspec.Struct, frozen=True):
    """Where IP data may lie."""

    data_dir: Path
    city_mmdb: Path | None = None  # the user's own MaxMind DB files
    asn_mmdb: Path | None = None

    def watched(self) -> Iterator[Path]:
        """Yield the files whose change means that data has to be opened anew."""
        yield updates_dir(self.data_dir) / MANIFEST_NAME
        yield from (path for path in (self.city_mmdb, self.asn_mmdb) if path is not None)


class DataSetInfo(msgspec.Struct, frozen=True):
    """What an operator wants to know about one data set in use."""

    kind: str  # "city", "asn", "ranges" or "classes"
    source: str
    licence: str
    data_date: date
    ranges_count: int  # IPv4 and IPv6 together; of a MaxMind DB file the nodes of its search tree

    def age_days(self, today: date) -> int:
        """How many days the data lies behind ``today``."""
        return (today - self.data_date).days


class Places(Protocol):
    """Says where a global address is."""

    def find(self, address: IPv4Address | IPv6Address) -> Geo | None:
        """Return the place, or None when it is not known."""
        ...


class Networks(Protocol):
    """Says who announces a global address."""

    def find(self, address: IPv4Address | IPv6Address) -> Network | None:
        """Return the network, or None when it is not known."""
        ...


class Opened(msgspec.Struct, Generic[F_co], frozen=True):
    """A data set in use."""

    info: DataSetInfo
    finder: F_co | None  # None while somebody only looks


class IpData(msgspec.Struct, frozen=True):
    """Everything in use, and what could not be."""

    places: Places | None
    networks: Networks | None
    lists: tuple[NamedList, ...]
    classes: Mapping[int, AsnEntry]
    infos: tuple[DataSetInfo, ...]
    problems: tuple[str, ...]  # each with its fix
    parts: Mapping[str, object]  # everything that was opened, by a name of its own: the last good of each


class IpDataState(msgspec.Struct, frozen=True):
    """What an operator sees of the data."""

    infos: tuple[DataSetInfo, ...]  # in use
    problems: tuple[str, ...]  # what could not be opened, each with its fix


def look_at_ip_data(files: IpDataFiles) -> IpDataState:
    """Say what a server that starts now would use. Takes tens of milliseconds."""
    data = open_ip_data(files, lambda _kind, _share: None, is_looking=True)
    return IpDataState(data.infos, data.problems)


def open_ip_data(
    files: IpDataFiles, progress: Progress, *, previous: IpData | None = None, is_looking: bool = False
) -> IpData:
    """Open the best of everything. What cannot be opened now but is in ``previous`` is taken from there.

    Whoever is only looking opens without unpacking or copying anything. Never raises IpDataError: what cannot be used is a
    problem in the answer.
    """
    opener = _Opener(files, progress, previous.parts if previous is not None else {}, is_looking=is_looking)
    places, networks, lists = opener.places(), opener.networks(), opener.lists()
    classes = opener.attempt("classes", read_asn_classes)
    infos = [each.info for each in (places, networks, *lists) if each is not None]
    return IpData(
        places=places.finder if places is not None else None,
        networks=networks.finder if networks is not None else None,
        lists=tuple(each.finder for each in lists if each.finder is not None),
        classes=classes if classes is not None else {},
        infos=tuple(infos),
        problems=tuple(dict.fromkeys(opener.problems)),  # a full disk stops several in the same words
        parts=opener.parts,
    )


class _Opener:
    """Opens candidates in order of preference and writes down what fails."""

    def __init__(self, files: IpDataFiles, progress: Progress, last_good: Mapping[str, object], *, is_looking: bool) -> None:
        self.problems: list[str] = []
        self.parts: dict[str, object] = {}
        self._last_good = last_good
        self._files = files
        self._progress = progress
        self._is_looking = is_looking
        self._folder = updates_dir(files.data_dir)
        self._manifest = self.attempt("manifest", lambda: read_manifest(self._folder)) or Manifest()

    def attempt(self, name: str, open_one: Callable[[], T]) -> T | None:
        """Return what ``open_one`` does; when it raises IpDataError, what was last opened under this name, if anything."""
        try:
            part = open_one()
        except IpDataError as error:
            self.problems.append(str(error))
            part = cast("T | None", self._last_good.get(name))
        if part is not None:
            self.parts[name] = part
        return part

    def places(self) -> Opened[Places] | None:
        """Open the city data. The packaged one is opened in any case: it has time zones, which others lack."""
        packaged = self.attempt("packaged city", self._packaged_places)
        stand_in = packaged.finder if packaged is not None else None
        if self._files.city_mmdb is not None:
            own = self._files.city_mmdb
            opened = self.attempt(
                "own city", lambda: self._own(own, "city", lambda path: MmdbPlaces(path, stand_in, name=own.name))
            )
            if opened is not None:
                return opened
        fetched = self._fetched("city", packaged, lambda path: MmdbPlaces(path, stand_in))
        return fetched or packaged

    def networks(self) -> Opened[Networks] | None:
        """Open the data of who announces what."""
        if self._files.asn_mmdb is not None:
            own = self._files.asn_mmdb
            opened = self.attempt("own asn", lambda: self._own(own, "asn", lambda path: MmdbNetworks(path, name=own.name)))
            if opened is not None:
                return opened
        packaged = self.attempt("packaged asn", self._packaged_networks)
        return self._fetched("asn", packaged, MmdbNetworks) or packaged

    def lists(self) -> list[Opened[NamedList]]:
        """Open every list: the packaged one and all that were fetched."""
        fetched = [
            opened
            for source, entry in sorted(self._manifest.entries.items())
            if entry.kind == "ranges" and (opened := self._list(source, entry)) is not None
        ]
        table = self.attempt("packaged list", iporigin_table.read_iporigin)
        if table is None:
            return fetched
        kinds = {kind for each in fetched if each.finder for version in (4, 6) for kind in each.finder.ranges.kinds(version)}
        ranges = without_kinds(table.ranges, kinds & _REPLACED_WHEN_FETCHED)
        info = DataSetInfo("ranges", iporigin_table.SOURCE, iporigin_table.LICENCE, table.data_date, len(ranges))
        return [*fetched, Opened(info, NamedList(iporigin_table.SOURCE, ranges))]

    def _list(self, source: str, entry: Entry) -> Opened[NamedList] | None:
        def load() -> Opened[NamedList]:
            return Opened(_info(entry), NamedList(source, load_list(self._folder / entry.file, entry.sha256)))

        return self.attempt(f"list {source}", load)

    def _packaged_places(self) -> Opened[PlaceFinder]:
        finder = None if self._is_looking else PlaceFinder.open(self._files.data_dir, self._progress)
        return Opened(header_info("city", CITY_DATASET.read_header() if finder is None else finder.header), finder)

    def _packaged_networks(self) -> Opened[AsnFinder]:
        finder = None if self._is_looking else AsnFinder.open(self._files.data_dir, self._progress)
        return Opened(header_info("asn", ASN_DATASET.read_header() if finder is None else finder.header), finder)

    def _own(self, path: Path, kind: str, open_file: Callable[[Path], M]) -> Opened[M]:
        finder = open_file(path if self._is_looking else private_copy(path, self._files.data_dir, kind))
        file = finder.file
        source = f"{file.database_type} ({path.name})"
        return Opened(DataSetInfo(kind, source, "as you agreed with its maker", file.built_on, file.nodes_count), finder)

    def _fetched(self, kind: str, packaged: Opened[Any] | None, open_file: Callable[[Path], M]) -> Opened[M] | None:
        for source in _FETCHED_ORDER[kind]:
            entry = self._manifest.entries.get(source)
            if entry is None or (packaged is not None and entry.data_date < packaged.info.data_date):
                continue

            def load(entry: Entry = entry) -> Opened[M]:
                return Opened(_info(entry), open_file(self._folder / entry.file))

            opened = self.attempt(f"fetched {source}", load)
            if opened is not None:
                return opened
        return None


def private_copy(path: Path, data_dir: Path, kind: str) -> Path:
    """Return a copy of the user's file that nobody writes to: a mapped file that is cut short kills the process (SIGBUS).

    Raises IpDataError when there is no such file or no room.
    """
    folder = data_dir / "ipdata" / "own"
    try:
        about = path.stat()
        copy = folder / f"{kind}-{about.st_mtime_ns}-{about.st_size}.mmdb"
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f".{copy.name}.{os.getpid()}"
            shutil.copyfile(path, draft)
            draft.replace(copy)
            for other in folder.glob(f"{kind}-*.mmdb"):
                if other != copy:
                    other.unlink(missing_ok=True)  # where it is still open it stays readable
    except OSError as error:
        setting = f"LITESOC_{kind.upper()}_MMDB"
        msg = f"{path} cannot be read or copied into {folder} ({error.strerror}): check {setting} and the disk"
        raise IpDataError(msg) from error
    return copy


def header_info(kind: str, header: Header) -> DataSetInfo:
    """Describe a packed file by its header."""
    return DataSetInfo(kind, header.source, header.licence, header.data_date, header.n4 + header.n6)


def _info(entry: Entry) -> DataSetInfo:
    return DataSetInfo(entry.kind, entry.title, entry.licence, entry.data_date, entry.ranges_count)
