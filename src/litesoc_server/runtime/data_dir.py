"""The data directory: made private to its owner, and owned by one server at a time."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

RESTORING = "restoring"  # the note that a restore goes on, with the backup's id
_LOCK_NAME = "lock"
_LOOKED_AT_S = 0.5  # far longer than a command needs to see whether a server is there
_TRY_EVERY_S = 0.02


class DataDirInUse(Exception):
    """Another server owns the data directory; the text says which process and what to do."""


class DataDirUnusable(Exception):
    """The data directory cannot be made or written to; the text says why."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"the data directory {path} cannot be used: {error.strerror}")


def make_data_dir(path: Path) -> None:
    """Create ``path`` readable by its owner only. Raises DataDirUnusable."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DataDirUnusable(path, error) from error


class RestoreUnfinished(Exception):
    """A restore into the data directory was interrupted: what is in it is not whole."""


def check_is_whole(data_dir: Path) -> None:
    """Raise RestoreUnfinished unless the last restore came to its end."""
    if (data_dir / RESTORING).exists():
        msg = f"a restore into {data_dir} was interrupted: run the same `litesoc restore` again, or remove the directory"
        raise RestoreUnfinished(msg)


class DataDirLock:
    """An exclusive lock that the kernel drops when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / _LOCK_NAME
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the lock. Raises DataDirInUse or DataDirUnusable."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirUnusable(self._path.parent, error) from error
        try:
            _lock_exclusively(descriptor)
        except BlockingIOError as error:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            msg = (
                f"the data directory {self._path.parent} is in use by another server (process {owner or 'unknown'}); "
                "stop that one first, or give this one its own directory with --data-dir"
            )
            raise DataDirInUse(msg) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_in_use(data_dir: Path) -> bool:
    """Return whether a server owns ``data_dir`` now."""
    try:
        descriptor = os.open(data_dir / _LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(
            descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB
        )  # shared: commands that look at once see no server in each other
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_exclusively(descriptor: int) -> None:
    """Lock for a server. A command that is just looking holds the lock for a moment: that must not stop a start.

    Raises BlockingIOError when another server has it.
    """
    deadline_s = time.monotonic() + _LOOKED_AT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise
        else:
            return
        time.sleep(_TRY_EVERY_S)
