"""Takes the deliveries of webhook sources: look at the signature, count, limit, append.

The body is read here only to count and to refuse; what is appended is the body, stripped where the source says so, and the
pipeline reads it again. So a replay reads it with what the source knows by then.
"""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope
from litesoc_server.events.ids import draw_event_id_base
from litesoc_server.ingest.admission import method_refusal
from litesoc_server.ingest.reply import Account, Reply, json_reply
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ENCODER, ErrorCode, Refused
from litesoc_server.ingest.source_counts import DELIVERED, IGNORED, KEPT_UNKNOWN, QUEUED, RECEIVED
from litesoc_server.ingest.source_gate import Opened, SourceGate
from litesoc_server.sources.base import (
    BodyRefused,
    Delivery,
    Ignored,
    SignatureProblem,
    SignatureRefused,
    Translated,
    WebhookSource,
)

INLINE_BODY_BYTES_MAX = 32 * 1024  # larger ones are read in a thread
DELIVERY_ID_LENGTH_MAX = 255  # characters
_FORM = "application/x-www-form-urlencoded"


class WebhookRequest(msgspec.Struct):
    """One request to a webhook address, before its key is looked at."""

    source: WebhookSource
    head: RequestHead  # its key is the header's, or the address's
    method: str
    headers: Mapping[str, str]  # without those that hold a key
    query: Mapping[str, str]  # without the key
    peer: str | None  # who opened the connection (personal data)


class WebhookDoor:
    """The webhook part of ingest."""

    def __init__(self, gate: SourceGate) -> None:
        self._gate = gate

    async def open(self, request: WebhookRequest, account: Account) -> Opened:
        """Say who sends and what is set for it, before the body is read. Raises Refused."""
        allowed = ("POST",) if request.source.handshake is None else ("POST", "GET")
        refused = None if request.method in allowed else method_refusal(request.method, allowed)
        if refused is not None and not request.head.key:
            raise refused
        opened = await self._gate.open(request.source, request.head, request.peer, account)
        if refused is not None:  # with a key it is somebody's, who sees it on the Integrations page
            self.note_refused(opened, refused)
            raise refused
        return opened

    async def take(self, request: WebhookRequest, opened: Opened, body: bytes) -> Reply:
        """Answer one delivery: 200 once its events are on disk, also when nothing in it is an event. Raises Refused."""
        source = request.source
        delivery = Delivery(request.method, request.headers, request.query, body)
        if source.handshake is not None and (handshake := source.handshake(delivery)) is not None:
            reply = json_reply(HTTPStatus.OK, handshake.body, account=opened.account, origin=None, now_ms=opened.now_ms)
            headers = ((b"content-type", handshake.content_type.encode("latin-1")), *reply.headers[1:])
            self._gate.note_taken(opened, {DELIVERED: 1})
            return Reply(reply.status, headers, reply.body)
        try:
            if request.method != "POST":
                raise method_refusal(request.method, ("POST",))
            _require_signature(request, opened, body)
            entries, kept_body = await self._gate.read(opened, len(body) <= INLINE_BODY_BYTES_MAX, _read, request, body)
            return await self._append(request, opened, entries, kept_body)
        except Refused as refused:
            self.note_refused(opened, refused)
            raise

    def note_refused(self, opened: Opened, refused: Refused) -> None:
        """Count a delivery that gets an error answer, by its reason."""
        self._gate.note_refused(opened, refused)

    async def _append(self, request: WebhookRequest, opened: Opened, entries: Translated, body: bytes) -> Reply:
        left_out = [
            (index, entry)
            for index, entry in enumerate(entries)
            if isinstance(entry, Ignored) and not (opened.settings.keeps_unknown and entry.kept is not None)
        ]
        count = len(entries) - len(left_out)
        if count:
            await self._gate.admit(opened, count)
            payload = _payload(request, opened, entries, tuple(index for index, _ in left_out), body)
            await self._gate.append(opened, payload, count)
        unknown_count = sum(isinstance(entry, Ignored) for entry in entries) - len(left_out)
        outcomes = Counter({DELIVERED: 1, RECEIVED: len(entries), QUEUED: count, KEPT_UNKNOWN: unknown_count})
        outcomes.update(IGNORED + entry.reason.value for _, entry in left_out)
        self._gate.note_taken(opened, outcomes)
        telemetry.WEBHOOK_RECORDS_IGNORED.labels(request.source.id).inc(len(left_out))
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
            origin=request.head.origin,
            now_ms=opened.now_ms,
        )


def _require_signature(request: WebhookRequest, opened: Opened, body: bytes) -> None:
    verify, secrets = request.source.verify, opened.settings.secrets
    if verify is None or not secrets:
        return
    refusal: SignatureRefused | None = None
    for secret in secrets:
        try:
            verify(request.headers, body, secret, opened.now_ms)
        except SignatureRefused as refused:
            # Of several the least far from fitting tells most: a stale one is right but for its time.
            if refusal is None or refused.problem is SignatureProblem.STALE:
                refusal = refused
        else:
            return
    assert refusal is not None
    raise Refused(ErrorCode.UNAUTHORIZED, refusal.message, reason=refusal.problem.value) from refusal


def _read(request: WebhookRequest, body: bytes) -> tuple[Translated, bytes]:
    """Return the entries of ``body`` and what of it is appended. Raises Refused."""
    source = request.source
    if request.head.content_encoding not in (b"", b"identity"):
        message = "Content-Encoding is not supported: let the vendor send plain JSON, without compression"
        raise Refused(ErrorCode.UNSUPPORTED_ENCODING, message)
    try:
        kept_body = body if source.strip is None else source.strip(body)
        return source.translate(kept_body), kept_body
    except BodyRefused as refused:
        message = refused.message
        # Some vendors offer forms first. A form's header on JSON is what curl sends, and does no harm.
        if request.headers.get("content-type", "").startswith(_FORM):
            message += ", and choose application/json as its content type at the vendor's"
        raise Refused(ErrorCode(refused.fault.value), message) from refused


def _payload(request: WebhookRequest, opened: Opened, entries: Translated, left_out: tuple[int, ...], body: bytes) -> bytes:
    """Return the envelope of one delivery, encoded for the stream."""
    header = request.source.delivery_header
    delivery_id = request.headers.get(header) if header else None
    items = (entry.kept if isinstance(entry, Ignored) else entry for entry in entries)
    return ENVELOPE_ENCODER.encode(
        Envelope(
            opened.record.org_id,
            opened.record.key_id,
            opened.record.environment,
            request.source.id,
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
