"""One log together with its reader: lines become acts, and what was read can be said and gone on from."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from litesoc_server.agent.entries import FilePosition, JournalPosition, LogSource
from litesoc_server.agent.file_log import QUIET_S, FileLog
from litesoc_server.agent.journal import NAME as JOURNAL
from litesoc_server.agent.journal import JournalLog
from litesoc_server.agent.settings import AgentSettings
from litesoc_server.agent.state import LogState
from litesoc_server.sources.auth_log import AuthLogReader, LoggedAct, Programs


class ReadPart(msgspec.Struct, frozen=True):
    """What one look at a log gave."""

    line_count: int
    acts: list[tuple[LoggedAct, str]]  # each with its line; "" for an attempt that only its silence tells of


class WatchedLog:
    """A log that is read on and on. Used by one thread."""

    def __init__(
        self, source: LogSource, reader: AuthLogReader, saved: LogState | None, *, now: Callable[[], datetime]
    ) -> None:
        self.source = source
        self._reader = reader
        self._now = now
        if saved is not None:
            reader.remember(saved.connections)

    def read(self, acts_max: int) -> ReadPart:
        """Read on until there is no more for now, or about ``acts_max`` acts. Raises LogUnreadable."""
        acts: list[tuple[LoggedAct, str]] = []
        line_count = 0
        now = self._now()
        mark = None
        for entry in self.source.peek():
            acts += [(act, entry.text) for act in self._reader.read(entry.text, now=now)]
            line_count, mark = line_count + 1, entry.mark
            if len(acts) >= acts_max:
                break
        if mark is not None:
            self.source.advance(mark)
        acts += [(act, "") for act in self._reader.overdue(now)]
        return ReadPart(line_count, acts)

    def state(self) -> LogState | None:
        """Return how far it was read; None before there was anything."""
        position = self.source.position
        return None if position is None else LogState(position, self._reader.remembered())


def open_logs(
    settings: AgentSettings, saved: Mapping[str, LogState], *, now: Callable[[], datetime] | None = None
) -> list[WatchedLog]:
    """Return what the settings say is read, each going on where ``saved`` says."""
    clock = now or _now
    logs: list[WatchedLog] = []
    for watch in settings.watches:
        state = saved.get(str(watch.path))
        position = state.position if state is not None and isinstance(state.position, FilePosition) else None
        source: LogSource = FileLog(
            watch.path, position, from_start=settings.is_from_start, quiet_s=0.0 if settings.is_once else QUIET_S
        )
        reader = AuthLogReader(programs=watch.programs, time_zone=settings.time_zone)
        logs.append(WatchedLog(source, reader, state, now=clock))
    if settings.is_journal_read:
        state = saved.get(JOURNAL)
        cursor = state.position if state is not None and isinstance(state.position, JournalPosition) else None
        source = JournalLog(cursor, from_start=settings.is_from_start)
        logs.append(WatchedLog(source, AuthLogReader(programs=Programs.AUTH), state, now=clock))
    return logs


def _now() -> datetime:
    return datetime.now(UTC)
