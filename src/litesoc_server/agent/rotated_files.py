"""The files that one log consists of: the one that is written, and those that logrotate put aside and left uncompressed."""

import hashlib
import os
import re
from pathlib import Path
from stat import S_ISREG

import msgspec

from litesoc_server.agent.entries import FilePosition

HEAD_BYTES_MAX = 1024  # some ten lines, of which each has its time
FILES_MAX = 400  # looked at in one directory for one log; logrotate keeps 4 to 52


class FoundFile(msgspec.Struct, frozen=True):
    """A file at a moment."""

    path: Path
    device: int
    inode: int
    size: int  # bytes
    modified_at_ns: int  # Unix ns


def read_head(fd: int) -> bytes:
    """Return how an open file begins. Logs only grow, so it goes on to begin like that. Raises OSError."""
    return os.pread(fd, HEAD_BYTES_MAX, 0)


def holds(fd: int, position: FilePosition) -> bool:
    """Return whether the open file is the one of ``position``, or a copy, with all that was read. Raises OSError."""
    head = os.pread(fd, position.head_length, 0)
    is_as_long = os.fstat(fd).st_size >= max(position.offset, position.head_length)
    return is_as_long and hashlib.sha256(head).hexdigest() == position.head


class FilesChanging(Exception):
    """Files are being renamed just now, so that one may have been overlooked: look again a little later."""


class LogFiles(msgspec.Struct, frozen=True):
    """What one log consists of at a moment."""

    current: FoundFile | None  # at the log's own path; None between a renaming and what follows it
    rotated: list[FoundFile]  # NAME.1, NAME-20261126 and the like, not NAME.2.gz; the one written longest ago is first


def look_around(path: Path) -> LogFiles:
    """Return the files of the log at ``path``. Raises FilesChanging, OSError."""
    # A directory that is read while files are renamed may show one of them twice or never.
    first, files = _names(_look(path)), _look(path)
    if _names(files) != first:
        raise FilesChanging
    return files


def open_found(file: FoundFile) -> int:
    """Return a descriptor of this very file. Raises FilesChanging when its name has gone to another, OSError."""
    try:
        fd = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise FilesChanging from error
    opened = os.fstat(fd)
    if (opened.st_dev, opened.st_ino) != (file.device, file.inode):
        os.close(fd)
        raise FilesChanging
    return fd


def _look(path: Path) -> LogFiles:
    name = re.compile(re.escape(path.name) + r"(?:[.-]\d{1,10}(?:[.-]\d{1,10})?)?")
    found: list[FoundFile] = []
    with os.scandir(path.parent) as entries:
        for entry in entries:
            # The log itself is found however many files somebody who may write to the directory puts beside it.
            if name.fullmatch(entry.name) and (len(found) < FILES_MAX or entry.name == path.name):
                try:
                    stat = Path(entry.path).stat(follow_symlinks=entry.name == path.name)
                except FileNotFoundError as error:
                    if entry.is_symlink():
                        continue
                    raise FilesChanging from error
                if S_ISREG(stat.st_mode):
                    found.append(_found(Path(entry.path), stat))
    current = next((file for file in found if file.path.name == path.name), None)
    rotated = sorted((file for file in found if file is not current), key=lambda file: file.modified_at_ns)
    return LogFiles(current, rotated)


def _names(files: LogFiles) -> set[tuple[str, int]]:
    found = files.rotated if files.current is None else [*files.rotated, files.current]
    return {(file.path.name, file.inode) for file in found}


def _found(path: Path, stat: os.stat_result) -> FoundFile:
    return FoundFile(path, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
