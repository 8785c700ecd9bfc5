"""Takes events: authenticate, authorise, check, limit, append, answer. Knows nothing of how requests and answers travel.

The ordinary request is answered without a task: everything it needs is in memory, and the append calls back. Whatever must
wait (a key not seen lately, counters in Redis, an Idempotency-Key, a large body) is done in a task, by the same steps.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest import admission
from litesoc_server.ingest.gate import Gate, stream_refusal
from litesoc_server.ingest.idempotency import (
    KEY_LENGTH_MAX,
    Answer,
    Claim,
    IdempotencyStore,
    OnceOnly,
    claim_name,
    hash_request,
    owner_of,
    parse_key,
)
from litesoc_server.ingest.key_directory import KeyDirectory, NotCached
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable, Scope
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.reply import Account, Reply, accepted_body, json_reply, refusal_reply
from litesoc_server.ingest.request import CollectRequest
from litesoc_server.ingest.responses import ErrorCode, Refused, server_error, unavailable
from litesoc_server.sources.collect import Checked
from litesoc_server.sources.registry import COLLECT
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

INLINE_BODY_BYTES_MAX = 32 * 1024  # larger ones are checked in a thread: a hostile one of this size takes up to 10 ms
THREADS = 4


class Exchange:
    """One request on its way to its answer."""

    __slots__ = ("_refusals", "_reply", "account", "client_address", "now_ms", "request")

    def __init__(
        self, request: CollectRequest, reply: Callable[[Reply], None], refusals: RefusalCounts, now_ms: int
    ) -> None:
        self.request = request
        self.account = Account()
        self.client_address: str | None = None
        self.now_ms = now_ms  # when the request had arrived, Unix ms
        self._reply = reply
        self._refusals = refusals

    def answer(self, answer: Answer) -> None:
        """Send ``answer`` with the headers of the account."""
        origin = self.request.head.origin
        self._reply(json_reply(answer.status, answer.body, account=self.account, origin=origin, now_ms=self.now_ms))

    def refuse(self, refused: Refused) -> None:
        """Send a refusal."""
        if self.account.record is not None:
            self._refusals.note(self.account.record.org_id, refused.code)
        self._reply(
            refusal_reply(refused, account=self.account, origin=self.request.head.origin, now_ms=self.now_ms),
        )

    def fail(self, error: Exception) -> None:
        """Answer 500 for a bug."""
        self.refuse(server_error(error))


class Collector:
    """The core of ingest, bound to one event loop. Both transports call ``begin``."""

    def __init__(
        self,
        *,
        publisher: Publisher,
        key_directory: KeyDirectory,
        rate_limiter: RateLimiter,
        quota_meter: QuotaMeter,
        idempotency: IdempotencyStore,
        key_use: KeyUse,
        clock: Clock,
        trusted_proxy_count: int = 0,
        refusals: RefusalCounts | None = None,
        collect_status: int = 202,
        quota_exceeded_status: int = 403,
    ) -> None:
        self._publisher = publisher
        self._keys = key_directory
        self._quota_meter = quota_meter
        self._once_only = OnceOnly(idempotency)
        self._clock = clock
        self.gate = Gate(
            rate_limiter=rate_limiter,
            quota_meter=quota_meter,
            key_use=key_use,
            clock=clock,
            trusted_proxy_count=trusted_proxy_count,
            quota_exceeded_status=quota_exceeded_status,
        )
        self._refusals = refusals or RefusalCounts()
        self._collect_status = collect_status
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="ingest")
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, request: CollectRequest, reply: Callable[[Reply], None]) -> None:
        """Take ``request``; ``reply`` is called on this event loop, once, possibly before this returns. Never raises."""
        exchange = Exchange(request, reply, self._refusals, self._clock.now_ms())
        try:
            self._begin(exchange)
        except Refused as refused:
            exchange.refuse(refused)
        except Exception as error:  # noqa: BLE001 # the edge: the caller is a protocol's callback
            exchange.fail(error)

    async def collect(self, request: CollectRequest) -> Reply:
        """Do what ``begin`` does, for callers that can wait."""
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def reply(answer: Reply) -> None:
            if not replied.done():
                replied.set_result(answer)

        self.begin(request, reply)
        return await replied

    async def close(self) -> None:
        """Wait for the tasks that still run and end the threads. No request may begin any more."""
        await asyncio.gather(*self._tasks)
        self._executor.shutdown()

    def _begin(self, exchange: Exchange) -> None:
        head, body = exchange.request.head, exchange.request.body
        found = self._keys.lookup_cached(head.key) if head.key else None
        if isinstance(found, NotCached) or head.idempotency_key is not None or len(body) > INLINE_BODY_BYTES_MAX:
            self._start_task(exchange)
            return
        record = self._authorise(exchange, found)
        if not self.gate.admits_at_once(record):
            self._start_task(exchange)
            return
        received_at_ms = exchange.now_ms
        checked = admission.check_body(exchange.request, record, received_at_ms)
        self.gate.admit(exchange.account, record, checked.count)
        payload = _payload(exchange, record, checked, draw_event_id_base(received_at_ms), received_at_ms)
        self._publisher.append(Subject.RAW, payload, lambda error: self._appended(exchange, record, checked, error))

    def _appended(self, exchange: Exchange, record: KeyRecord, checked: Checked, error: Exception | None) -> None:
        try:
            if error is None:
                exchange.answer(self._accepted(exchange.account, checked))
            else:
                self._quota_meter.release(record, checked.count)
                exchange.refuse(stream_refusal(error))
        except Exception as bug:  # noqa: BLE001 # the edge: the caller is the stream's callback
            exchange.fail(bug)

    def _start_task(self, exchange: Exchange) -> None:
        task = asyncio.get_running_loop().create_task(self._collect(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect(self, exchange: Exchange) -> None:
        head = exchange.request.head
        try:
            record = self._authorise(exchange, await self._keys.lookup(head.key) if head.key else None)
            if head.idempotency_key is None:
                mine = Claim(b"", draw_event_id_base(exchange.now_ms), exchange.now_ms)
                answer = await self._take(exchange, record, mine, is_repeat=False)
            else:
                answer = await self._take_once(exchange, record, head.idempotency_key)
            exchange.answer(answer)
        except KeysUnavailable:
            exchange.refuse(unavailable("API keys are"))
        except Refused as refused:
            exchange.refuse(refused)
        except Exception as error:  # noqa: BLE001 # the edge: nobody awaits the task
            exchange.fail(error)

    async def _take_once(self, exchange: Exchange, record: KeyRecord, header: bytes) -> Answer:
        key = parse_key(header)
        if key is None:
            message = f"Idempotency-Key must have 1 to {KEY_LENGTH_MAX} printable ASCII characters, e.g. a UUID"
            raise Refused(ErrorCode.VALIDATION_FAILED, message)
        request = exchange.request
        body_hash = hash_request(is_batch_path=request.is_batch_path, body=request.body)
        mine = Claim(body_hash, draw_event_id_base(exchange.now_ms), exchange.now_ms, owner=owner_of(record.org_id))
        name = claim_name(record.org_id, record.environment, key)

        async def take(claim: Claim, is_repeat: bool) -> Answer:  # noqa: FBT001 # the signature that OnceOnly calls
            return await self._take(exchange, record, claim, is_repeat=is_repeat)

        return await self._once_only.run(name, mine, take)

    async def _take(self, exchange: Exchange, record: KeyRecord, claim: Claim, *, is_repeat: bool) -> Answer:
        """Check, limit and append under the ids of ``claim``, waiting where that has to be. Raises Refused."""
        request, account = exchange.request, exchange.account
        received_at_ms = claim.received_at_ms
        checked = await self._here_or_in_thread(
            len(request.body) <= INLINE_BODY_BYTES_MAX, admission.check_body, request, record, received_at_ms
        )
        await self._here_or_in_thread(self.gate.admits_at_once(record), self.gate.admit, account, record, checked.count)
        payload = _payload(exchange, record, checked, claim.event_id_base, received_at_ms, is_repeat=is_repeat)
        loop = asyncio.get_running_loop()
        appended: asyncio.Future[Exception | None] = loop.create_future()
        self._publisher.append(Subject.RAW, payload, appended.set_result)
        error = await appended
        if error is not None:
            await loop.run_in_executor(self._executor, self._quota_meter.release, record, checked.count)
            raise stream_refusal(error)
        return self._accepted(account, checked)

    async def _here_or_in_thread(self, is_here: bool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: FBT001
        if is_here:
            return call(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: call(*args, **kwargs))

    def _authorise(self, exchange: Exchange, record: KeyRecord | None) -> KeyRecord:
        request = exchange.request
        record, exchange.client_address = self.gate.authorise(
            request.head, request.peer, exchange.account, record, exchange.now_ms
        )
        return record

    def _accepted(self, account: Account, checked: Checked) -> Answer:
        telemetry.EVENTS_ACCEPTED.inc(checked.count)
        return Answer(self._collect_status, accepted_body(checked, account.quota))


def _payload(
    exchange: Exchange,
    record: KeyRecord,
    checked: Checked,
    event_id_base: bytes,
    received_at_ms: int,
    *,
    is_repeat: bool = False,
) -> bytes:
    """Return the envelope of one request, encoded for the stream."""
    return ENVELOPE_ENCODER.encode(
        Envelope(
            record.org_id,
            record.key_id,
            record.environment,
            COLLECT,
            received_at_ms,
            event_id_base,
            exchange.client_address,
            Scope.BACKFILL in record.scopes,
            tuple(refused.index for refused in checked.rejected) if checked.rejected else (),
            exchange.request.body,
            is_repeat,
        )
    )
