"""Files of a backup: written for their owner alone, on disk when they are done, and hashed on the way."""

import gzip
import hashlib
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from litesoc_server.runtime.backup.manifest import FileEntry

CHUNK_BYTES = 1024**2
_LEVEL = 1  # of gzip: 6 makes events a tenth smaller and takes four times as long
_LENGTH = struct.Struct(">I")  # before each record


class _Hashing:
    """A file that is written and hashed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size_bytes = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size_bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    @property
    def entry(self) -> FileEntry:
        return FileEntry(self._size_bytes, self._hash.hexdigest())


class BackupFiles:
    """The files of one backup that is being written."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.entries: dict[str, FileEntry] = {}

    @contextmanager
    def packed(self, name: str) -> Iterator[gzip.GzipFile]:
        """Yield a new file to write to, which is compressed. Raises OSError."""
        with self._created(name) as file:
            hashing = _Hashing(file)
            # No time and no name in it: the same content gives the same file.
            with gzip.GzipFile("", "wb", _LEVEL, hashing, mtime=0) as packing:
                yield packing
            self.entries[name] = hashing.entry

    def add(self, name: str, source: Path) -> None:
        """Copy a file. Raises OSError."""
        with source.open("rb") as reading, self._created(name) as file:
            shutil.copyfileobj(reading, file, CHUNK_BYTES)
        self.note(name)

    def note(self, name: str) -> None:
        """Take in a file that somebody else wrote to its place. Raises OSError."""
        path = self.directory / name
        path.chmod(0o600)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        self.entries[name] = entry_of(path)

    @contextmanager
    def _created(self, name: str) -> Iterator[BinaryIO]:
        path = self.directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())


def entry_of(path: Path) -> FileEntry:
    """Return the size and hash of a file. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest)


def write_record(file: gzip.GzipFile, record: bytes) -> None:
    """Append one record. Raises OSError."""
    file.write(_LENGTH.pack(len(record)))
    file.write(record)


def records_of(path: Path) -> Iterator[bytes]:
    """Yield the records of a file; none where there is no such file. Raises OSError."""
    if not path.exists():
        return
    with gzip.open(path, "rb") as file:
        while head := file.read(_LENGTH.size):
            yield file.read(_LENGTH.unpack(head)[0])
