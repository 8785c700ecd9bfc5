"""What an organisation has set for a webhook source, cached in this process. Fails closed, like keys.

Whether a delivery must be signed stands here, so a delivery is never let in because the control database does not answer.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import msgspec

from litesoc_server.clock import Clock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId

log = logging.getLogger(__name__)

FRESH_MS = 5_000  # a changed setting counts within this time
STALE_MAX_MS = 60_000  # how long known settings stay valid while the control database is down
ENTRIES_MAX = 10_000  # held; beyond that the oldest are asked for again
LOOKUP_THREADS = 2
LOOKUPS_WAITING_MAX = 256
LOOKUP_TIMEOUT_S = 5.0


class Connection(NamedTuple):
    """One source of one environment of an organisation."""

    org_id: OrgId
    environment: Environment
    source: str  # id of a connected source


class SourceSettings(msgspec.Struct, frozen=True):
    """What counts for the deliveries of one connection."""

    secrets: tuple[str, ...] = ()  # each signs; several while a rotation overlaps; none: the API key is enough
    keeps_unknown: bool = False  # whether unknown types become events
    is_enabled: bool = True


NOT_SET_UP = SourceSettings()


class SettingsUnavailable(Exception):
    """They cannot be read: fail closed with 503, never guess."""


class SettingsStore(Protocol):
    """The control plane's side. Blocking; called from worker threads."""

    def find(self, connection: Connection) -> SourceSettings | None:
        """Return the settings, None when nothing is set. Raises SettingsUnavailable."""
        ...


class SettingsDirectory:
    """Looks settings up. Lives on one event loop."""

    def __init__(self, store: SettingsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[Connection, tuple[SourceSettings, int]] = {}  # with the Unix ms of the store's last word
        self._in_flight: dict[Connection, asyncio.Task[SourceSettings]] = {}
        self._executor = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="sources")

    async def lookup(self, connection: Connection) -> SourceSettings:
        """Return what is set, NOT_SET_UP when nothing is. Raises SettingsUnavailable."""
        known = self._known.get(connection)
        if known is not None and self._clock.now_ms() - known[1] <= FRESH_MS:
            return known[0]
        try:
            # Shielded: others may wait for the same answer.
            return await asyncio.wait_for(asyncio.shield(self._ask(connection)), LOOKUP_TIMEOUT_S)
        except (TimeoutError, SettingsUnavailable) as error:
            if known is not None and self._clock.now_ms() - known[1] <= STALE_MAX_MS:
                log.warning("the settings of webhook sources cannot be asked for; known ones stay valid for a minute")
                return known[0]
            raise SettingsUnavailable("the settings of webhook sources cannot be read") from error

    def close(self) -> None:
        """Wait for running lookups and end the threads."""
        self._executor.shutdown(cancel_futures=True)

    def _ask(self, connection: Connection) -> asyncio.Task[SourceSettings]:
        running = self._in_flight.get(connection)
        if running is not None:
            return running
        if len(self._in_flight) >= LOOKUPS_WAITING_MAX:
            raise SettingsUnavailable("too many are being looked up")
        task = asyncio.get_running_loop().create_task(self._find(connection))
        self._in_flight[connection] = task
        task.add_done_callback(lambda done: self._forget(connection, done))
        return task

    async def _find(self, connection: Connection) -> SourceSettings:
        asked_at_ms = self._clock.now_ms()
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._store.find, connection)
        self._known.pop(connection, None)
        self._known[connection] = (found or NOT_SET_UP, asked_at_ms)
        while len(self._known) > ENTRIES_MAX:
            del self._known[next(iter(self._known))]
        return found or NOT_SET_UP

    def _forget(self, connection: Connection, done: asyncio.Task[SourceSettings]) -> None:
        self._in_flight.pop(connection, None)
        if not done.cancelled():
            done.exception()  # looked at, so that a failure nobody waited for any more is no warning
