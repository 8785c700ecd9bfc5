"""The public contract of answers: codes and their statuses, the flat body, account headers, browsers."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_server import NOW_MS, RECORD, record_with
from litesoc_server.ingest import cors
from litesoc_server.ingest.admission import quota_refusal, rate_refusal
from litesoc_server.ingest.limits import QuotaDecision, RateDecision
from litesoc_server.ingest.reply import Account, json_reply, refusal_reply
from litesoc_server.ingest.request import read_head
from litesoc_server.ingest.responses import ErrorCode, Refused, account_headers, error_body, iso_ms, unavailable
from litesoc_server.sources.base import Fault

QUOTA = QuotaDecision(is_allowed=True, limit=5000, remaining=4990, used=10)
RATE = RateDecision(is_allowed=True, limit=60, remaining=50, retry_after_s=1)


def test_every_code_has_its_status() -> None:
    expected = {
        400: {"INVALID_JSON", "VALIDATION_FAILED", "BATCH_TOO_LARGE"},
        401: {"UNAUTHORIZED"},
        403: {"PLAN_RESTRICTED", "QUOTA_EXCEEDED", "ACCOUNT_SUSPENDED", "FORBIDDEN"}
        | {"IP_NOT_ALLOWED", "ORIGIN_NOT_AUTHORIZED"},
        404: {"NOT_FOUND"},
        405: {"METHOD_NOT_ALLOWED"},
        408: {"REQUEST_TIMEOUT"},
        409: {"IDEMPOTENCY_CONFLICT", "ALERT_CONFLICT", "POLICY_CONFLICT", "KEY_CONFLICT", "WOULD_LOCK_OUT"},
        413: {"PAYLOAD_TOO_LARGE"},
        415: {"UNSUPPORTED_ENCODING"},
        429: {"RATE_LIMIT_EXCEEDED"},
        500: {"SERVER_ERROR"},
        503: {"SERVICE_UNAVAILABLE"},
    }
    found: dict[int, set[str]] = {}
    for code in ErrorCode:
        found.setdefault(int(code.status), set()).add(code.value)
    assert found == expected


def test_faults_of_bodies_are_error_codes() -> None:
    assert {ErrorCode(fault.value).status for fault in Fault} == {400}


def test_the_flat_body() -> None:
    assert error_body(ErrorCode.PLAN_RESTRICTED, "no", required_plan="Pro") == {
        "success": False,
        "error": "no",
        "message": "no",
        "code": "PLAN_RESTRICTED",
        "required_plan": "Pro",
    }


def test_account_headers() -> None:
    assert dict(account_headers(RECORD, quota=QUOTA, rate=RATE, now_ms=NOW_MS)) == {
        "X-LiteSOC-Plan": "enterprise",
        "X-LiteSOC-Retention": "90 days",
        "X-LiteSOC-Cutoff": "2026-05-11T07:12:44.000Z",
        "X-LiteSOC-Quota-Limit": "5000",
        "X-LiteSOC-Quota-Remaining": "4990",
        "X-LiteSOC-Quota-Used": "10",
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "50",
    }


def test_what_is_unlimited_or_unknown_is_left_out() -> None:
    unlimited = record_with(retention_days=None, plan="pro")
    assert account_headers(unlimited, quota=None, rate=None, now_ms=NOW_MS) == [("X-LiteSOC-Plan", "pro")]
    unknown_quota = QuotaDecision(is_allowed=True, limit=5000, remaining=None, used=None)
    unknown_rate = RateDecision(is_allowed=True, limit=60, remaining=None, retry_after_s=1)
    found = account_headers(unlimited, quota=unknown_quota, rate=unknown_rate, now_ms=NOW_MS)
    assert found == [("X-LiteSOC-Plan", "pro")]


def test_a_retention_of_one_day_is_still_plural() -> None:
    assert dict(account_headers(record_with(retention_days=1), quota=None, rate=None, now_ms=NOW_MS))[
        "X-LiteSOC-Retention"
    ] == ("1 days")


@given(st.integers(0, 253_402_300_799_999))
def test_times_are_iso_8601_to_the_millisecond(at_ms: int) -> None:
    text = iso_ms(at_ms)
    assert len(text) == 24
    parsed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert (parsed - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(at_ms / 1000, abs=1e-4)


def test_texts_by_which_clients_tell_limits_apart() -> None:
    exhausted = QuotaDecision(is_allowed=False, limit=5000, remaining=1, used=4999)
    quota = quota_refusal(exhausted, 2, status=403, now_ms=NOW_MS)
    rate = rate_refusal(RateDecision(is_allowed=False, limit=60, remaining=0, retry_after_s=17))
    assert "quota" in quota.message
    assert "2026-09-01" in quota.message
    assert "quota" not in json.dumps(error_body(rate.code, rate.message, **rate.hints)).lower()
    assert (rate.status, rate.headers, rate.hints) == (429, (("Retry-After", "17"),), {"retry_after": 17})
    assert (quota.status, quota.headers) == (403, ())
    late = quota_refusal(exhausted, 2, status=429, now_ms=NOW_MS)
    assert late.headers == (("Retry-After", str(22 * 86400 + 60_436)),)


def test_a_503_says_when_to_come_back() -> None:
    refused = unavailable("the event stream is")
    assert (refused.status, refused.code, refused.headers) == (503, "SERVICE_UNAVAILABLE", (("Retry-After", "5"),))


def test_replies_carry_account_and_browser_headers() -> None:
    account = Account(record_with(monthly_events_limit=5000, rate_limit_per_minute=60), RATE, QUOTA)
    reply = json_reply(202, b"{}", account=account, origin=b"https://shop.example", now_ms=NOW_MS)
    headers = dict(reply.headers)
    assert headers[b"x-litesoc-quota-used"] == b"10"
    assert headers[b"access-control-allow-origin"] == b"https://shop.example"
    assert headers[b"vary"] == b"Origin"
    refused = refusal_reply(Refused(ErrorCode.UNAUTHORIZED, "no"), account=Account(), origin=None)
    assert (refused.status, dict(refused.headers)) == (
        401,
        {b"content-type": b"application/json", b"x-content-type-options": b"nosniff"},
    )


@pytest.mark.parametrize(
    ("origin", "is_echoed"),
    [
        (b"https://shop.example", True),
        (b"http://localhost:3000", True),
        (b"http://[::1]:8080", True),
        (b"capacitor://localhost", True),
        (b"null", True),
        (b"", False),
        (b"https://shop.example/path", False),
        (b"https://shop.example, https://other.example", False),
        (b"https://" + b"x" * 300, False),
        (b"https://\xff", False),
    ],
)
def test_only_an_origin_is_echoed(origin: bytes, is_echoed: bool) -> None:
    headers = dict(cors.preflight_headers(origin))
    assert (headers.get(b"access-control-allow-origin") == origin) is is_echoed
    assert headers[b"access-control-allow-methods"] == b"GET, POST, PATCH, DELETE, OPTIONS"
    assert b"access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([(b"x-api-key", b"k")], b"k"),
        ([(b"x-api-key", b" k ")], b"k"),
        ([(b"authorization", b"Bearer k")], b"k"),
        ([(b"authorization", b"bearer  k ")], b"k"),
        ([(b"authorization", b"Bearer a"), (b"x-api-key", b"k")], b"k"),
        ([(b"x-api-key", b""), (b"authorization", b"Bearer k")], b"k"),
        ([(b"authorization", b"Basic a")], b""),
        ([(b"authorization", b"k")], b""),
        ([], b""),
    ],
)
def test_where_the_key_stands(headers: list[tuple[bytes, bytes]], key: bytes) -> None:
    assert read_head(headers).key == key
