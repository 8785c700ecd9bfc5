"""Makes of a source's downloaded files what the server opens, checks it against what is in force, and puts it in force."""

import hashlib
import os
from datetime import date
from pathlib import Path

import msgspec

from litesoc_server.pipeline.enrich.list_file import digest, dump_list
from litesoc_server.pipeline.enrich.manifest import Entry, Manifest, read_manifest, write_atomically, write_manifest
from litesoc_server.pipeline.enrich.mmdb import MmdbNetworks, MmdbPlaces
from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.range_list import RangeList, build_list
from litesoc_server.pipeline.enrich.update.errors import UpdateError
from litesoc_server.pipeline.enrich.update.parsers import read_networks
from litesoc_server.pipeline.enrich.update.sources import Source
from litesoc_server.pipeline.enrich.update.unpack import unpack_mmdb

_NAME_DIGITS = 12  # of the checksum, so that each version has a name of its own


class Provenance(msgspec.Struct, frozen=True):
    """Where the files of a source came from."""

    etags: dict[str, str]
    data_date: date  # as far as the server or the file system tells
    fetched_at_ms: int


def install(source: Source, files: list[Path], provenance: Provenance, folder: Path, *, is_forced: bool) -> Entry:
    """Check a source's files and put them in force in ``folder``. Raises UpdateError; then nothing has changed."""
    for path, expected in zip(files, source.files, strict=True):
        size = _size_of(path)
        if not expected.bytes_min <= size <= expected.bytes_max:
            msg = (
                f"{path.name} has {size:,} bytes, not {expected.bytes_min:,} to {expected.bytes_max:,}: it is no whole list"
            )
            raise UpdateError(msg)
    last = None if is_forced else current_manifest(folder).entries.get(source.id)
    make = _make_list if source.kind == "ranges" else _make_database
    try:
        entry = make(source, files, provenance, folder, last)
        manifest = current_manifest(folder)
        write_manifest(folder, Manifest(entries=manifest.entries | {source.id: entry}))
    except OSError as error:
        msg = f"{folder} cannot be written ({error.strerror}): make room there"
        raise UpdateError(msg) from error
    _remove_others(source, entry, folder)
    return entry


def _size_of(path: Path) -> int:
    """Return how many bytes a file has that can be read. Raises UpdateError: then it is not the folder that is at fault."""
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): let this user read it"
        raise UpdateError(msg) from error


def current_manifest(folder: Path) -> Manifest:
    """Return what is in force; a damaged manifest counts as none, because the update writes a new one."""
    try:
        return read_manifest(folder)
    except IpDataError:
        return Manifest()


def _make_list(source: Source, files: list[Path], provenance: Provenance, folder: Path, last: Entry | None) -> Entry:
    assert source.parse is not None
    assert source.label is not None
    networks = read_networks([path.read_bytes() for path in files], source.parse)
    ranges: RangeList = build_list((source.label,), [(network, 0) for network in networks])
    _check_count(source, len(ranges), last)
    content = dump_list(ranges)
    sha256 = digest(content)
    name = f"{source.id}-{sha256[:_NAME_DIGITS]}.npz"
    write_atomically(folder / name, content)
    return _entry(source, provenance, name, provenance.data_date, len(ranges), len(content), sha256)


def _make_database(source: Source, files: list[Path], provenance: Provenance, folder: Path, last: Entry | None) -> Entry:
    draft = folder / f".{source.id}.{os.getpid()}.mmdb"
    try:
        unpack_mmdb(files[0], draft)
        opened = MmdbPlaces(draft, name=source.id) if source.kind == "city" else MmdbNetworks(draft, name=source.id)
        _check_count(source, opened.file.nodes_count, last)
        with draft.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        name = f"{source.id}-{sha256[:_NAME_DIGITS]}.mmdb"
        size = draft.stat().st_size
        draft.replace(folder / name)
    except IpDataError as error:
        raise UpdateError(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
    return _entry(source, provenance, name, opened.file.built_on, opened.file.nodes_count, size, sha256)


def _check_count(source: Source, count: int, last: Entry | None) -> None:
    if count < source.count_min:
        msg = f"it has {count:,} ranges, fewer than the {source.count_min:,} that it must have: it is not whole"
        raise UpdateError(msg)
    if last is not None and count < (1 - source.shrink_max) * last.ranges_count:
        msg = (
            f"it has {count:,} ranges where the last one had {last.ranges_count:,}, which is suspicious: look at it, and "
            f"use --force if it is right"
        )
        raise UpdateError(msg)


def _entry(source: Source, provenance: Provenance, name: str, data_date: date, count: int, size: int, sha256: str) -> Entry:
    return Entry(
        kind=source.kind,
        file=name,
        title=source.title,
        licence=source.licence,
        data_date=data_date,
        fetched_at_ms=provenance.fetched_at_ms,
        ranges_count=count,
        size_bytes=size,
        sha256=sha256,
        etags=provenance.etags,
    )


def _remove_others(source: Source, entry: Entry, folder: Path) -> None:
    """Remove older versions. A server that has one open goes on reading it: the name is gone, the file is not."""
    suffix = Path(entry.file).suffix
    for path in folder.glob(f"{source.id}-{'?' * _NAME_DIGITS}{suffix}"):
        if path.name != entry.file:
            path.unlink(missing_ok=True)
