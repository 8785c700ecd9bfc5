"""Requests that are too large, broken off or not quite HTTP, over bare sockets: a clear 4xx, and the server goes on."""

import gzip
import json
from typing import Any

import pytest

from client_readings import COLLECT_READERS, read_error_as_everybody
from live_server import LiveServer
from raw_http import RawConnection
from tenants import TenantApi

EVENT = b'{"event": "data.download", "actor": {"id": "ann"}}'
MIB = 1024**2
# The first is answered by the short cut inside the protocol, the second by the ordinary application.
PATHS = ("/collect", "/v1//collect/")
each_path = pytest.mark.parametrize("path", PATHS)


def head(shop: TenantApi, *headers: str, path: str = "/collect", method: str = "POST", version: str = "1.1") -> bytes:
    lines = (f"{method} {path} HTTP/{version}", "Host: soc.example", f"X-API-Key: {shop.key}", *headers, "", "")
    return "\r\n".join(lines).encode()


def exchange(shared_server: LiveServer, data: bytes) -> tuple[int, Any]:
    with RawConnection(shared_server.url) as connection:
        connection.send(data)
        status, _, body = connection.read_answer()
    return status, body


def assert_alive(shop: TenantApi) -> None:
    assert shop.http.post("/collect", content=EVENT).status_code == 202


@each_path
def test_a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not(shop: TenantApi, path: str) -> None:
    url = str(shop.http.base_url).rstrip("/") + path
    whole = shop.http.post(url, content=EVENT.ljust(MIB))
    too_large = shop.http.post(url, content=EVENT.ljust(MIB + 1))

    assert COLLECT_READERS["php"](whole) == 1
    assert (too_large.status_code, too_large.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    read_error_as_everybody(too_large)
    assert_alive(shop)


@each_path
@pytest.mark.parametrize("length", [MIB + 1, 10**9, 10**18])
def test_an_announced_length_above_the_ceiling_is_refused_before_the_body(
    shared_server: LiveServer, shop: TenantApi, path: str, length: int
) -> None:
    status, body = exchange(shared_server, head(shop, f"Content-Length: {length}", path=path))

    assert (status, body["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert_alive(shop)


@each_path
def test_a_chunked_body_above_the_ceiling_is_refused_on_the_way(
    shared_server: LiveServer, shop: TenantApi, path: str
) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(head(shop, "Transfer-Encoding: chunked", path=path))
        for _ in range(64):
            connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
            if connection.has_answer(wait_s=0):
                break
        status, _, body = connection.read_answer()
    assert (status, body["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert_alive(shop)


def test_a_change_of_an_alert_above_the_ceiling_is_refused(shop: TenantApi) -> None:
    answer = shop.http.patch(
        "/alerts/3d0c6f5e-7d0e-7a0b-9a33-0c8a5f1d2b10",
        content=json.dumps({"action": "mark_safe", "padding": "x" * MIB}),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    read_error_as_everybody(answer)


@each_path
def test_chunked_bodies_are_taken(shared_server: LiveServer, shop: TenantApi, path: str) -> None:
    chunks = b"".join(b"%x;extension=1\r\n%b\r\n" % (len(part), part) for part in (EVENT[:7], EVENT[7:8], EVENT[8:]))
    trailer = b"0\r\nX-Trailer: 1\r\n\r\n"
    status, body = exchange(shared_server, head(shop, "Transfer-Encoding: chunked", path=path) + chunks + trailer)

    assert (status, body["queued"]) == (202, 1)


@each_path
def test_half_a_body_stores_nothing(shared_server: LiveServer, shop: TenantApi, path: str) -> None:
    marker = "half-" + ("short" if path == "/collect" else "ordinary")
    event = json.dumps({"event": "data.download", "actor": {"id": marker}}).encode()
    for framing in (f"Content-Length: {len(event) + 1}", "Transfer-Encoding: chunked"):
        with RawConnection(shared_server.url) as connection:
            piece = b"%x\r\n%b\r\n" % (len(event), event) if "chunked" in framing else event
            connection.send(head(shop, framing, path=path) + piece)
            connection.finish_sending()
            connection.is_closed_by_server()
    shop.collect({"event": "data.download", "actor": {"id": f"after-{marker}"}})
    shop.wait_for_events(1, actor_id=f"after-{marker}")
    assert shop.events(actor_id=marker)["pagination"]["total"] == 0


@each_path
def test_two_requests_at_once_on_one_connection_are_answered_in_order(
    shared_server: LiveServer, shop: TenantApi, path: str
) -> None:
    good = head(shop, f"Content-Length: {len(EVENT)}", path=path) + EVENT
    bad = head(shop, "Content-Length: 1", path=path) + b"{"
    events = head(shop, method="GET", path="/v1/events")
    with RawConnection(shared_server.url) as connection:
        connection.send(good + bad + good + events + bad + good)
        answers = [connection.read_answer() for _ in range(6)]
    assert [status for status, *_ in answers] == [202, 400, 202, 200, 400, 202]


@each_path
def test_a_refusal_does_not_cost_the_connection(shared_server: LiveServer, shop: TenantApi, path: str) -> None:
    with RawConnection(shared_server.url) as connection:
        for content, status in ((b"{", 400), (EVENT, 202), (b'{"event": ""}', 400), (EVENT, 202)):
            connection.send(head(shop, f"Content-Length: {len(content)}", path=path) + content)
            assert connection.read_answer()[0] == status


@each_path
def test_expect_continue(shared_server: LiveServer, shop: TenantApi, path: str) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(head(shop, f"Content-Length: {len(EVENT)}", "Expect: 100-continue", path=path))
        assert connection.has_answer(wait_s=5)
        connection.send(EVENT)
        assert connection.read_answer()[0] == 202


@each_path
@pytest.mark.parametrize(
    ("headers", "closes"),
    [(("Connection: close",), True), (("Connection: keep-alive",), False), ((), False)],
)
def test_the_connection_is_kept_unless_asked_otherwise(
    shared_server: LiveServer, shop: TenantApi, path: str, headers: tuple[str, ...], closes: bool
) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(head(shop, f"Content-Length: {len(EVENT)}", *headers, path=path) + EVENT)
        assert connection.read_answer()[0] == 202
        if closes:
            assert connection.is_closed_by_server()
        else:
            connection.send(head(shop, f"Content-Length: {len(EVENT)}", "Connection: close", path=path) + EVENT)
            assert connection.read_answer()[0] == 202


@each_path
def test_http_1_0(shared_server: LiveServer, shop: TenantApi, path: str) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(head(shop, f"Content-Length: {len(EVENT)}", path=path, version="1.0") + EVENT)
        assert connection.read_answer()[0] == 202
        assert connection.is_closed_by_server()


def test_an_absolute_target_is_understood(shared_server: LiveServer, shop: TenantApi) -> None:
    request = head(shop, f"Content-Length: {len(EVENT)}", path="http://soc.example/api/v1/collect") + EVENT
    assert exchange(shared_server, request)[0] == 202


@each_path
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_compressed_body_is_refused_with_the_reason(shop: TenantApi, path: str, encoding: str) -> None:
    url = str(shop.http.base_url).rstrip("/") + path
    answer = shop.http.post(url, content=gzip.compress(EVENT), headers={"Content-Encoding": encoding})

    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_ENCODING")
    read_error_as_everybody(answer)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"this is not HTTP\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
        b"POST /collect HTTP/9.9\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nX-Nul: a\x00b\r\n\r\n",
        b"P\x00ST /collect HTTP/1.1\r\n\r\n",
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_not_http_is_refused(shared_server: LiveServer, shop: TenantApi, request_bytes: bytes) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(request_bytes)
        status, headers, body = connection.read_answer()
        assert status == 400
        assert headers["content-type"].startswith("application/json")
        assert body["success"] is False
        assert connection.is_closed_by_server()
    assert_alive(shop)


@pytest.mark.parametrize("method", ["post", "BREW", "TRACE", "CONNECT", "LINK"])
def test_methods_nobody_uses(shared_server: LiveServer, shop: TenantApi, method: str) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(head(shop, method=method))
        status, _, body = connection.read_answer()
    assert (status, body["code"]) in ((405, "METHOD_NOT_ALLOWED"), (400, "VALIDATION_FAILED"))
    assert_alive(shop)


@pytest.mark.parametrize(
    "target",
    [
        "/collect?x=1",
        "/collect?",
        "/%63ollect",
        "/collect%2F",
        "/collect;x=1",
        "/collect/%00",
        "/\xff",
        "/" * 3000,
        "/" + "x" * 9000,
    ],
    ids=lambda value: value[:20],
)
def test_odd_targets(shared_server: LiveServer, shop: TenantApi, target: str) -> None:
    lines = f"POST {target} HTTP/1.1\r\nHost: x\r\nX-API-Key: {shop.key}\r\nContent-Length: {len(EVENT)}\r\n\r\n"
    status, body = exchange(shared_server, lines.encode("latin-1") + EVENT)

    assert status in (202, 400, 404, 405, 414)
    assert body["success"] is (status == 202)
    assert (status == 202) == (target in ("/collect?x=1", "/collect?", "/%63ollect", "/collect%2F"))
    assert_alive(shop)


@pytest.mark.parametrize("line", [b"X-Padding: %b\r\n" % (b"x" * 8000), b"x" * 8000], ids=["many headers", "one header"])
@pytest.mark.parametrize(
    "start",
    [
        b"POST /collect HTTP/1.1\r\nHost: x\r\nX-First: ",
        b"POST /v1//collect/ HTTP/1.1\r\nHost: x\r\nX-First: ",
        b"POST /collect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ",
        b"GET /docs HTTP/1.1\r\nHost: x\r\nX-First: ",
        b"POST /",
    ],
    ids=["short cut", "ordinary way", "trailer", "page", "target"],
)
def test_a_head_without_end_is_refused(shared_server: LiveServer, shop: TenantApi, start: bytes, line: bytes) -> None:
    with RawConnection(shared_server.url) as connection:
        connection.send(start)
        for _ in range(64):  # 500 KiB
            connection.send(line)
            if connection.has_answer(wait_s=0.002):
                break
        status, _, body = connection.read_answer()
        assert (status, body["code"]) in ((431, "PAYLOAD_TOO_LARGE"), (400, "VALIDATION_FAILED"))
        assert connection.is_closed_by_server()
    assert_alive(shop)


def test_pages_below_an_api_path_are_none(shop: TenantApi) -> None:
    for path in ("/api/v1/admin/", "/v1/docs", "/v1/static/x", "/api/v1/admin/login/"):
        answer = shop.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_bad_host_is_refused_and_the_log_does_not_repeat_it(shared_server: LiveServer, shop: TenantApi) -> None:
    answer = shop.http.get(f"{shared_server.url}/v1/events", headers={"Host": "<mira@shop.example>"})
    assert answer.status_code == 400
    assert "mira@shop" not in shared_server.log_text()
    assert "a request was refused: DisallowedHost" in shared_server.log_text()
    assert_alive(shop)
