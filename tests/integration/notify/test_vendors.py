"""Each kind delivers to a double of its vendor's documented endpoint, over real TLS, and explains what comes back.

The vendors themselves are not called: what their endpoints take and answer is written down in each kind's docstring.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from litesoc_server.destinations.fields import Settings
from litesoc_server.egress import http
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed
from litesoc_server.notify.channels.registry import KINDS
from litesoc_server.notify.message import Message
from notify_messages import ACKNOWLEDGED, CLOSED, DIGEST, ESCALATED, HOSTILE, OPENED, REOPENED, TEST, UPDATED
from vendor_double import LOOPBACK_TOO, Authority, authority, vendor

__all__ = ["authority"]  # a fixture


@dataclass(frozen=True)
class Vendor:
    """One vendor: where it is reached, what it answers, what stays secret."""

    kind: str
    host: str
    settings: Settings
    path: str
    secret: str
    status: int = 200
    answer: Any = "ok"
    headers: dict[str, str] = field(default_factory=dict)


_SLACK = "T012AB/B345CD/x7Qd2kSECRETxx"
_XOXB = "xoxb-17653672481-19874698323-pdFZKVeTSECRETmxiwvuuPB"
_GENIE = "0f1e2d3c-aaaa-bbbb-cccc-SECRETSECRET"
VENDORS = [
    Vendor("slack", "hooks.slack.com", {"url": f"https://hooks.slack.com/services/{_SLACK}"}, f"/services/{_SLACK}", _SLACK),
    Vendor(
        "slack_bot",
        "slack.com",
        {"token": _XOXB, "channel": "C012AB3CD"},
        "/api/chat.postMessage",
        _XOXB,
        answer={"ok": True, "channel": "C012AB3CD", "ts": "1503435956.000247", "message": {"text": "as it was sent"}},
        headers={"Authorization": f"Bearer {_XOXB}", "Content-Type": "application/json; charset=utf-8"},
    ),
    Vendor(
        "discord",
        "discord.com",
        {"url": "https://discord.com/api/webhooks/4711/tok-SECRET_en"},
        "/api/webhooks/4711/tok-SECRET_en",
        "tok-SECRET_en",
        status=204,
        answer="",
    ),
    Vendor(
        "teams",
        "prod-1.westeurope.logic.azure.com",
        {"url": "https://prod-1.westeurope.logic.azure.com:443/workflows/0a/triggers/manual/paths/invoke?sig=SECRET"},
        "/workflows/0a/triggers/manual/paths/invoke",
        "SECRET",
        status=202,
        answer="",
    ),
    Vendor(
        "telegram",
        "api.telegram.org",
        {"token": "123456:AAbbSECRETbbccddeeff-_0", "chat": "-100123"},
        "/bot123456:AAbbSECRETbbccddeeff-_0/sendMessage",
        "AAbbSECRETbbccddeeff-_0",
        answer={"ok": True, "result": {"message_id": 7}},
    ),
    Vendor(
        "pagerduty",
        "events.eu.pagerduty.com",
        {"key": "R0123456789SECRET0123456789abcde", "region": "EU"},
        "/v2/enqueue",
        "R0123456789SECRET0123456789abcde",
        status=202,
        answer={"status": "success", "message": "Event processed", "dedup_key": OPENED.thread},
    ),
    Vendor(
        "opsgenie",
        "api.opsgenie.com",
        {"key": _GENIE},
        "/v2/alerts",
        _GENIE,
        status=202,
        answer={"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c"},
        headers={"Authorization": f"GenieKey {_GENIE}"},
    ),
    Vendor(
        "ntfy",
        "push.shop.example",
        {"server": "https://push.shop.example", "topic": "alerts-x7SECRET", "token": "tk_SECRET_token"},
        "/",
        "tk_SECRET_token",
        answer={"id": "sPs71M8A2T", "event": "message"},
        headers={"Authorization": "Bearer tk_SECRET_token"},
    ),
    Vendor(
        "apprise",
        "api.pushover.net",
        {"url": "pover://uSECRETuserkey0123456789abcdef@aSECRETtoken0123456789abcdefgh"},
        "/1/messages.json",
        "aSECRETtoken0123456789abcdefgh",
        answer={"status": 1, "request": "647d2300"},
    ),
]
EACH = pytest.mark.parametrize("one", VENDORS, ids=lambda one: one.kind)


def deliver(one: Vendor, message: Message = OPENED, policy: EgressPolicy = LOOPBACK_TOO) -> Any:
    return KINDS[one.kind].send(message, "0198c1a2-0000-7000-8000-00000000000d", one.settings, policy)


def expect(server: HTTPServer, one: Vendor, *, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
    handler = server.expect_request(one.path, method="POST", headers=one.headers or None)
    if isinstance(answer, str):
        handler.respond_with_data(answer, status=status, headers=headers or {})
    else:
        handler.respond_with_json(answer, status=status, headers=headers or {})


@EACH
@pytest.mark.parametrize("message", [OPENED, HOSTILE, DIGEST, TEST], ids=["opened", "hostile", "digest", "test"])
def test_a_message_arrives_and_its_log_holds_no_secret(
    one: Vendor, message: Message, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor(monkeypatch, authority, one.host) as server:
        expect(server, one, status=one.status, answer=one.answer)
        server.expect_request("/v2/change/enqueue", method="POST").respond_with_json({}, status=202)
        server.expect_request("/v2/alerts/litesoc-test/close").respond_with_json({}, status=202)
        KINDS[one.kind].check(one.settings, LOOPBACK_TOO)
        sent = deliver(one, message)
    assert len(server.log) >= 1
    assert one.secret not in sent.request + sent.answer
    assert "SECRET" not in sent.request + sent.answer
    assert sent.status == (None if one.kind == "apprise" else one.status)
    assert server.log[0][0].headers["User-Agent"].startswith("litesoc-server/" if one.kind != "apprise" else "LiteSOC")


@EACH
def test_too_many_requests_are_tried_again_when_the_vendor_says(
    one: Vendor, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "discord": {"message": "You are being rate limited.", "retry_after": 41.5, "global": False},
        "telegram": {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 41.5}},
    }
    headers = {} if one.kind in answers else {"Retry-After": "42"}
    with vendor(monkeypatch, authority, one.host) as server:
        expect(server, one, status=429, answer=answers.get(one.kind, "slow down"), headers=headers)
        with pytest.raises(DeliveryFailed) as caught:
            deliver(one)
    assert not caught.value.is_permanent
    if one.kind != "apprise":  # Apprise does not tell
        assert caught.value.retry_after_s == (41.5 if one.kind in answers else 42)
    assert caught.value.sent is not None
    assert "SECRET" not in caught.value.reason + caught.value.sent.request + caught.value.sent.answer


@pytest.mark.parametrize(
    ("kind", "status", "answer", "words"),
    [
        ("slack", 404, "no_service", "make a new one"),
        ("slack", 403, "invalid_token", "copy it from Slack again"),
        ("slack", 400, "invalid_payload", "did not understand"),
        ("slack_bot", 200, {"ok": False, "error": "invalid_auth"}, "copy the token again"),
        ("slack_bot", 200, {"ok": False, "error": "channel_not_found"}, "invite the app"),
        ("slack_bot", 200, {"ok": False, "error": "missing_scope", "needed": "chat:write"}, "the scope chat:write"),
        ("slack_bot", 200, {"ok": False, "error": "of_next_year"}, "Slack answered of_next_year"),
        ("slack_bot", 200, "<html>a portal of the hotel</html>", "something else than its API does"),
        ("slack_bot", 503, {"ok": False, "error": "service_unavailable"}, "status 503"),
        ("discord", 404, {"message": "Unknown Webhook", "code": 10015}, "deleted in Discord"),
        ("discord", 401, {"message": "Invalid Webhook Token", "code": 50027}, "copy it from Discord again"),
        ("teams", 404, {"error": {"code": "WorkflowNotFound"}}, "deleted or switched off"),
        ("telegram", 401, {"ok": False, "description": "Unauthorized"}, "@BotFather"),
        ("telegram", 400, {"ok": False, "description": "Bad Request: chat not found"}, "chat not found"),
        ("telegram", 403, {"ok": False, "description": "Forbidden: bot was kicked"}, "add it again"),
        ("pagerduty", 400, {"status": "invalid event", "errors": ["'routing_key' is invalid"]}, "Events API V2"),
        ("opsgenie", 403, {"message": "You are not authorized"}, "check the key, the region"),
        ("ntfy", 403, {"code": 40301, "error": "forbidden"}, "access token"),
        ("apprise", 401, {"status": 0}, "Pushover did not take the message"),
        ("slack", 500, "oops", "status 500"),
        ("discord", 502, "<html>", "status 502"),
        ("slack", 302, "", "redirects"),
        ("discord", 200, "[" * 5_000, ""),
    ],
)
def test_what_goes_wrong_is_told_with_the_fix(
    kind: str, status: int, answer: Any, words: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = next(one for one in VENDORS if one.kind == kind)
    with vendor(monkeypatch, authority, one.host) as server:
        expect(server, one, status=status, answer=answer)
        if not words:
            assert deliver(one).status == status
            return
        with pytest.raises(DeliveryFailed) as caught:
            deliver(one)
    assert words in caught.value.reason
    assert "SECRET" not in caught.value.reason


@EACH
def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(
    one: Vendor, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor(monkeypatch, authority, one.host) as server:
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        http._public_authorities.cache_clear()
        with pytest.raises(DeliveryFailed) as caught:
            deliver(one)
        assert server.log == []
    assert not caught.value.is_permanent
    if one.kind != "apprise":  # Apprise does not tell
        assert "certificate is not good" in caught.value.reason


def test_an_incident_is_one_at_pagerduty_and_opsgenie(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, str]] = []
    pagerduty = next(one for one in VENDORS if one.kind == "pagerduty")
    with vendor(monkeypatch, authority, pagerduty.host) as server:
        expect(server, pagerduty, status=202, answer={})
        for message in (OPENED, UPDATED, ESCALATED, ACKNOWLEDGED, CLOSED, REOPENED):
            deliver(pagerduty, message)
        said = [(request.json["event_action"], request.json["dedup_key"]) for request, _ in server.log]
    assert said == [
        (action, OPENED.thread) for action in ("trigger", "trigger", "trigger", "acknowledge", "resolve", "trigger")
    ]

    opsgenie = next(one for one in VENDORS if one.kind == "opsgenie")
    with vendor(monkeypatch, authority, opsgenie.host) as server:
        expect(server, opsgenie, status=202, answer={})
        for action in ("priority", "notes", "acknowledge", "close"):
            server.expect_request(
                f"/v2/alerts/{OPENED.thread}/{action}", query_string={"identifierType": "alias"}
            ).respond_with_json({}, status=202)
        for message in (OPENED, UPDATED, ESCALATED, ACKNOWLEDGED, CLOSED, REOPENED):
            deliver(opsgenie, message)
        paths = [request.path.rpartition("/")[2] for request, _ in server.log]
        raised = server.log[1][0]
    assert paths == ["alerts", "priority", "notes", "alerts", "acknowledge", "close", "alerts"]
    assert (raised.method, raised.json) == ("PUT", {"priority": "P1"})  # UPDATED is critical


def test_a_test_leaves_nobody_paged(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    one = next(one for one in VENDORS if one.kind == "pagerduty")
    with vendor(monkeypatch, authority, one.host) as server:
        expect(server, one, status=202, answer={})
        deliver(one, TEST)
        assert [request.json["event_action"] for request, _ in server.log] == ["trigger", "resolve"]
