"""Why a request is not taken, put into words: key, scope, body, rate and quota."""

from datetime import UTC, datetime, timedelta

from litesoc_server.ingest.keys import KeyRecord, Scope
from litesoc_server.ingest.limits import QuotaDecision, RateDecision
from litesoc_server.ingest.request import BODY_BYTES_MAX, CollectRequest
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.sources.base import BodyRefused, Fault
from litesoc_server.sources.collect import Checked, check

_TOO_MANY_REQUESTS = 429
ORIGIN_NOT_AUTHORIZED = "Origin not authorized"  # clients look for these words (contract 2.8, 8.4)


def key_refusal(key: bytes) -> Refused:
    """Return the 401 for a missing key (empty) or an unknown one."""
    message = (
        "this API key is unknown, revoked or expired: `litesoc keys list` on the server shows those there are"
        if key
        else "the API key is missing: send it in the X-API-Key header"
    )
    return Refused(ErrorCode.UNAUTHORIZED, message, headers=(("WWW-Authenticate", "Bearer"),))


def require_admission(record: KeyRecord, *, address: str | None, origin: str | None, host: str) -> None:
    """Raise Refused when the organisation is suspended, or the key may not be used from this address or web page.

    ``address`` is the client's, as ``client_address`` returns it; ``origin`` what a browser says its page is of, ``host``
    what the request was sent to: pages of this server itself may use any key.
    """
    if record.is_suspended:
        raise Refused(ErrorCode.ACCOUNT_SUSPENDED, "this organisation is suspended: ask the operator of this server")
    for allow_list in record.allow_lists:
        if not allow_list.includes(address):
            raise Refused(ErrorCode.IP_NOT_ALLOWED, _not_from_here(address))
    if origin is not None and not record.origins.include(origin) and not _is_own_page(origin, host):
        raise Refused(ErrorCode.ORIGIN_NOT_AUTHORIZED, ORIGIN_NOT_AUTHORIZED)


def _not_from_here(address: str | None) -> str:
    where = "an unknown address" if address is None else address
    return f"this API key cannot be used from {where}: its IP allow-list does not include it"


def _is_own_page(origin: str, host: str) -> bool:
    return bool(host) and origin.partition("://")[2].lower() == host.lower()


def require_scope(record: KeyRecord, scope: Scope) -> None:
    """Raise Refused when the key may not do this."""
    if scope not in record.scopes:
        message = f'this API key lacks the scope "{scope.value}": use a key that has it'
        raise Refused(ErrorCode.FORBIDDEN, message, required_scope=scope.value)


def method_refusal(method: str, allowed: tuple[str, ...]) -> Refused:
    """Return the 405 for a ``method`` that is none of ``allowed``."""
    allow = ", ".join((*allowed, "OPTIONS"))
    message = f"{method} is not allowed here: use {allowed[0]}"
    return Refused(ErrorCode.METHOD_NOT_ALLOWED, message, headers=(("Allow", allow),))


def too_large() -> Refused:
    """Return the 413 for a body above the ceiling."""
    message = f"the body is larger than {BODY_BYTES_MAX // 1024} KiB: send fewer events per request"
    return Refused(ErrorCode.PAYLOAD_TOO_LARGE, message)


def check_body(request: CollectRequest, record: KeyRecord, received_at_ms: int) -> Checked:
    """Return which events of the body are taken, at least one. Raises Refused."""
    if request.head.content_encoding not in (b"", b"identity"):
        message = "Content-Encoding is not supported: send the body as plain JSON, without compression"
        raise Refused(ErrorCode.UNSUPPORTED_ENCODING, message)
    if not request.body or request.body.isspace():
        raise Refused(ErrorCode.INVALID_JSON, "the body is empty: send one event, or a batch of events, as JSON")
    try:
        checked = check(
            request.body,
            batch_only=request.is_batch_path,
            may_backdate=Scope.BACKFILL in record.scopes,
            now_ms=received_at_ms,
        )
    except BodyRefused as refused:
        raise Refused(ErrorCode(refused.fault.value), refused.message) from refused
    if checked.count == 0:
        raise _none_taken(checked)
    return checked


def _none_taken(checked: Checked) -> Refused:
    first = checked.rejected[0]
    if not checked.is_batch:
        return Refused(ErrorCode(first.fault.value), first.message)
    faults = {refused.fault for refused in checked.rejected}
    code = ErrorCode(first.fault.value) if len(faults) == 1 else ErrorCode(Fault.VALIDATION_FAILED.value)
    message = f"none of the events can be taken; the first one: {first.message}"
    return Refused(code, message, rejected=len(checked.rejected), errors=error_list(checked))


def error_list(checked: Checked) -> list[dict[str, object]]:
    """Return the refused events of a batch as clients see them (contract 2.2)."""
    return [{"index": item.index, "code": item.fault.value, "message": item.message} for item in checked.rejected]


def rate_refusal(rate: RateDecision) -> Refused:
    """Return the 429. Its text must not contain the word for the monthly limit: a client tells the two apart by it."""
    whose = " for this API key" if rate.is_of_key else ""
    message = f"rate limit exceeded: {rate.limit} events per minute{whose}; send again in {rate.retry_after_s} seconds"
    return _too_many(message, rate)


def feedback_refusal(rate: RateDecision) -> Refused:
    """Return the 429 for feedback; no event is refused by it."""
    message = (
        f"feedback limit exceeded: {rate.limit} an hour for an organisation; send again in {rate.retry_after_s} seconds"
    )
    return _too_many(message, rate)


def _too_many(message: str, rate: RateDecision) -> Refused:
    return Refused(
        ErrorCode.RATE_LIMIT_EXCEEDED,
        message,
        headers=(("Retry-After", str(rate.retry_after_s)),),
        retry_after=rate.retry_after_s,
    )


def quota_refusal(quota: QuotaDecision, count: int, *, status: int, now_ms: int) -> Refused:
    """Return the refusal of ``count`` events that do not fit into the month. Its text must contain "quota"."""
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    message = (
        f"monthly event quota exceeded: {quota.remaining} of {quota.limit} events are left and {count} were sent; "
        f"it starts anew on {next_month:%Y-%m-%d}"
    )
    left = {"remaining": quota.remaining, "limit": quota.limit}
    refused = Refused(ErrorCode.QUOTA_EXCEEDED, message, http_status=status, quota=left)
    if status == _TOO_MANY_REQUESTS:
        retry_after_s = int((next_month - now).total_seconds())
        refused.hints["retry_after"] = retry_after_s
        refused.headers = (("Retry-After", str(retry_after_s)),)
    return refused
