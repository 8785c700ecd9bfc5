"""Takes OpenTelemetry logs: unpack, keep the events among the records, limit, append, answer.

Source of answers: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response: the request's own encoding, a
`google.rpc.Status` for errors, 429 and 503 with Retry-After for what may be sent again.
"""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from litesoc_server import telemetry
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.reply import Account, Headers, Reply, json_reply, refusal_reply
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ENCODER, ErrorCode, Refused
from litesoc_server.ingest.source_counts import DELIVERED, IGNORED, KEPT_UNKNOWN, QUEUED, RECEIVED
from litesoc_server.ingest.source_gate import Opened, SourceGate
from litesoc_server.sources import otlp
from litesoc_server.sources.base import RECORDS_MAX, BodyRefused, IgnoredBecause, SourceItem
from litesoc_server.sources.otlp_request import records_of_json, records_of_protobuf, unpack

JSON, PROTOBUF = b"application/json", b"application/x-protobuf"
_MESSAGE_FIELD = b"\x12"  # of google.rpc.Status: field 2, length-delimited
_VARINT_BITS, _VARINT_MORE = 7, 0x80


class OtlpRequest(msgspec.Struct):
    """One POST to /v1/logs, its body complete."""

    head: RequestHead
    content_type: bytes  # in small letters, without parameters
    body: bytes


class OtlpDoor:
    """The OpenTelemetry part of ingest."""

    def __init__(self, gate: SourceGate, is_known_name: Callable[[str], bool]) -> None:
        self._gate = gate
        self._is_known_name = is_known_name

    async def open(self, head: RequestHead, peer: str | None, account: Account) -> Opened:
        """Say who sends and what is set for it, before the body is read. Raises Refused."""
        return await self._gate.open(otlp.SOURCE, head, peer, account)

    async def take(self, request: OtlpRequest, opened: Opened) -> Reply:
        """Answer one export: 200 once its events are on disk, also when none of its records is one. Raises Refused."""
        try:
            items, ignored_count = await self._gate.read(opened, False, _read, request)  # noqa: FBT003
            if items:
                await self._append(opened, items)
        except Refused as refused:
            self.note_refused(opened, refused)
            raise
        custom_count = sum(not self._is_known_name(item.name) for item in items)
        outcomes = {DELIVERED: 1, RECEIVED: len(items) + ignored_count, QUEUED: len(items), KEPT_UNKNOWN: custom_count}
        self._gate.note_taken(opened, outcomes | {IGNORED + IgnoredBecause.NO_EVENT_NAME: ignored_count})
        telemetry.WEBHOOK_RECORDS_IGNORED.labels(otlp.SOURCE.id).inc(ignored_count)
        return _accepted(request, opened)

    def note_refused(self, opened: Opened, refused: Refused) -> None:
        """Count an export that gets an error answer, by its reason."""
        self._gate.note_refused(opened, refused)

    async def _append(self, opened: Opened, items: list[SourceItem]) -> None:
        await self._gate.admit(opened, len(items))
        may_backdate = Scope.BACKFILL in opened.record.scopes
        if not may_backdate:  # as for /collect: without the scope an event happened when it came
            items = [msgspec.structs.replace(item, timestamp=None) for item in items]
        envelope = Envelope(
            opened.record.org_id,
            opened.record.key_id,
            opened.record.environment,
            otlp.SOURCE.id,
            opened.now_ms,
            draw_event_id_base(opened.now_ms),
            opened.client_address,
            may_backdate,
            (),
            otlp.pack(items),
        )
        await self._gate.append(opened, ENVELOPE_ENCODER.encode(envelope), len(items))


def _accepted(request: OtlpRequest, opened: Opened) -> Reply:
    """Return an ExportLogsServiceResponse: without partial_success, since nothing was rejected."""
    reply = json_reply(HTTPStatus.OK, b"{}", account=opened.account, origin=request.head.origin, now_ms=opened.now_ms)
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
