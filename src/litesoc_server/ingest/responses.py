"""What clients get back: error codes with their statuses, the flat error body and the account headers."""

import logging
import uuid
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

import msgspec

from litesoc_server import telemetry
from litesoc_server.ingest.keys import KeyRecord
from litesoc_server.ingest.limits import QuotaDecision, RateDecision

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5  # for 503: long enough for a restart, short enough that SDKs still hold the events
ENCODER = msgspec.json.Encoder()


class ErrorCode(StrEnum):
    """Machine-readable reasons (contract 2.10, with some of our own)."""

    INVALID_JSON = "INVALID_JSON"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    UNAUTHORIZED = "UNAUTHORIZED"
    PLAN_RESTRICTED = "PLAN_RESTRICTED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"
    IP_NOT_ALLOWED = "IP_NOT_ALLOWED"
    ORIGIN_NOT_AUTHORIZED = "ORIGIN_NOT_AUTHORIZED"
    FORBIDDEN = "FORBIDDEN"  # the key lacks a scope
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"  # ours: the body did not arrive in time
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"  # ours: same Idempotency-Key, other body
    ALERT_CONFLICT = "ALERT_CONFLICT"  # ours: the alert's status does not allow the action
    KEY_CONFLICT = "KEY_CONFLICT"  # ours: the key is revoked or has expired, so it does not change
    WOULD_LOCK_OUT = "WOULD_LOCK_OUT"  # ours: an allow-list leaves out addresses that are in use
    POLICY_CONFLICT = "POLICY_CONFLICT"  # ours: somebody else has changed the policy meanwhile
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNSUPPORTED_ENCODING = "UNSUPPORTED_ENCODING"  # ours: a compressed body
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    SERVER_ERROR = "SERVER_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"  # ours: nothing was taken, send it again

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status that goes with the code (QUOTA_EXCEEDED may be set to 429 for older clients)."""
        return _STATUS[self]


_STATUS = {
    ErrorCode.INVALID_JSON: HTTPStatus.BAD_REQUEST,
    ErrorCode.VALIDATION_FAILED: HTTPStatus.BAD_REQUEST,
    ErrorCode.BATCH_TOO_LARGE: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.PLAN_RESTRICTED: HTTPStatus.FORBIDDEN,
    ErrorCode.QUOTA_EXCEEDED: HTTPStatus.FORBIDDEN,
    ErrorCode.ACCOUNT_SUSPENDED: HTTPStatus.FORBIDDEN,
    ErrorCode.IP_NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ErrorCode.ORIGIN_NOT_AUTHORIZED: HTTPStatus.FORBIDDEN,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.REQUEST_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    ErrorCode.IDEMPOTENCY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.ALERT_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.POLICY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.KEY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.WOULD_LOCK_OUT: HTTPStatus.CONFLICT,
    ErrorCode.PAYLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.UNSUPPORTED_ENCODING: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.RATE_LIMIT_EXCEEDED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.SERVICE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refused(Exception):
    """A request that gets an error answer. Raised by the steps of ingest, answered by their one caller."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        http_status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        **hints: object,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = int(code.status) if http_status is None else http_status
        self.headers = headers  # beside the account headers: Retry-After, Allow
        self.hints = hints  # further top-level members of the body


def error_body(code: ErrorCode, message: str, **hints: object) -> dict[str, object]:
    """Return the flat error body (contract 2.8), the only shape that no client chokes on; ``hints`` stand at top level."""
    return {"success": False, "error": message, "message": message, "code": code.value, **hints}


def unavailable(what: str) -> Refused:
    """Return the 503 that says ``what`` ("the stream is", "API keys are") cannot be used and when to come back."""
    message = f"{what} not available just now: send the request again in {RETRY_AFTER_S} seconds"
    return Refused(
        ErrorCode.SERVICE_UNAVAILABLE,
        message,
        headers=(("Retry-After", str(RETRY_AFTER_S)),),
        retry_after=RETRY_AFTER_S,
    )


def server_error(error: Exception) -> Refused:
    """Log and count a bug, and return the 500 for it. Log and answer share an id; neither quotes the request."""
    error_id = uuid.uuid4().hex
    log.error("a request failed", exc_info=error, extra={"error_id": error_id})
    telemetry.INGEST_ERRORS.inc()
    message = f"something went wrong on this server; its log says more under the id {error_id}"
    return Refused(ErrorCode.SERVER_ERROR, message, error_id=error_id)


def iso_ms(at_ms: int) -> str:
    """Return Unix milliseconds as clients expect times: "2026-08-09T07:12:44.120Z"."""
    # Not datetime.fromtimestamp: it divides by 1000.0 and can land on the neighbouring millisecond.
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000


def plan_headers(plan: str, retention_days: int | None, now_ms: int) -> list[tuple[str, str]]:
    """Return the account headers that do not depend on counters; see account_headers."""
    headers = [("X-LiteSOC-Plan", plan)]
    if retention_days is not None:
        # Always "days": two SDKs cannot read the singular.
        headers.append(("X-LiteSOC-Retention", f"{retention_days} days"))
        headers.append(("X-LiteSOC-Cutoff", iso_ms(now_ms - now_ms % 1000 - retention_days * _DAY_MS)))
    return headers


def account_headers(
    record: KeyRecord, *, quota: QuotaDecision | None, rate: RateDecision | None, now_ms: int
) -> list[tuple[str, str]]:
    """Return the headers of every authenticated response (contract 2.7). What is unlimited or not known is left out.

    The cut-off moves in whole seconds, so that the headers of one key stay the same for a second.
    """
    headers = plan_headers(record.plan, record.retention_days, now_ms)
    if quota is not None and quota.limit is not None and quota.remaining is not None and quota.used is not None:
        headers.append(("X-LiteSOC-Quota-Limit", str(quota.limit)))
        headers.append(("X-LiteSOC-Quota-Remaining", str(quota.remaining)))
        headers.append(("X-LiteSOC-Quota-Used", str(quota.used)))
    if rate is not None and rate.limit is not None and rate.remaining is not None:
        headers.append(("X-RateLimit-Limit", str(rate.limit)))
        headers.append(("X-RateLimit-Remaining", str(rate.remaining)))
    return headers
