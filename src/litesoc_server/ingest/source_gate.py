"""What every address that takes a source's deliveries does alike: who sends, what is set for it, limits, stream, counts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import msgspec

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.gate import Gate, stream_refusal
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.reply import Account
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ErrorCode, Refused, unavailable
from litesoc_server.ingest.source_counts import SourceCounts
from litesoc_server.ingest.source_settings import Connection, SettingsDirectory, SettingsUnavailable, SourceSettings
from litesoc_server.sources.base import ConnectedSource
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4  # that read bodies and wait for limits which are kept on a server
READING_OF_ONE_MAX = 16  # bodies of one organisation that are read or wait for it: some 2 s of these threads at the worst


class Opened(msgspec.Struct):
    """A delivery whose sender is known, and what counts for it."""

    account: Account
    record: KeyRecord
    client_address: str | None
    connection: Connection
    settings: SourceSettings
    now_ms: int


class SourceGate:
    """Lets deliveries in and appends their events. Bound to one event loop."""

    def __init__(
        self,
        *,
        gate: Gate,
        publisher: Publisher,
        key_directory: KeyDirectory,
        settings: SettingsDirectory,
        counts: SourceCounts,
        refusals: RefusalCounts,
        clock: Clock,
    ) -> None:
        self._gate = gate
        self._publisher = publisher
        self._keys = key_directory
        self._settings = settings
        self._counts = counts
        self._refusals = refusals
        self._clock = clock
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="sources")
        self._reading: Counter[OrgId] = Counter()

    async def open(self, source: ConnectedSource, head: RequestHead, peer: str | None, account: Account) -> Opened:
        """Say who sends and what is set for it, before the body is read. Raises Refused."""
        now_ms = self._clock.now_ms()
        try:
            found = await self._keys.lookup(head.key) if head.key else None
        except KeysUnavailable as error:
            raise unavailable("API keys are") from error
        record, address = self._gate.authorise(head, peer, account, found, now_ms)
        connection = Connection(record.org_id, record.environment, source.id)
        try:
            settings = await self._settings.lookup(connection)
        except SettingsUnavailable as error:
            raise unavailable("the settings of sources are") from error
        opened = Opened(account, record, address, connection, settings, now_ms)
        if not settings.is_enabled:
            message = f"{source.title} is switched off: switch it on under Integrations"
            refused = Refused(ErrorCode.FORBIDDEN, message)
            self.note_refused(opened, refused)
            raise refused
        return opened

    async def read(self, opened: Opened, is_quick: bool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: FBT001
        """Return what ``call`` reads out of a body: here if it is quick, else in a thread. Raises Refused.

        The threads are all organisations': one that sends more than they read is told to come back.
        """
        org_id = opened.record.org_id
        if not is_quick and self._reading[org_id] >= READING_OF_ONE_MAX:
            raise unavailable("a place to read one more of so many deliveries at once is")
        self._reading[org_id] += 1
        try:
            return await self.here_or_in_thread(is_quick, call, *args, **kwargs)
        finally:
            self._reading[org_id] -= 1
            if not self._reading[org_id]:
                del self._reading[org_id]

    async def admit(self, opened: Opened, count: int) -> None:
        """Hold ``count`` events against the plan's limits. Raises Refused."""
        is_quick = self._gate.admits_at_once(opened.record)
        await self.here_or_in_thread(is_quick, self._gate.admit, opened.account, opened.record, count)

    async def append(self, opened: Opened, payload: bytes, count: int) -> None:
        """Return once the envelope with its ``count`` admitted events is on disk. Raises Refused."""
        loop = asyncio.get_running_loop()
        appended: asyncio.Future[Exception | None] = loop.create_future()
        self._publisher.append(Subject.RAW, payload, appended.set_result)
        error = await appended
        if error is not None:
            await loop.run_in_executor(self._executor, self._gate.release, opened.record, count)
            raise stream_refusal(error)
        telemetry.EVENTS_ACCEPTED.inc(count)

    def note_taken(self, opened: Opened, outcomes: Mapping[str, int]) -> None:
        """Count a delivery that was taken; ``outcomes`` as source_counts has them."""
        self._counts.note_taken(opened.connection, opened.now_ms, outcomes)

    def note_refused(self, opened: Opened, refused: Refused) -> None:
        """Count a delivery that gets an error answer, by its reason."""
        reason = refused.hints.get("reason", refused.code)
        self._counts.note_refused(opened.connection, opened.now_ms, str(reason))
        self._refusals.note(opened.record.org_id, refused.code)

    async def here_or_in_thread(self, is_here: bool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: FBT001
        """Return what ``call`` returns, made here if it is quick and in a thread if it is not."""
        if is_here:
            return call(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: call(*args, **kwargs))

    def close(self) -> None:
        """End the threads. No request may begin any more."""
        self._executor.shutdown()
