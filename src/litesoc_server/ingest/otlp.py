"""Takes OpenTelemetry logs: authenticate, authorise, unpack, keep the events among the records, limit, append, answer.

Source of answers: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response: the request's own encoding, a
`google.rpc.Status` for errors, 429 and 503 with Retry-After for what may be sent again.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from litesoc_server import telemetry
from litesoc_server.clock import Clock
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest.gate import Gate, stream_refusal
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable, Scope
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.ingest.reply import Account, Headers, Reply, json_reply, refusal_reply
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ENCODER, ErrorCode, Refused, unavailable
from litesoc_server.sources import otlp
from litesoc_server.sources.base import RECORDS_MAX, BodyRefused, SourceItem
from litesoc_server.sources.otlp_request import records_of_json, records_of_protobuf, unpack
from litesoc_server.stream.base import Publisher
from litesoc_server.stream.subjects import Subject

THREADS = 2
JSON, PROTOBUF = b"application/json", b"application/x-protobuf"
_MESSAGE_FIELD = b"\x12"  # of google.rpc.Status: field 2, length-delimited
_VARINT_BITS, _VARINT_MORE = 7, 0x80


class OtlpRequest(msgspec.Struct):
    """One POST to /v1/logs, its body complete."""

    head: RequestHead
    content_type: bytes  # in small letters, without parameters
    body: bytes
    peer: str | None  # who opened the connection (personal data)


class OtlpDoor:
    """The OpenTelemetry part of ingest, bound to one event loop."""

    def __init__(
        self, *, gate: Gate, publisher: Publisher, key_directory: KeyDirectory, refusals: RefusalCounts, clock: Clock
    ) -> None:
        self._gate = gate
        self._publisher = publisher
        self._keys = key_directory
        self._refusals = refusals
        self._clock = clock
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="otlp")

    def close(self) -> None:
        """End the threads. No request may begin any more."""
        self._executor.shutdown()

    async def take(self, request: OtlpRequest, account: Account) -> Reply:
        """Answer one export: 200 once its events are on disk, also when none of its records is one. Raises Refused."""
        now_ms = self._clock.now_ms()
        try:
            found = await self._keys.lookup(request.head.key) if request.head.key else None
        except KeysUnavailable as error:
            raise unavailable("API keys are") from error
        record, address = self._gate.authorise(request.head, request.peer, account, found, now_ms)
        try:
            await self._append(request, account, record, address, now_ms)
        except Refused as refused:
            self._refusals.note(record.org_id, refused.code)
            raise
        return self._accepted(request, account, now_ms)

    async def _append(
        self, request: OtlpRequest, account: Account, record: KeyRecord, address: str | None, now_ms: int
    ) -> None:
        loop = asyncio.get_running_loop()
        items, ignored_count = await loop.run_in_executor(self._executor, _read, request)
        telemetry.WEBHOOK_RECORDS_IGNORED.labels(otlp.ID).inc(ignored_count)
        if not items:
            return
        if self._gate.admits_at_once(record):
            self._gate.admit(account, record, len(items))
        else:
            await loop.run_in_executor(self._executor, self._gate.admit, account, record, len(items))
        may_backdate = Scope.BACKFILL in record.scopes
        if not may_backdate:  # as for /collect: without the scope an event happened when it came
            items = [msgspec.structs.replace(item, timestamp=None) for item in items]
        envelope = Envelope(
            record.org_id,
            record.key_id,
            record.environment,
            otlp.ID,
            now_ms,
            draw_event_id_base(now_ms),
            address,
            may_backdate,
            (),
            otlp.pack(items),
        )
        appended: asyncio.Future[Exception | None] = loop.create_future()
        self._publisher.append(Subject.RAW, ENVELOPE_ENCODER.encode(envelope), appended.set_result)
        error = await appended
        if error is not None:
            await loop.run_in_executor(self._executor, self._gate.release, record, len(items))
            raise stream_refusal(error)
        telemetry.EVENTS_ACCEPTED.inc(len(items))

    def _accepted(self, request: OtlpRequest, account: Account, now_ms: int) -> Reply:
        """Return an ExportLogsServiceResponse: without partial_success, since nothing was rejected."""
        reply = json_reply(HTTPStatus.OK, b"{}", account=account, origin=request.head.origin, now_ms=now_ms)
        if request.content_type == JSON:
            return reply
        return Reply(reply.status, _as_protobuf(reply.headers), ExportLogsServiceResponse().SerializeToString())


def refusal_of(refused: Refused, content_type: bytes, *, account: Account, origin: bytes | None, now_ms: int) -> Reply:
    """Return the answer to a refused export: a google.rpc.Status in the request's encoding."""
    reply = refusal_reply(refused, account=account, origin=origin, now_ms=now_ms)
    if content_type != PROTOBUF:
        return Reply(reply.status, reply.headers, ENCODER.encode({"message": refused.message, "error": refused.code.value}))
    return Reply(reply.status, _as_protobuf(reply.headers), status_message(refused.message))


def status_message(text: str) -> bytes:
    """Return a google.rpc.Status with a message and no code, encoded: its package is not among ours for one field."""
    content = text.encode()
    length, rest = b"", len(content)
    while True:
        rest, low = rest >> _VARINT_BITS, rest & (_VARINT_MORE - 1)
        length += bytes([low | (_VARINT_MORE if rest else 0)])
        if not rest:
            return _MESSAGE_FIELD + length + content


def content_type_of(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the Content-Type in small letters, without parameters."""
    found = next((value for name, value in headers if name == b"content-type"), b"")
    return found.partition(b";")[0].strip().lower()


def _read(request: OtlpRequest) -> tuple[list[SourceItem], int]:
    """Return the events of an export, and how many of its records are none. Raises Refused."""
    if request.content_type not in (JSON, PROTOBUF):
        message = "Content-Type must be application/x-protobuf or application/json, as OTLP over HTTP has it"
        raise Refused(ErrorCode.UNSUPPORTED_ENCODING, message)
    if request.head.content_encoding not in (b"", b"identity", b"gzip"):
        raise Refused(ErrorCode.UNSUPPORTED_ENCODING, "Content-Encoding must be gzip or none: set compression: gzip")
    try:
        body = unpack(request.body) if request.head.content_encoding == b"gzip" else request.body
        records = records_of_json(body) if request.content_type == JSON else records_of_protobuf(body)
        found = [otlp.item_of(record) for record in records]
    except BodyRefused as refused:
        raise Refused(ErrorCode(refused.fault.value), refused.message) from refused
    items = [item for item in found if item is not None]
    if len(items) > RECORDS_MAX:
        message = f"the export holds more than {RECORDS_MAX:,} events: set send_batch_max_size to {RECORDS_MAX}"
        raise Refused(ErrorCode.BATCH_TOO_LARGE, message)
    return items, len(found) - len(items)


def _as_protobuf(headers: Headers) -> Headers:
    return tuple((name, PROTOBUF if name == b"content-type" else value) for name, value in headers)
