"""An answer as bytes, the same for both transports."""

from functools import lru_cache
from http import HTTPStatus

import msgspec

from litesoc_server import telemetry
from litesoc_server.ingest import cors
from litesoc_server.ingest.admission import error_list
from litesoc_server.ingest.keys import KeyRecord
from litesoc_server.ingest.limits import QuotaDecision, RateDecision
from litesoc_server.ingest.responses import ENCODER, Refused, account_headers, error_body, plan_headers
from litesoc_server.sources.collect import Checked

Headers = tuple[tuple[bytes, bytes], ...]

# A refusal may name what the request sent: no browser guesses that it is something else.
_JSON: Headers = ((b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff"))


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status, headers in lower case without the content length, and body."""

    status: int
    headers: Headers
    body: bytes


class Account(msgspec.Struct, gc=False):
    """Whose request it is and what its limits said, as far as that is known when the answer is made."""

    record: KeyRecord | None = None
    rate: RateDecision | None = None
    quota: QuotaDecision | None = None


def json_reply(status: int, body: bytes, *, account: Account, origin: bytes | None, now_ms: int = 0) -> Reply:
    """Return an answer whose ``body`` is JSON, with the headers of the account (those need ``now_ms``) and for browsers."""
    record = account.record
    if record is None:
        headers = _JSON
    elif record.monthly_events_limit is None and record.rate_limit_per_minute is None:
        headers = _unlimited_headers(record.plan, record.retention_days, now_ms // 1000)
    else:
        headers = _JSON + _encoded(account_headers(record, quota=account.quota, rate=account.rate, now_ms=now_ms))
    if origin is not None:
        headers += cors.response_headers(origin)
    return Reply(status, headers, body)


def refusal_reply(refused: Refused, *, account: Account, origin: bytes | None, now_ms: int = 0) -> Reply:
    """Return the answer that says ``refused``, and count it."""
    telemetry.REQUESTS_REFUSED.labels(refused.code.value).inc()
    body = ENCODER.encode(error_body(refused.code, refused.message, **refused.hints))
    reply = json_reply(refused.status, body, account=account, origin=origin, now_ms=now_ms)
    return Reply(reply.status, reply.headers + _encoded(list(refused.headers)), reply.body)


def preflight_reply(origin: bytes | None) -> Reply:
    """Return the answer to any OPTIONS request."""
    return Reply(HTTPStatus.NO_CONTENT, cors.preflight_headers(origin), b"")


@lru_cache(maxsize=256)
def _unlimited_headers(plan: str, retention_days: int | None, now_s: int) -> Headers:
    """Return the headers of an answer without counters. Cached: they change once a second, and most keys share a plan."""
    return _JSON + _encoded(plan_headers(plan, retention_days, now_s * 1000))


def _encoded(headers: list[tuple[str, str]]) -> Headers:
    return tuple((name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers)


def accepted_body(checked: Checked, quota: QuotaDecision | None) -> bytes:
    """Return the one success body that every client understands (contract 2.1, 2.2)."""
    body = _accepted_body(checked.count, None if quota is None else quota.remaining, None if quota is None else quota.limit)
    if not checked.rejected:
        return body
    refused = {"rejected": len(checked.rejected), "errors": error_list(checked)}
    return body[:-1] + b"," + ENCODER.encode(refused)[1:]


@lru_cache(maxsize=256)
def _accepted_body(count: int, remaining: int | None, limit: int | None) -> bytes:
    return ENCODER.encode(
        {
            "success": True,
            "status": "queued",
            "queued": count,
            "events_accepted": count,
            "quota": {"remaining": remaining, "limit": limit},
        }
    )
