"""Checking a backup: every file is there, as it was written, and holds as much as the manifest says."""

import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from litesoc_server.runtime.backup import control, messages
from litesoc_server.runtime.backup.contents import CONTROL, EVENTS
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.files import CHUNK_BYTES, entry_of
from litesoc_server.runtime.backup.manifest import MANIFEST, Counts, Manifest, read_manifest
from litesoc_server.runtime.backup.progress import Report
from litesoc_server.stream.subjects import Subject

_FIX = "take another backup, or use an older one: this one cannot be trusted"


def verify_backup(directory: Path, report: Report) -> Manifest:
    """Return the manifest of a backup that is whole. Raises BackupError, which names the first file that is not."""
    manifest = read_manifest(directory)
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()} - {MANIFEST}
    for name in sorted(found ^ manifest.files.keys()):
        msg = f"{name} is {'not a part of the backup' if name in found else 'missing'}"
        raise BackupError(msg, _FIX)
    try:
        _check_files(directory, manifest, report)
        counts = _count(directory)
    except (OSError, EOFError, zlib.error, sqlite3.Error, msgspec.MsgspecError) as error:
        msg = f"the backup cannot be read: {error}"
        raise BackupError(msg, _FIX) from error
    if counts != manifest.counts:
        msg = f"the backup does not hold what its manifest says: {counts}"
        raise BackupError(msg, _FIX)
    return manifest


def _check_files(directory: Path, manifest: Manifest, report: Report) -> None:
    done = 0
    for name, entry in manifest.files.items():
        if entry_of(directory / name) != entry:
            msg = f"{name} is not as it was written"
            raise BackupError(msg, _FIX)
        done += entry.size_bytes
        report("bytes checked", done, manifest.size_bytes)


def _count(directory: Path) -> Counts:
    return Counts(
        events=sum(map(_lines_in, (directory / EVENTS).glob("*.gz"))),
        raw=sum(map(len, messages.groups_in(directory, Subject.RAW))),
        detections=sum(map(len, messages.groups_in(directory, Subject.DETECTIONS))),
        dead_letters=sum(1 for _ in messages.letters_in(directory)),
        **control.counts_of(directory / CONTROL),
    )


def _lines_in(path: Path) -> int:
    return sum(chunk.count(b"\n") for chunk in _chunks(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
