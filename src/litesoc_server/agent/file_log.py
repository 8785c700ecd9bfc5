"""Reads a log file as it grows, through renamings, truncations and restarts, each line once.

- Renamed and created anew: the old file is read to its end, and for a while longer, because writers keep it open until they
  are told; then the next one.
- Copied and truncated: what the copy has beyond the last line read is read from the copy; then the file from its start.
- While nobody read: the file is looked for under its later names, by inode and by how it begins, and those after it follow.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from litesoc_server.agent.entries import LINE_BYTES_MAX, Entry, FilePosition, LogUnreadable, Mark
from litesoc_server.agent.rotated_files import (
    HEAD_BYTES_MAX,
    FilesChanging,
    LogFiles,
    holds,
    look_around,
    open_found,
    read_head,
)

log = logging.getLogger(__name__)

CHUNK_BYTES = 128 * 1024  # read at once
PASSED_OVER_BYTES_MAX = 64 * 1024 * 1024  # of lines too long to be one, in one look: other logs are looked at, too
QUIET_S = 5.0  # a file that was put aside is left once nothing was written to it for this long
_NS = 1_000_000_000


class FileLog:
    """Implements LogSource for one path. Used by one thread."""

    def __init__(
        self,
        path: Path,
        position: FilePosition | None,
        *,
        from_start: bool,
        quiet_s: float = QUIET_S,
        now_s: Callable[[], float] = time.time,  # compared with the files' times of modification
    ) -> None:
        self.name = str(path)
        self.gaps = 0
        self._path = path
        self._saved = position
        self._from_start = from_start  # when there is no position: read what is there already
        self._is_new = False  # there was none at the first look: whatever appears is new
        self._quiet_s = quiet_s
        self._now_s = now_s
        self._fd: int | None = None
        self._offset = 0
        self._head = b""  # how the open file begins, as far as that is known
        self._after_ns = 0  # while it is empty: what was written before this was read
        self._is_inside_long_line = False

    @property
    def position(self) -> FilePosition | None:
        """See LogSource."""
        return self._saved if self._fd is None else self._position_in(self._fd)

    @property
    def behind_bytes(self) -> int:
        """See LogSource. Only of the file that is read just now."""
        return 0 if self._fd is None else max(os.fstat(self._fd).st_size - self._offset, 0)

    def peek(self) -> list[Entry]:
        """See LogSource."""
        try:
            return self._peek()
        except FilesChanging:
            return []
        except PermissionError as error:
            msg = f"{self._path} may not be read: add the agent's user to the group that owns it (Debian: adm)"
            raise LogUnreadable(msg) from error
        except OSError as error:
            msg = f"{self._path} cannot be read ({error.strerror}): check the path"
            raise LogUnreadable(msg) from error

    def advance(self, mark: Mark) -> None:
        """See LogSource."""
        assert isinstance(mark, int)
        self._offset = mark

    def close(self) -> None:
        """See LogSource."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _peek(self) -> list[Entry]:
        fd = self._find() if self._fd is None else self._fd
        if fd is None:
            return []
        if not self._head and self._offset == 0:
            fd = self._begin(fd)
        elif os.fstat(fd).st_size < self._offset or os.pread(fd, len(self._head), 0) != self._head:
            fd = self._follow_truncation(fd)
        if len(self._head) < HEAD_BYTES_MAX:
            self._head = read_head(fd)
        if entries := self._entries(fd):
            return entries
        if self._is_left(fd):
            return self._last_line(fd) or self._go_on(fd)
        return []

    def _entries(self, fd: int) -> list[Entry]:
        chunk = os.pread(fd, CHUNK_BYTES, self._offset)
        passed_over_bytes = 0
        while self._is_inside_long_line or (b"\n" not in chunk and len(chunk) > LINE_BYTES_MAX):
            length = chunk.find(b"\n") + 1
            self._is_inside_long_line = length == 0
            self._offset += length or len(chunk)
            passed_over_bytes += length or len(chunk)
            if not chunk or passed_over_bytes >= PASSED_OVER_BYTES_MAX:
                return []
            chunk = os.pread(fd, CHUNK_BYTES, self._offset)
        entries: list[Entry] = []
        offset = self._offset
        for line in chunk[: chunk.rfind(b"\n") + 1].split(b"\n")[:-1]:
            offset += len(line) + 1
            entries.append(Entry(line.decode("utf-8", "replace"), offset))
        return entries

    def _last_line(self, fd: int) -> list[Entry]:
        """Return what a file that nobody writes any more ends with, if that is no whole line."""
        rest = os.pread(fd, LINE_BYTES_MAX, self._offset)
        if not rest or self._is_inside_long_line:
            return []
        return [Entry(rest.decode("utf-8", "replace"), self._offset + len(rest))]

    def _is_left(self, fd: int) -> bool:
        """Return whether everything was read of a file that has been put aside and is written no more."""
        opened = os.fstat(fd)
        if self._now_s() - opened.st_mtime_ns / _NS < self._quiet_s:
            return False
        try:
            current = self._path.stat()
        except FileNotFoundError:
            return False
        return (current.st_dev, current.st_ino) != (opened.st_dev, opened.st_ino)

    def _go_on(self, fd: int) -> list[Entry]:
        """Go to the file that was begun after this one was put aside."""
        opened = os.fstat(fd)
        following = self._first_after(look_around(self._path), opened.st_mtime_ns, without_inode=opened.st_ino)
        if following is None:
            return []
        if self._head and holds(following, self._position_in(fd)):
            os.close(following)  # it was copied to the one read just now, and is about to be truncated
            return []
        self._use(following, 0, after_ns=opened.st_mtime_ns)
        return self._peek()

    def _begin(self, fd: int) -> int:
        """Return where to read what comes after a file that was empty: other files may have been written since."""
        opened = os.fstat(fd)
        if opened.st_mtime_ns <= self._after_ns:
            return fd
        files = look_around(self._path)
        if not any(file.modified_at_ns > self._after_ns and file.inode != opened.st_ino for file in files.rotated):
            self._after_ns = opened.st_mtime_ns
            return fd
        following = self._first_after(files, self._after_ns, without_inode=None)
        if following is not None:
            self._use(following, 0, after_ns=self._after_ns)
        return fd if following is None else following

    def _follow_truncation(self, fd: int) -> int:
        """Return where to read on: in the copy that was made before the file was cut; else in the file from its start."""
        known = self._position_in(fd)
        for file in reversed(look_around(self._path).rotated):
            copy = open_found(file)
            if holds(copy, known):
                self._use(copy, self._offset)
                return copy
            os.close(copy)
        self._note_gap("was cut, and what it held before cannot be found")
        self._offset, self._head, self._is_inside_long_line = 0, b"", False
        return fd

    def _find(self) -> int | None:
        """Open the file to read from and return it; None when there is none yet."""
        files = look_around(self._path)
        if self._saved is not None:
            return self._find_again(files, self._saved)
        if files.current is None:
            self._is_new = True
            return None
        if self._from_start and files.rotated and not self._is_new:
            fd = open_found(files.rotated[0])
            self._use(fd, 0)
            return fd
        fd = open_found(files.current)
        offset = 0 if self._from_start or self._is_new else _end_of_last_line(fd, files.current.size)
        self._use(fd, offset, after_ns=max(files.current.modified_at_ns, int(self._now_s() * _NS)))
        return fd

    def _find_again(self, files: LogFiles, saved: FilePosition) -> int | None:
        if saved.head_length:
            found = [*([] if files.current is None else [files.current]), *reversed(files.rotated)]
            found.sort(key=lambda file: (file.device, file.inode) != (saved.device, saved.inode))
            for file in found:
                fd = open_found(file)
                if holds(fd, saved):
                    self._use(fd, saved.offset)
                    return fd
                os.close(fd)
            self._note_gap("was put aside and compressed or removed before it was read to its end")
        fd = self._first_after(files, saved.modified_at_ns, without_inode=None)
        if fd is not None:
            self._use(fd, 0, after_ns=saved.modified_at_ns)
        return fd

    def _first_after(self, files: LogFiles, modified_at_ns: int, *, without_inode: int | None) -> int | None:
        """Open the oldest file that was written after this moment, the one at the path if no other. Raises FilesChanging."""
        later = [file for file in files.rotated if file.modified_at_ns > modified_at_ns]
        for file in [*later, *([] if files.current is None else [files.current])]:
            if file.inode != without_inode:
                return open_found(file)
        return None

    def _use(self, fd: int, offset: int, *, after_ns: int = 0) -> None:
        """Read from ``fd`` on, instead of what was read before."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._offset, self._head, self._is_inside_long_line = fd, offset, read_head(fd), False
        self._after_ns = max(after_ns, os.fstat(fd).st_mtime_ns)

    def _position_in(self, fd: int) -> FilePosition:
        opened = os.fstat(fd)
        modified_at_ns = opened.st_mtime_ns if self._head else self._after_ns
        digest = hashlib.sha256(self._head).hexdigest()
        return FilePosition(opened.st_dev, opened.st_ino, self._offset, len(self._head), digest, modified_at_ns)

    def _note_gap(self, what: str) -> None:
        self.gaps += 1
        log.warning("%s %s; reading goes on with what there is", self._path, what)


def _end_of_last_line(fd: int, size: int) -> int:
    """Return where the last whole line ends, so that the rest of one that is being written is not taken for a line."""
    start = max(size - LINE_BYTES_MAX, 0)
    return start + os.pread(fd, size - start, start).rfind(b"\n") + 1
