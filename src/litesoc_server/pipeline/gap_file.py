"""The note, on disk, that events were stored without detection, and since when: it outlives a crash."""

import logging
import os
from contextlib import suppress
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)


class Gap(msgspec.Struct, frozen=True):
    """Events received from this moment on may not have been looked at."""

    since_ms: int  # Unix ms, our clock


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Gap)


class GapFile:
    """One note in a file. Every method returns when the disk holds what it says."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Gap | None:
        """Return the note, None if there is none. One that cannot be read is taken for as old as its file, less a day."""
        try:
            return _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            log.exception("the note of a gap in detection cannot be read; a day more is looked at")
            return Gap(since_ms=int(self._path.stat().st_mtime * 1000) - 86_400_000)

    def write(self, gap: Gap) -> None:
        """Put ``gap`` in place of what is there."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(_encoder.encode(gap))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._sync_directory()

    def remove(self) -> None:
        """Take the note away."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._sync_directory()

    def _sync_directory(self) -> None:
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
