"""The bodies that Django never sees: too large, too slow, cut off."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.web import asgi
from litesoc_server.web.asgi import PagesApp

MIB = 1024**2
GUARDS = {
    b"content-security-policy",
    b"cross-origin-opener-policy",
    b"referrer-policy",
    b"x-content-type-options",
    b"x-frame-options",
}


def visit(
    path: str, *received: dict[str, Any] | None, method: str = "POST", headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[int, bytes]:
    """Call the application; None among ``received`` is a client that says no more. Returns status and body."""
    status, _, body = exchange(path, *received, method=method, headers=headers)
    return status, body


def exchange(
    path: str, *received: dict[str, Any] | None, method: str = "POST", headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
    """Like ``visit``; returns the headers of the answer, too."""
    sent: list[dict[str, Any]] = []
    waiting = list(received)

    async def receive() -> dict[str, Any]:
        message = waiting.pop(0) if waiting else None
        if message is None:
            await asyncio.sleep(60)
        assert message is not None
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        app = PagesApp(body_timeout_s=0.05, clock=ManualClock(0))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"testserver"), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        await app(scope, receive, send)

    asyncio.run(run())
    status, answered = next(
        ((message["status"], message["headers"]) for message in sent if message["type"] == "http.response.start"), (0, [])
    )
    return status, answered, b"".join(message.get("body", b"") for message in sent)


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.django_db(transaction=True)
def test_a_page_and_a_file_are_served() -> None:
    status, body = visit("/accounts/login/", part(b""), method="GET")
    assert (status, b"This server is running" in body) == (200, True)
    status, body = visit("/static/web/icon.svg", part(b""), method="GET")
    assert (status, body[:4]) == (200, b"<svg")


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    status, body = visit("/alerts/1", None, headers=[(b"content-length", b"%d" % (MIB + 1))])
    assert (status, json.loads(body)["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_person_gets_a_page_that_says_so() -> None:
    headers = [(b"content-length", b"%d" % (MIB + 1)), (b"accept", b"text/html,*/*;q=0.8")]
    status, body = visit("/accounts/login/", None, headers=headers)
    assert (status, b"That is too much at once" in body) == (413, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accept", [b"application/json", b"text/html"])
def test_what_is_refused_early_is_guarded_like_every_answer(accept: bytes) -> None:
    _, late, _ = exchange("/nothing", part(b""), method="GET", headers=[(b"accept", accept)])
    status, early, _ = exchange("/nothing", headers=[(b"content-length", b"%d" % (MIB + 1)), (b"accept", accept)])
    guards = {name.lower(): value for name, value in late if name.lower() in GUARDS}
    assert (status, set(guards)) == (413, GUARDS)
    assert [(name, value) for name, value in sorted(early) if name in GUARDS] == sorted(guards.items())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "method", "is_gated"),
    [
        ("/accounts/login/", "POST", True),
        ("/accounts/reauthenticate/", "POST", True),
        ("/accounts/password/change/", "POST", True),
        ("/accounts/password/set/", "POST", True),
        ("/accounts/password/reset/key/a-b/", "POST", True),
        ("/accounts/signup/", "POST", True),
        ("/admin/login/", "POST", True),
        ("/accounts/login/", "PUT", True),
        ("/accounts/login/", "GET", False),
        ("/accounts/logout/", "POST", False),
        ("/profile/", "POST", False),
    ],
)
def test_passwords_are_checked_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch, path: str, method: str, is_gated: bool
) -> None:
    monkeypatch.setattr(asgi, "SIGN_INS_AT_ONCE", 0)  # somebody is being checked, and never done
    monkeypatch.setattr(asgi, "SIGN_INS_WAITING_MAX", 0)
    status, _ = visit(path, part(b""), method=method)
    assert (status == 503) == is_gated


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "gate"),
    [
        ("/o/shop/live/events/stream", "STREAMS"),
        ("/o/shop/live/events/export.csv", "EXPORTS"),
        ("/o/shop/test/alerts/export.json", "EXPORTS"),
        ("/events/export", "EXPORTS"),  # of the API
        ("/privacy/actors/export", "EXPORTS"),
        ("/events", "REQUESTS"),
        ("/o/shop/live/events/", "REQUESTS"),
        ("/events/stream", "REQUESTS"),
    ],
)
def test_answers_that_last_take_no_places_of_others(monkeypatch: pytest.MonkeyPatch, path: str, gate: str) -> None:
    for full in ("REQUESTS", "STREAMS", "EXPORTS"):
        with monkeypatch.context() as patch:
            patch.setattr(asgi, f"{full}_AT_ONCE", 0)
            patch.setattr(asgi, f"{full}_WAITING_MAX", 0)
            status, _ = visit(path, part(b""), method="GET")
            assert (status == 503) == (full == gate)


ID = "0198c1a2-0000-7000-8000-00000000000d"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path", "is_call"),
    [
        ("POST", "/notifications/channels", True),  # of the API
        ("PATCH", f"/notifications/channels/{ID}", True),
        ("POST", f"/notifications/channels/{ID}/test", True),
        ("POST", "/forwarders", True),
        ("PATCH", f"/forwarders/{ID}", True),
        ("POST", f"/forwarders/{ID}/test", True),
        ("GET", "/forwarders", False),
        ("POST", f"/notifications/channels/{ID}/replay", False),
        ("POST", "/o/shop/live/notifications/new/webhook/", True),
        ("POST", f"/o/shop/live/notifications/channels/{ID}/change", True),
        ("POST", f"/o/shop/live/notifications/channels/{ID}/test", True),
        ("POST", "/o/shop/live/integrations/out/new", True),
        ("POST", f"/o/shop/live/integrations/out/{ID}/test", True),
        ("POST", f"/o/shop/live/integrations/out/{ID}/", True),
        ("POST", f"/o/shop/live/integrations/out/{ID}/remove", False),
        ("GET", "/o/shop/live/integrations/out/new", False),
    ],
)
def test_what_waits_for_the_outside_takes_no_places_of_others(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, is_call: bool
) -> None:
    for full in ("CALLS_AT_ONCE", "CALLS_OF_ONE_AT_ONCE"):
        with monkeypatch.context() as patch:
            patch.setattr(asgi, full, 0)
            patch.setattr(asgi, full.replace("AT_ONCE", "WAITING_MAX"), 0)
            assert (visit(path, part(b"{}"), method=method)[0] == 503) == is_call


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "status"), [("/o/shop/live/events/export.csv", 503), ("/o/shop/live/events/", 302)])
def test_one_session_cannot_hold_all_places_of_exports(monkeypatch: pytest.MonkeyPatch, path: str, status: int) -> None:
    monkeypatch.setattr(asgi, "EXPORTS_OF_ONE_AT_ONCE", 0)
    monkeypatch.setattr(asgi, "EXPORTS_OF_ONE_WAITING_MAX", 0)
    assert visit(path, part(b""), method="GET", headers=[(b"cookie", b"litesoc_session=a")])[0] == status


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "status"), [("/static/ninja/swagger-ui.css", 503), ("/static/web/icon.svg", 200)])
def test_large_answers_wait_in_memory_for_few(monkeypatch: pytest.MonkeyPatch, path: str, status: int) -> None:
    monkeypatch.setattr(asgi, "LARGE_AT_ONCE", 0)
    assert visit(path, part(b""), method="GET")[0] == status


def test_a_body_that_grows_too_large_is_not_kept() -> None:
    status, body = visit("/alerts/1", *[part(b"x" * 65_536, more=True) for _ in range(17)])
    assert (status, json.loads(body)["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    status, body = visit("/alerts/1", part(b"{", more=True), None)
    assert (status, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")


def test_a_client_that_goes_is_not_answered() -> None:
    assert visit("/alerts/1", part(b"{", more=True), {"type": "http.disconnect"}) == (0, b"")


@pytest.mark.django_db(transaction=True)
def test_a_whole_body_in_parts_arrives() -> None:
    status, body = visit("/nothing", part(b'{"a":', more=True), part(b"1}"))
    assert (status, json.loads(body)["code"]) == (404, "NOT_FOUND")
