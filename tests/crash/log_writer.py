"""A log that grows and rotates like a busy one: renamed and created anew, or copied and truncated, in turn."""

import os
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

KEPT_MAX = 200  # files put aside; logrotate keeps fewer, but this one rotates every few seconds
TICK_S = 0.02
ADDRESSES = 200  # that log in; with many more, the server's detection is what a run measures
STILL_WRITTEN_S = 0.2  # to a file that was renamed, as by a daemon that has not yet been told


class LogWriter:
    """Writes numbered failed logins, `lines_per_s` of them, until stopped; `count` is how many there are."""

    def __init__(self, path: Path, *, lines_per_s: int, rotate_every_s: float) -> None:
        self.count = 0
        self.rotations = 0
        self._path = path
        self._per_tick = max(int(lines_per_s * TICK_S), 1)
        self._rotate_every_s = rotate_every_s
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._path.touch()
        self._thread.start()

    def stop(self) -> None:
        """End after the line that is being written."""
        self._is_stopping.set()
        self._thread.join()

    def _run(self) -> None:
        fd = self._open()
        old_fd: int | None = None
        started = time.monotonic()
        next_rotation, leave_old_at, ticks = started + self._rotate_every_s, 0.0, 0
        while not self._is_stopping.is_set():
            ticks += 1
            self._write(fd if old_fd is None else old_fd)
            now = time.monotonic()
            if old_fd is not None and now >= leave_old_at:
                os.close(old_fd)
                old_fd = None
            elif old_fd is None and now >= next_rotation:
                next_rotation = now + self._rotate_every_s
                self.rotations += 1
                if self.rotations % 2:
                    self._shift()
                    self._path.rename(self._put_aside(1))
                    old_fd, fd, leave_old_at = fd, self._open(), now + STILL_WRITTEN_S
                else:
                    self._shift()
                    shutil.copy(self._path, self._put_aside(1))
                    os.truncate(self._path, 0)
            time.sleep(max(started + ticks * TICK_S - time.monotonic(), 0))

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _write(self, fd: int) -> None:
        stamp = datetime.now(UTC).isoformat()
        lines = [
            f"{stamp} web-3 sshd[{number % 30000 + 1}]: Failed password for u{number} from "
            f"198.51.100.{number % ADDRESSES} port {number % 60000 + 1} ssh2\n"
            for number in range(self.count, self.count + self._per_tick)
        ]
        text = "".join(lines).encode()
        # In two pieces, so that readers meet lines that are not whole yet.
        cut = len(text) * 2 // 3
        os.write(fd, text[:cut])
        os.write(fd, text[cut:])
        self.count += self._per_tick

    def _shift(self) -> None:
        for number in range(KEPT_MAX, 0, -1):
            if self._put_aside(number).exists():
                self._put_aside(number).rename(self._put_aside(number + 1))

    def _put_aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
