"""The dispatcher: which application answers what, in which role, and what it adds."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, NoReturn, cast

import pytest

from litesoc_server.ingest.app import IngestApp
from litesoc_server.runtime.asgi import Dispatcher
from litesoc_server.runtime.roles import Role
from litesoc_server.web.asgi import PagesApp

Scope = dict[str, Any]
Message = Mapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]
ORIGIN = (b"origin", b"https://shop.example")
ALLOWED = (b"access-control-allow-origin", b"https://shop.example")


class Answering:
    """An application that answers everything and remembers what it was asked."""

    handles = staticmethod(IngestApp.handles)

    def __init__(self, *, status: int = 200, headers: Headers = ()) -> None:
        self.asked: list[Scope] = []
        self.received: list[MutableMapping[str, Any]] = []
        self._start = {"type": "http.response.start", "status": status, "headers": list(headers)}

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.asked.append(scope)
        self.received.append(await receive())
        await send(self._start)
        await send({"type": "http.response.body", "body": b"answer", "more_body": False})


class Failing(Answering):
    """An application with a bug."""

    async def __call__(self, scope: Scope, receive: object, send: object) -> NoReturn:
        raise ZeroDivisionError


def http(path: str, *, method: str = "GET", headers: Headers = ()) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"limit=5",
        "headers": list(headers),
    }


def visit(
    scope: Scope, *, ingest: Answering | None = None, pages: Answering | None = None, role: Role = Role.ALL
) -> list[Message]:
    """Return what the dispatcher sends to the client."""
    sent: list[Message] = []
    to_ingest, to_pages = cast("IngestApp", ingest or Answering()), cast("PagesApp", pages or Answering())
    dispatcher = Dispatcher(ingest=to_ingest, pages=to_pages, role=role)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"sent"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(dispatcher(scope, receive, send))
    return sent


def who_answers(path: str, method: str, role: Role = Role.ALL) -> str:
    ingest, pages = Answering(), Answering()
    visit(http(path, method=method), ingest=ingest, pages=pages, role=role)
    assert len(ingest.asked) + len(pages.asked) <= 1
    return "ingest" if ingest.asked else "pages" if pages.asked else "nobody"


@pytest.mark.parametrize("base", ["", "/v1", "/api/v1", "//api//v1/"])
@pytest.mark.parametrize(
    ("method", "path", "application"),
    [
        ("POST", "/collect", "ingest"),
        ("POST", "/collect/batch", "ingest"),
        ("POST", "/collect/", "ingest"),
        ("GET", "/collect", "ingest"),  # which says that it takes POST
        ("GET", "/health", "ingest"),
        ("DELETE", "/health", "ingest"),
        ("OPTIONS", "/collect", "ingest"),
        ("OPTIONS", "/alerts", "ingest"),  # every preflight has the same answer
        ("GET", "/alerts", "pages"),
        ("PATCH", "/alerts/1", "pages"),
        ("GET", "/events/", "pages"),
        ("POST", "/events/1/feedback", "pages"),
        ("GET", "/health/instrumentation", "pages"),
        ("GET", "/openapi.json", "pages"),
    ],
)
def test_endpoints_below_every_base_path(base: str, method: str, path: str, application: str) -> None:
    assert who_answers(base + path, method) == application


@pytest.mark.parametrize(
    "path", ["/", "", "//", "/admin/", "/docs", "/collector", "/collect/1", "/eventsx", "/v2/alerts", "/v10/collect", "/api"]
)
def test_what_is_no_endpoint_is_a_page(path: str) -> None:
    assert who_answers(path, "GET") == "pages"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/api/v1", "//api/v1//", "/v1/admin/", "/api/v1/nothing", "/v1/eventsx"])
def test_below_the_api_ingest_says_that_there_is_nothing(path: str) -> None:
    assert who_answers(path, "GET") == "ingest"


@pytest.mark.parametrize(
    ("role", "collect", "health", "api", "page", "unknown"),
    [
        (Role.ALL, "ingest", "ingest", "pages", "pages", "ingest"),
        (Role.INGEST, "ingest", "ingest", "nobody", "nobody", "nobody"),
        (Role.WEB, "nobody", "ingest", "pages", "pages", "ingest"),
        (Role.WORKER, "nobody", "ingest", "nobody", "nobody", "nobody"),
    ],
)
def test_a_role_answers_its_own_paths(role: Role, collect: str, health: str, api: str, page: str, unknown: str) -> None:
    found = [
        who_answers(path, method, role)
        for method, path in (("POST", "/collect"), ("GET", "/health"), ("GET", "/v1/alerts"), ("GET", "/"), ("GET", "/v1/x"))
    ]
    assert found == [collect, health, api, page, unknown]


def test_a_role_says_who_else_to_ask() -> None:
    start, body = visit(http("/alerts"), role=Role.INGEST)
    said = json.loads(body["body"])
    assert (start["status"], said["success"], said["code"]) == (404, False, "NOT_FOUND")
    assert "--role ingest" in said["error"]
    assert dict(start["headers"]) == {
        b"content-type": b"application/json",
        b"content-length": str(len(body["body"])).encode(),
    }


def test_django_sees_the_api_at_the_root() -> None:
    pages, scope = Answering(), http("/api/v1//events/1/")
    visit(scope, pages=pages)
    (asked,) = pages.asked
    assert asked == {**http("/events/1"), "headers": scope["headers"]}
    assert scope["path"] == "/api/v1//events/1/"  # the server's own stays as it is
    assert pages.received == [{"type": "http.request", "body": b"sent"}]


@pytest.mark.parametrize("path", ["/admin//login/", "/static/web/icon.svg", "/"])
def test_pages_keep_their_path(path: str) -> None:
    pages = Answering()
    visit(http(path), pages=pages)
    assert pages.asked == [http(path)]


def test_ingest_is_handed_the_request_as_it_is() -> None:
    ingest, scope = Answering(), http("/v1//collect/", method="POST")
    visit(scope, ingest=ingest)
    assert ingest.asked == [scope]


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_browser_may_read_what_the_api_answers(status: int) -> None:
    written = (b"content-type", b"application/json")
    start, body = visit(http("/alerts", headers=[ORIGIN]), pages=Answering(status=status, headers=[written]))
    assert (start["status"], body["body"]) == (status, b"answer")
    assert {written, ALLOWED} <= set(start["headers"])


def test_what_the_api_says_about_origins_itself_is_not_said_twice() -> None:
    start, _ = visit(http("/alerts", headers=[ORIGIN]), pages=Answering(headers=[(ALLOWED[0].title(), ALLOWED[1])]))
    assert start["headers"] == [(b"Access-Control-Allow-Origin", ALLOWED[1])]


@pytest.mark.parametrize(
    "scope", [http("/", headers=[ORIGIN]), http("/alerts"), http("/alerts", headers=[(b"origin", b"<script>")])]
)
def test_pages_and_callers_that_are_no_browsers_get_no_such_headers(scope: Scope) -> None:
    start, _ = visit(scope)
    assert start["headers"] == []


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "lifespan"},
        {"type": "websocket", "path": "/", "headers": []},
        {"type": "websocket", "path": "/v1/alerts", "headers": []},
    ],
)
def test_what_is_not_http_ends_at_once(scope: Scope) -> None:
    ingest, pages = Answering(), Answering()
    assert visit(scope, ingest=ingest, pages=pages) == []
    assert ingest.asked == pages.asked == []


@pytest.mark.parametrize("path", ["/collect", "/alerts", "/"])
def test_a_bug_of_an_application_is_left_to_the_server(path: str) -> None:
    with pytest.raises(ZeroDivisionError):
        visit(http(path), ingest=Failing(), pages=Failing())
