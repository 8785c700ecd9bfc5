"""The raw ASGI application for /collect, /collect/batch, /webhooks/…, /logs, /health, and every API path's preflight."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from litesoc_server import __version__
from litesoc_server.clock import Clock
from litesoc_server.ingest.admission import key_refusal, method_refusal, require_admission
from litesoc_server.ingest.body import ClientGone, read_body
from litesoc_server.ingest.client_address import client_address
from litesoc_server.ingest.collect import Collector
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.otlp import OtlpDoor, OtlpRequest, content_type_of, refusal_of
from litesoc_server.ingest.paths import COLLECT, COLLECT_BATCH, HEALTH, LOGS, WEBHOOKS, api_path
from litesoc_server.ingest.reply import Account, Reply, json_reply, preflight_reply, refusal_reply
from litesoc_server.ingest.request import CollectRequest, RequestHead, read_head
from litesoc_server.ingest.responses import ENCODER, ErrorCode, Refused, iso_ms, server_error, unavailable
from litesoc_server.ingest.webhook_request import read_webhook_request
from litesoc_server.ingest.webhooks import WebhookDoor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SERVICE = "litesoc-server"

_METHODS = {COLLECT: ("POST",), COLLECT_BATCH: ("POST",), HEALTH: ("GET", "HEAD"), LOGS: ("POST",)}


class IngestApp:
    """Answers what ``handles`` says it does; the dispatcher sends it nothing else."""

    def __init__(
        self,
        *,
        collector: Collector,
        webhooks: WebhookDoor,
        otlp: OtlpDoor,
        key_directory: KeyDirectory,
        rate_limiter: RateLimiter,
        quota_meter: QuotaMeter,
        key_use: KeyUse,
        clock: Clock,
        body_timeout_s: float,
        trusted_proxy_count: int = 0,
    ) -> None:
        self._collector = collector
        self._webhooks = webhooks
        self._otlp = otlp
        self._keys = key_directory
        self._rate_limiter = rate_limiter
        self._quota_meter = quota_meter
        self._key_use = key_use
        self._clock = clock
        self._trusted_proxy_count = trusted_proxy_count
        self._body_timeout_s = body_timeout_s

    @staticmethod
    def handles(method: str, path: str) -> bool:
        """Return whether this application answers ``method`` on ``path``, as ``paths.api_path`` returns it."""
        return path in _METHODS or path.startswith(WEBHOOKS) or method == "OPTIONS"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. Raises nothing: the answer to a bug is a 500 in the shape of every other error."""
        head, account = read_head(scope["headers"]), Account()
        try:
            reply = await self._answer(scope, receive, head, account)
        except ClientGone:
            return
        except Refused as refused:
            reply = self._refusal(refused, head, account)
        except Exception as error:  # noqa: BLE001 # the edge
            reply = self._refusal(server_error(error), head, account)
        headers = list(reply.headers)
        if reply.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive, head: RequestHead, account: Account) -> Reply:
        method, path = str(scope["method"]), api_path(str(scope["path"]))
        if method == "OPTIONS":
            return preflight_reply(head.origin)
        if path is not None and path.startswith(WEBHOOKS):
            return await self._webhook(scope, receive, head, account, path.removeprefix(WEBHOOKS))
        allowed = _METHODS.get(path or "")
        if allowed is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such endpoint: see the API documentation")
        if method not in allowed:
            raise method_refusal(method, allowed)
        client: tuple[str, int] | None = scope.get("client")
        peer = None if client is None else client[0]
        if path == HEALTH:
            return await self._health(head, peer, account)
        if path == LOGS:
            return await self._logs(scope, receive, head, account, peer)
        body = await read_body(receive, head, timeout_s=self._body_timeout_s)
        request = CollectRequest(head, body, path == COLLECT_BATCH, peer)
        return await self._collector.collect(request)

    async def _webhook(self, scope: Scope, receive: Receive, head: RequestHead, account: Account, source_id: str) -> Reply:
        request = read_webhook_request(scope, head, source_id)
        opened = await self._webhooks.open(request, account)
        try:
            body = await read_body(receive, head, timeout_s=self._body_timeout_s)
        except Refused as refused:
            self._webhooks.note_refused(opened, refused)
            raise
        return await self._webhooks.take(request, opened, body)

    async def _logs(self, scope: Scope, receive: Receive, head: RequestHead, account: Account, peer: str | None) -> Reply:
        content_type = content_type_of(scope["headers"])
        try:
            opened = await self._otlp.open(head, peer, account)
            try:
                body = await read_body(receive, head, timeout_s=self._body_timeout_s)
            except Refused as refused:
                self._otlp.note_refused(opened, refused)
                raise
            return await self._otlp.take(OtlpRequest(head, content_type, body), opened)
        except Refused as refused:
            now_ms = self._clock.now_ms()
            return refusal_of(refused, content_type, account=account, origin=head.origin, now_ms=now_ms)

    async def _health(self, head: RequestHead, peer: str | None, account: Account) -> Reply:
        body: dict[str, object] = {
            "status": "ok",
            "service": SERVICE,
            "version": __version__,
            "timestamp": iso_ms(self._clock.now_ms()),
        }
        if head.key:
            try:
                record = await self._keys.lookup(head.key)
            except KeysUnavailable as error:
                raise _unhealthy(unavailable("API keys are")) from error
            if record is None:
                raise _unhealthy(key_refusal(head.key))
            await self._fill(account, record)
            self._admit(record, head, peer)
            body |= {"organization": {"id": record.org_id, "name": record.org_name}, "authenticated": True}
            body["scopes"] = sorted(record.scopes)  # ours: tells a tool before it starts what its key may do
        encoded = ENCODER.encode(body)
        return json_reply(HTTPStatus.OK, encoded, account=account, origin=head.origin, now_ms=self._clock.now_ms())

    def _admit(self, record: KeyRecord, head: RequestHead, peer: str | None) -> None:
        address = client_address(peer=peer, forwarded_for=head.forwarded_for, trusted_proxy_count=self._trusted_proxy_count)
        origin = None if head.origin is None else head.origin.decode("latin-1")
        try:
            require_admission(record, address=address, origin=origin, host=head.host.decode("latin-1"))
        except Refused as refused:
            raise _unhealthy(refused) from None
        self._key_use.note(record.key_id, address, self._clock.now_ms())

    async def _fill(self, account: Account, record: KeyRecord) -> None:
        """Ask for the counters without counting."""
        account.record = record
        if self._rate_limiter.is_immediate(record) and self._quota_meter.is_immediate(record):
            account.rate, account.quota = self._rate_limiter.hit(record, 0), self._quota_meter.reserve(record, 0)
        else:
            account.rate = await asyncio.to_thread(self._rate_limiter.hit, record, 0)
            account.quota = await asyncio.to_thread(self._quota_meter.reserve, record, 0)

    def _refusal(self, refused: Refused, head: RequestHead, account: Account) -> Reply:
        return refusal_reply(refused, account=account, origin=head.origin, now_ms=self._clock.now_ms())


def _unhealthy(refused: Refused) -> Refused:
    """Return ``refused`` with the status word that clients of /health read (contract 2.6)."""
    refused.hints["status"] = "error"
    return refused
