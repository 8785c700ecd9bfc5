"""Takes the deliveries of webhook sources: authenticate, authorise, look at settings and signature, count, limit, append.

The body is read here only to count and to refuse; what is appended is the body, stripped where the source says so, and the
pipeline reads it again. So a replay reads it with what the source knows by then.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import ParamSpec, TypeVar

import msgspec

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest.gate import Gate, stream_refusal
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.reply import Account, Reply, json_reply
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ENCODER, ErrorCode, Refused, unavailable
from litesoc_server.ingest.source_counts import DELIVERED, IGNORED, KEPT_UNKNOWN, QUEUED, RECEIVED, SourceCounts
from litesoc_server.ingest.source_settings import Connection, SettingsDirectory, SettingsUnavailable, SourceSettings
from litesoc_server.sources.base import (
    BodyRefused,
    Delivery,
    Ignored,
    SignatureProblem,
    SignatureRefused,
    Translated,
    WebhookSource,
)
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject

P = ParamSpec("P")
T = TypeVar("T")

INLINE_BODY_BYTES_MAX = 32 * 1024  # larger ones are read in a thread
THREADS = 2
DELIVERY_ID_LENGTH_MAX = 255  # characters


class WebhookRequest(msgspec.Struct):
    """One request to a webhook address, before its key is looked at."""

    source: WebhookSource
    head: RequestHead  # its key is the header's, or the address's
    method: str
    headers: Mapping[str, str]  # without those that hold a key
    query: Mapping[str, str]  # without the key
    peer: str | None  # who opened the connection (personal data)


class Opened(msgspec.Struct):
    """A delivery whose sender is known, and what counts for it."""

    request: WebhookRequest
    account: Account
    record: KeyRecord
    client_address: str | None
    connection: Connection
    settings: SourceSettings
    now_ms: int


class WebhookDoor:
    """The webhook part of ingest, bound to one event loop."""

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
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")

    async def open(self, request: WebhookRequest, account: Account) -> Opened:
        """Say who sends and what is set for it, before the body is read. Raises Refused."""
        now_ms = self._clock.now_ms()
        head = request.head
        try:
            found = await self._keys.lookup(head.key) if head.key else None
        except KeysUnavailable as error:
            raise unavailable("API keys are") from error
        record, address = self._gate.authorise(head, request.peer, account, found, now_ms)
        connection = Connection(record.org_id, record.environment, request.source.id)
        try:
            settings = await self._settings.lookup(connection)
        except SettingsUnavailable as error:
            raise unavailable("the settings of webhook sources are") from error
        opened = Opened(request, account, record, address, connection, settings, now_ms)
        if not settings.is_enabled:
            message = f"{request.source.title} is switched off: switch it on under Integrations"
            refused = Refused(ErrorCode.FORBIDDEN, message)
            self.note_refused(opened, refused)
            raise refused
        return opened

    async def take(self, opened: Opened, body: bytes) -> Reply:
        """Answer one delivery: 200 once its events are on disk, also when nothing in it is an event. Raises Refused."""
        request, source = opened.request, opened.request.source
        delivery = Delivery(request.method, request.headers, request.query, body)
        if source.handshake is not None and (handshake := source.handshake(delivery)) is not None:
            reply = json_reply(HTTPStatus.OK, handshake.body, account=opened.account, origin=None, now_ms=opened.now_ms)
            headers = ((b"content-type", handshake.content_type.encode("latin-1")), *reply.headers[1:])
            return Reply(reply.status, headers, reply.body)
        try:
            self._require_signature(opened, body)
            entries, kept_body = await self._here_or_in_thread(
                len(body) <= INLINE_BODY_BYTES_MAX, _read, source, request.head, body
            )
            return await self._append(opened, entries, kept_body)
        except Refused as refused:
            self.note_refused(opened, refused)
            raise

    def note_refused(self, opened: Opened, refused: Refused) -> None:
        """Count a delivery that gets an error answer, by its reason."""
        reason = refused.hints.get("reason", refused.code)
        self._counts.note_refused(opened.connection, opened.now_ms, str(reason))
        self._refusals.note(opened.record.org_id, refused.code)

    def close(self) -> None:
        """End the threads. No request may begin any more."""
        self._executor.shutdown()

    def _require_signature(self, opened: Opened, body: bytes) -> None:
        verify, secrets = opened.request.source.verify, opened.settings.secrets
        if verify is None or not secrets:
            return
        refusal: SignatureRefused | None = None
        for secret in secrets:
            try:
                verify(opened.request.headers, body, secret, opened.now_ms)
            except SignatureRefused as refused:
                # Of several the least far from fitting tells most: a stale one is right but for its time.
                if refusal is None or refused.problem is SignatureProblem.STALE:
                    refusal = refused
            else:
                return
        assert refusal is not None
        raise Refused(ErrorCode.UNAUTHORIZED, refusal.message, reason=refusal.problem.value) from refusal

    async def _append(self, opened: Opened, entries: Translated, body: bytes) -> Reply:
        source, record = opened.request.source, opened.record
        left_out = [
            (index, entry)
            for index, entry in enumerate(entries)
            if isinstance(entry, Ignored) and not (opened.settings.keeps_unknown and entry.kept is not None)
        ]
        count = len(entries) - len(left_out)
        if count:
            await self._here_or_in_thread(self._gate.admits_at_once(record), self._gate.admit, opened.account, record, count)
            payload = _payload(opened, entries, tuple(index for index, _ in left_out), body)
            loop = asyncio.get_running_loop()
            appended: asyncio.Future[Exception | None] = loop.create_future()
            self._publisher.append(Subject.RAW, payload, appended.set_result)
            error = await appended
            if error is not None:
                await loop.run_in_executor(self._executor, self._gate.release, record, count)
                raise stream_refusal(error)
            telemetry.EVENTS_ACCEPTED.inc(count)
        unknown_count = sum(isinstance(entry, Ignored) for entry in entries) - len(left_out)
        outcomes = Counter({DELIVERED: 1, RECEIVED: len(entries), QUEUED: count, KEPT_UNKNOWN: unknown_count})
        outcomes.update(IGNORED + entry.reason.value for _, entry in left_out)
        self._counts.note_taken(opened.connection, opened.now_ms, outcomes)
        telemetry.WEBHOOK_RECORDS_IGNORED.labels(source.id).inc(len(left_out))
        answer = {
            "success": True,
            "status": "queued",
            "received": len(entries),
            "queued": count,
            "ignored": len(left_out),
        }
        return json_reply(
            HTTPStatus.OK,
            ENCODER.encode(answer),
            account=opened.account,
            origin=opened.request.head.origin,
            now_ms=opened.now_ms,
        )

    async def _here_or_in_thread(self, is_here: bool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: FBT001
        if is_here:
            return call(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: call(*args, **kwargs))


def _read(source: WebhookSource, head: RequestHead, body: bytes) -> tuple[Translated, bytes]:
    """Return the entries of ``body`` and what of it is appended. Raises Refused."""
    if head.content_encoding not in (b"", b"identity"):
        message = "Content-Encoding is not supported: let the vendor send plain JSON, without compression"
        raise Refused(ErrorCode.UNSUPPORTED_ENCODING, message)
    try:
        kept_body = body if source.strip is None else source.strip(body)
        return source.translate(kept_body), kept_body
    except BodyRefused as refused:
        raise Refused(ErrorCode(refused.fault.value), refused.message) from refused


def _payload(opened: Opened, entries: Translated, left_out: tuple[int, ...], body: bytes) -> bytes:
    """Return the envelope of one delivery, encoded for the stream."""
    header = opened.request.source.delivery_header
    delivery_id = opened.request.headers.get(header) if header else None
    items = (entry.kept if isinstance(entry, Ignored) else entry for entry in entries)
    return ENVELOPE_ENCODER.encode(
        Envelope(
            opened.record.org_id,
            opened.record.key_id,
            opened.record.environment,
            opened.request.source.id,
            opened.now_ms,
            draw_event_id_base(opened.now_ms),
            opened.client_address,
            True,  # noqa: FBT003 # by position as everywhere: records carry the vendor's own time
            left_out,
            body,
            # The vendor may have delivered these records before: the pipeline asks the store for them first.
            delivery_id is not None or any(item is not None and item.provider_id is not None for item in items),
            None,
            None if delivery_id is None else delivery_id[:DELIVERY_ID_LENGTH_MAX],
        )
    )
