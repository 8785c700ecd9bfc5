"""What every kind of log is to the agent: lines, and positions that a later start goes on from."""

from typing import Protocol

import msgspec

LINE_BYTES_MAX = 64 * 1024  # longer ones are passed over; rsyslog's own limit is 8 KiB


class FilePosition(msgspec.Struct, frozen=True, tag="file"):
    """How far one file was read. A file is known by its inode and how it begins, since inodes are used again."""

    device: int
    inode: int
    offset: int  # bytes from its start that were read, whole lines
    head_length: int  # how much of its beginning `head` is about; 0 while it was empty
    head: str  # SHA-256 of the first `head_length` bytes, hexadecimal
    modified_at_ns: int  # Unix ns: files that were written later come after it


class JournalPosition(msgspec.Struct, frozen=True, tag="journal"):
    """How far the journal was read."""

    cursor: str  # as journalctl prints it


Position = FilePosition | JournalPosition


Mark = int | str  # where in a log reading goes on: a file's offset in bytes, the journal's cursor


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line, and where reading goes on after it."""

    text: str
    mark: Mark


class LogSource(Protocol):
    """One log. `peek` may be called again and returns the same until `advance`."""

    name: str  # unique among an agent's logs, and the same at every start
    gaps: int  # how often something may have been missed, since the start

    def peek(self) -> list[Entry]:
        """Return some of the next lines, none when there are no more for now. Raises LogUnreadable."""
        ...

    def advance(self, mark: Mark) -> None:
        """Go on after the entry that has this mark."""
        ...

    @property
    def position(self) -> Position | None:
        """From where `peek` reads; None before anything was found to read."""
        ...

    @property
    def behind_bytes(self) -> int:
        """About how much is not read yet; 0 where that cannot be told."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class LogUnreadable(Exception):
    """A log cannot be read now; the text says which, why and what to do about it."""
