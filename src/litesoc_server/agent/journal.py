"""Reads the systemd journal by its own command, `journalctl --follow --output=json`, from a cursor on.

Options: journalctl(1); fields: systemd.journal-fields(7); the JSON form, in which a text that is not UTF-8 is an array of
bytes and one that is too long is null: https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format.
"""

import contextlib
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

import msgspec

from litesoc_server.agent.entries import LINE_BYTES_MAX, Entry, JournalPosition, LogUnreadable, Mark

log = logging.getLogger(__name__)

NAME = "journal"
# Of all programs only what is said under the facilities auth and authpriv (RFC 5424 section 6.2.1: 4 and 10), as
# /var/log/auth.log has it.
_FACILITIES = ("SYSLOG_FACILITY=4", "SYSLOG_FACILITY=10")
_QUEUE_MAX = 2_000  # entries read ahead
_RESTART_AFTER_S = 5.0
_ENTRY_BYTES_MAX = 4 * LINE_BYTES_MAX  # an entry has a dozen fields beside the message
_END_TIMEOUT_S = 5.0


class _Fields(msgspec.Struct, rename=None):
    cursor: str = msgspec.field(name="__CURSOR")
    realtime_us: str = msgspec.field(name="__REALTIME_TIMESTAMP", default="")
    message: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)
    host: str = msgspec.field(name="_HOSTNAME", default="-")
    program: str = msgspec.field(name="SYSLOG_IDENTIFIER", default="")
    command: str = msgspec.field(name="_COMM", default="")
    syslog_pid: str = msgspec.field(name="SYSLOG_PID", default="")
    pid: str = msgspec.field(name="_PID", default="")


_DECODER = msgspec.json.Decoder(_Fields)


class JournalLog:
    """Implements LogSource. Used by one thread; it has a second one that reads ahead."""

    name = NAME
    behind_bytes = 0  # journalctl does not tell
    gaps = 0

    def __init__(
        self,
        position: JournalPosition | None,
        *,
        from_start: bool,
        command: str = "journalctl",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cursor = None if position is None else position.cursor
        self._from_start = from_start
        self._command = command
        self._now_s = now_s
        self._process: subprocess.Popen[bytes] | None = None
        self._ahead: queue.Queue[Entry | None] = queue.Queue(_QUEUE_MAX)
        self._peeked: list[Entry] = []
        self._started_at_s = -_RESTART_AFTER_S

    @property
    def position(self) -> JournalPosition | None:
        """See LogSource."""
        return None if self._cursor is None else JournalPosition(self._cursor)

    def peek(self) -> list[Entry]:
        """See LogSource."""
        if self._process is None:
            self._start()
        while len(self._peeked) < _QUEUE_MAX:
            try:
                entry = self._ahead.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._ended()
                break
            self._peeked.append(entry)
        return list(self._peeked)

    def advance(self, mark: Mark) -> None:
        """See LogSource."""
        assert isinstance(mark, str)
        while self._peeked and self._peeked.pop(0).mark != mark:
            pass
        self._cursor = mark

    def close(self) -> None:
        """See LogSource."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_TIMEOUT_S)
            self._process = None

    def _start(self) -> None:
        if self._now_s() - self._started_at_s < _RESTART_AFTER_S:
            return
        self._started_at_s = self._now_s()
        if self._cursor is None and not self._from_start:
            self._cursor = self._last_cursor()
        where = ["--no-tail"] if self._cursor is None else [f"--after-cursor={self._cursor}", "--no-tail"]
        arguments = ["--follow", "--output=json", "--quiet", "--no-pager", *where, *_FACILITIES]
        self._process = self._run(arguments)
        self._ahead, self._peeked = queue.Queue(_QUEUE_MAX), []
        threading.Thread(target=_read_ahead, args=(self._process.stdout, self._ahead), name="journal", daemon=True).start()

    def _last_cursor(self) -> str | None:
        """Return where the journal ends now, so that nothing is missed between this start and the first entry."""
        process = self._run(["--lines=1", "--output=json", "--quiet", "--no-pager"])
        assert process.stdout is not None
        with process:
            entry = _entry(process.stdout.readline(_ENTRY_BYTES_MAX))
        return None if entry is None or not isinstance(entry.mark, str) else entry.mark

    def _run(self, arguments: list[str]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(  # noqa: S603 # our own words, and a cursor that journalctl itself printed
                [self._command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            msg = (
                f"{self._command} cannot be run ({error.strerror}): watch files instead, or install systemd's journal tools"
            )
            raise LogUnreadable(msg) from error

    def _ended(self) -> None:
        assert self._process is not None
        status = self._process.wait(_END_TIMEOUT_S)
        self._process = None
        log.warning(
            "journalctl ended with status %d; it is started again in %.0f s. If it cannot read the journal, add the agent's "
            "user to the group systemd-journal",
            status,
            _RESTART_AFTER_S,
        )


def _read_ahead(output: IO[bytes] | None, ahead: "queue.Queue[Entry | None]") -> None:
    """Put journalctl's entries into the queue, waiting while it is full; None at the end."""
    assert output is not None
    with output:
        while line := output.readline(_ENTRY_BYTES_MAX):
            entry = _entry(line)
            if entry is not None:
                ahead.put(entry)
    ahead.put(None)


def _entry(line: bytes) -> Entry | None:
    """Return one entry as a line of auth.log would have it; None for what is no entry."""
    try:
        fields = _DECODER.decode(line)
        at = datetime.fromtimestamp(int(fields.realtime_us) / 1_000_000, UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError):
        return None
    message = fields.message
    if isinstance(message, list):
        message = bytes(byte & 255 for byte in message).decode("utf-8", "replace")
    program, pid = fields.program or fields.command or "-", fields.syslog_pid or fields.pid
    tag = f"{program}[{pid}]" if pid else program
    return Entry(f"{at.isoformat(timespec='microseconds')} {fields.host} {tag}: {message or ''}", fields.cursor)
