"""The short cut and the ordinary way, over raw sockets: the same bytes come back, whatever HTTP allows."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest_server import (
    KEY,
    NOW_MS,
    RECORD,
    HeldPublisher,
    IngestServer,
    RawConnection,
    post,
    record_with,
    serving,
)
from litesoc_server.clock import ManualClock
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest import bounded_protocol
from litesoc_server.ingest.bounded_protocol import HEAD_BYTES_MAX

BODY = b'{"event":"a"}'
BODY_TIMEOUT_S = 0.3
RECORDS = {
    KEY: RECORD,
    b"limited": record_with(org_id=OrgId("limited"), monthly_events_limit=5000, rate_limit_per_minute=60, plan="free"),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IngestServer, IngestServer]]:
    """Both transports, started at the same ManualClock."""
    directory = tmp_path_factory.mktemp("transports")
    with (
        serving(directory / "1", transport="short cut", body_timeout_s=BODY_TIMEOUT_S, records=RECORDS) as short_cut,
        serving(directory / "2", transport="ordinary", body_timeout_s=BODY_TIMEOUT_S, records=RECORDS) as ordinary,
    ):
        yield short_cut, ordinary


Script = Callable[[RawConnection], list[bytes | bool]]


def exchange(*steps: bytes | int | str) -> Script:
    """Return a script: bytes are sent (each piece in its packet), a number reads as many responses, "end" the closing."""

    def run(connection: RawConnection) -> list[bytes | bool]:
        found: list[bytes | bool] = []
        for step in steps:
            if isinstance(step, bytes):
                connection.send(step)
            elif isinstance(step, int):
                found += [connection.read_response() for _ in range(step)]
            else:
                found.append(connection.is_closed())
        return found

    return run


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def raw(head: str, body: bytes = b"") -> bytes:
    """Return a request with exactly these lines and a key."""
    lines = head.strip().split("\n")
    return "\r\n".join([*(line.strip() for line in lines), f"X-API-Key: {KEY.decode()}", "", ""]).encode("latin-1") + body


LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"5\r\n" + BODY[:5] + b"\r\n" + b"%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n"
BIG = b'{"event":"a","x":"' + b"x" * (1024 * 1024 - 20) + b'"}'

# Name: what is sent, and when the answers are read.
TABLE: dict[str, Script] = {
    "plain": exchange(post(), 1),
    "keep-alive": exchange(post(), 1, post(), 1, post(), 1),
    "batch": exchange(post("/api/v1/collect/batch", b'{"events":[{"event":"a"},{}]}'), 1),
    "two pipelined": exchange(post() + post(), 2),
    "ten pipelined": exchange(post() * 10, 10),
    "pipelined good, bad, good": exchange(post() + post(body=b"{") + post(), 3, post(), 1),
    "pipelined bad ones": exchange(post(body=b"{") * 5, 5, post(), 1),
    "pipelined with a GET between": exchange(post() + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" + post(body=b"{"), 3),
    "pipelined idempotent ones": exchange(post(Idempotency_Key="p") + post() + post(Idempotency_Key="p"), 3),
    "pipelined to elsewhere": exchange(post() + post("/nowhere") + post(), 3),
    "half a pipelined one": exchange(post() + post()[:30], 1, post()[30:], 1),
    "byte by byte": exchange(*one_by_one(post()), 1),
    "head and body apart": exchange(post()[: -len(BODY)], BODY, 1),
    "split in the head": exchange(post()[:50], post()[50:], 1),
    "body in pieces": exchange(post()[: -len(BODY)], *one_by_one(BODY), 1),
    "connection close": exchange(post(Connection="close"), 1, "end"),
    "requests behind a close": exchange(post(Connection="close") + post(), 1, "end"),
    "requests behind a refusal that closes": exchange(post(body=b"{", Connection="close") + post() + post(), 1, "end"),
    "keep-alive asked for": exchange(post(Connection="keep-alive"), 1, post(), 1),
    "http/1.0": exchange(raw(f"POST /collect HTTP/1.0\n{LENGTH}", BODY), 1, "end"),
    "http/1.0 keep-alive": exchange(raw(f"POST /collect HTTP/1.0\nConnection: keep-alive\n{LENGTH}", BODY), 1, "end"),
    "chunked": exchange(raw(f"POST /collect HTTP/1.1\n{CHUNKED}", CHUNKS), 1, post(), 1),
    "chunked in pieces": exchange(raw(f"POST /collect HTTP/1.1\n{CHUNKED}"), *one_by_one(CHUNKS), 1),
    "chunked and pipelined": exchange(raw(f"POST /collect HTTP/1.1\n{CHUNKED}", CHUNKS) + post(), 2),
    "chunked with a trailer": exchange(raw(f"POST /collect HTTP/1.1\n{CHUNKED}", CHUNKS[:-2] + b"X-A: b\r\n\r\n"), 1),
    "expect": exchange(post(Expect="100-continue")[: -len(BODY)], 1, BODY, 1, post(), 1),
    "expect and body at once": exchange(post(Expect="100-continue"), 2),
    "expect of a large body": exchange(raw("POST /collect HTTP/1.1\nExpect: 100-continue\nContent-Length: 9999999"), 1),
    "expect something else": exchange(post(Expect="a miracle"), 1),
    "upgrade to websocket": exchange(post(Connection="Upgrade", Upgrade="websocket"), 1),
    "upgrade to h2c": exchange(post(Connection="Upgrade", Upgrade="h2c"), 1),
    "no length": exchange(raw("POST /collect HTTP/1.1"), 1, post(), 1),
    "length 0": exchange(raw("POST /collect HTTP/1.1\nContent-Length: 0"), 1, post(), 1),
    "1 mib": exchange(post(body=BIG), 1, post(), 1),
    "1 mib and a byte": exchange(post(body=BIG + b" "), 1, post(), 1),
    "too large by announcement": exchange(raw("POST /collect HTTP/1.1\nContent-Length: 99999999"), 1),
    "too large, chunked": exchange(
        raw(f"POST /collect HTTP/1.1\n{CHUNKED}", b"100002\r\n" + b" " * 0x100002 + b"\r\n0\r\n\r\n"), 1, post(), 1
    ),
    "slow body": exchange(post()[:-5], 1, "end"),
    "slow body, no byte of it": exchange(post()[: -len(BODY)], 1, "end"),
    "slow chunked body": exchange(raw(f"POST /collect HTTP/1.1\n{CHUNKED}", CHUNKS[:8]), 1, "end"),
    "slow body behind a good request": exchange(post() + post()[:-5], 2, "end"),
    "no key": exchange(post(key=None), 1, post(), 1),
    "empty key": exchange(post(key=b""), 1),
    "wrong key": exchange(post(key=b"wrong"), 1, post(key=b"wrong"), 1),
    "bearer": exchange(post(key=None, Authorization="Bearer " + KEY.decode()), 1),
    "key in odd case": exchange(post(key=None, x_API_kEy=KEY.decode()), 1),
    "key of bytes": exchange(post(key=b"\xff\xfe"), 1),
    "two keys": exchange(post(X_API_Key="wrong"), 1),
    "bad json": exchange(post(body=b"{"), 1, post(), 1),
    "empty body": exchange(post(body=b""), 1),
    "not utf-8": exchange(post(body=b'{"event":"\xff"}'), 1),
    "compressed": exchange(post(Content_Encoding="gzip"), 1),
    "with an origin": exchange(post(Origin="https://shop.example"), 1),
    "with a bad origin": exchange(post(Origin="no origin"), 1),
    "idempotent": exchange(
        post(Idempotency_Key="k"), 1, post(Idempotency_Key="k"), 1, post(body=b"{}", Idempotency_Key="k"), 1
    ),
    "bad idempotency key": exchange(post(Idempotency_Key=" "), 1),
    "limited": exchange(post(key=b"limited"), 1, post(key=b"limited", body=b"{"), 1),
    "query": exchange(post("/collect?api_key=x"), 1),
    "double slashes": exchange(post("//api/v1//collect//"), 1),
    "fragment": exchange(post("/collect#x"), 1),
    "percent-encoded": exchange(post("/c%6Fllect"), 1),
    "absolute form": exchange(post("http://soc.example/collect"), 1),
    "lower-case method": exchange(raw(f"post /collect HTTP/1.1\n{LENGTH}", BODY)),
    "get": exchange(raw("GET /collect HTTP/1.1"), 1, post(), 1),
    "put with a body": exchange(raw(f"PUT /collect HTTP/1.1\n{LENGTH}", BODY), 1, post(), 1),
    "options": exchange(raw("OPTIONS /collect HTTP/1.1\nOrigin: https://shop.example"), 1, post(), 1),
    "many headers": exchange(post(**{f"X_{i}": "v" * 50 for i in range(60)}), 1),
    "deep": exchange(post(body=b"[" * 200_000), 1, post(), 1),
    "large batch": exchange(post(body=b'{"events":[' + b",".join([b'{"event":"%s"}' % (b"x" * 900)] * 100) + b"]}"), 1),
}


def comparable(found: list[bytes | bool]) -> list[bytes | bool]:
    """Leave out what may differ between two servers."""
    return [re.sub(rb"\r\ndate: [^\r]+", b"", part) if isinstance(part, bytes) else part for part in found]


@pytest.mark.parametrize("name", TABLE)
def test_both_transports_answer_alike(servers: tuple[IngestServer, IngestServer], name: str) -> None:
    answers, appended = [], []
    for server in servers:
        count = len(server.envelopes())
        with RawConnection(server.port) as connection:
            answers.append(comparable(TABLE[name](connection)))
        appended.append([(envelope.body, envelope.rejected, envelope.server_ip) for envelope in server.envelopes()[count:]])
    assert answers[0] == answers[1]
    assert appended[0] == appended[1]
    for answer in answers[0]:
        if isinstance(answer, bytes) and not answer.startswith(b"HTTP/1.1 100"):
            assert re.match(rb"HTTP/1\.1 (2\d\d|4\d\d) [ -~]+\r\n", answer)
            assert b"\r\ncontent-type: application/json\r\n" in answer or answer.startswith(b"HTTP/1.1 204")


def test_only_plain_requests_take_the_short_cut(servers: tuple[IngestServer, IngestServer]) -> None:
    server = servers[0]

    def count(*requests: bytes) -> int:
        before = server.short_cut_count
        with RawConnection(server.port) as connection:
            connection.send(b"".join(requests))
            for _ in requests:
                connection.read_response()
        return server.short_cut_count - before

    assert count(post()) == 1
    assert count(post("/api/v1/collect/batch", b'{"events":[{}]}')) == 1
    assert count(post(key=b"wrong")) == 1
    assert count(post(Idempotency_Key="k")) == 0
    assert count(post("/collect/")) == 0
    assert count(post(), post(), post()) == 1, "one alone on its connection"
    assert count(raw(f"POST /collect HTTP/1.1\n{CHUNKED}", CHUNKS)) == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /collect HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the first bytes of TLS
        post(Content_Length="5"),
        raw(f"POST /collect HTTP/1.1\nTransfer-Encoding: chunked\n{LENGTH}", CHUNKS),
        raw("POST /collect HTTP/1.1\nContent-Length: five"),
        raw("POST /collect HTTP/1.1\nContent-Length: -1"),
        raw("POST /collect HTTP/1.1\nBad Header: x"),
        raw(f"POST /collect HTTP/1.1\n{CHUNKED}", b"zz\r\n"),
    ],
)
def test_what_is_not_http_is_refused_in_the_flat_shape(servers: tuple[IngestServer, IngestServer], garbage: bytes) -> None:
    server = servers[0]
    count = len(server.envelopes())
    with RawConnection(server.port) as connection:
        connection.send(garbage)
        answer = connection.read_response()
        assert connection.is_closed()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\ncontent-type: application/json\r\n" in answer
    assert b'"code":"VALIDATION_FAILED"' in answer
    assert len(server.envelopes()) == count


# --- the life of a connection ---------------------------------------------------------------------------------------------


@pytest.fixture(params=["short cut", "ordinary"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[IngestServer, HeldPublisher]]:
    """A server whose appends wait until the test lets them go."""
    publisher = HeldPublisher()
    publisher.is_holding = True
    with serving(tmp_path, publisher=publisher, transport=request.param) as server:
        yield server, publisher
        if publisher.held_count:
            server.on_loop(publisher.let_go)


def wait_for_appends(publisher: HeldPublisher, count: int) -> None:
    deadline = threading.Event()
    for _ in range(2000):
        if len(publisher.payloads) >= count:
            return
        deadline.wait(0.005)
    pytest.fail(f"{len(publisher.payloads)} of {count} appends came")


def test_an_answer_that_is_owed_goes_out_before_garbage_ends_the_connection(
    held: tuple[IngestServer, HeldPublisher],
) -> None:
    server, publisher = held
    with RawConnection(server.port) as connection:
        connection.send(post() + b"GARBAGE\r\n\r\n")
        wait_for_appends(publisher, 1)
        server.on_loop(publisher.let_go)
        assert connection.read_response().startswith(b"HTTP/1.1 202")
        assert connection.is_closed()


@pytest.mark.parametrize("transport", ["short cut", "ordinary"])
def test_a_head_has_bounds_in_size_and_time(tmp_path: Path, transport: str) -> None:
    with serving(tmp_path, transport=transport, body_timeout_s=0.5) as server:
        with RawConnection(server.port) as connection:
            connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Filler: " + b"a" * HEAD_BYTES_MAX)
            assert connection.read_response().startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
            assert connection.is_closed()
        with RawConnection(server.port) as connection:
            connection.send(b"GET /health HTTP/1.1\r\n")
            assert connection.read_response().startswith(b"HTTP/1.1 408")
            assert connection.is_closed()
        with RawConnection(server.port) as connection:
            assert connection.is_closed()
        with RawConnection(server.port) as connection:  # a body may be larger than a head
            connection.send(
                post(body=b'{"events": [' + b",".join([b'{"event": "a.b", "x": "' + b"y" * 2000 + b'"}'] * 100) + b"]}")
            )
            assert connection.read_response().startswith(b"HTTP/1.1 202")


LARGE_HEADS = {
    "one header": post(X_Filler="a" * 66_000),
    "one much larger header": post(X_Filler="a" * 200_000),
    "many headers": post(**{f"X_{number}": "a" * 90 for number in range(700)}),
    "many empty headers": post(**{f"X_{number}": "" for number in range(9_000)}),
    "address": post("/collect?" + "a" * 66_000),
    "elsewhere": post("/events?" + "a" * 66_000),
    "without an end": post(X_Filler="a" * 200_000)[:150_000],
}


def in_one_read(server: IngestServer, connection: RawConnection, data: bytes) -> None:
    """Send ``data`` while the server cannot read."""
    server.on_loop(lambda: connection.send(data))


def in_pieces(_: IngestServer, connection: RawConnection, data: bytes) -> None:
    connection.send(*(data[start : start + 5_000] for start in range(0, len(data), 5_000)))


@pytest.mark.parametrize("send", [in_one_read, in_pieces])
@pytest.mark.parametrize("name", LARGE_HEADS)
def test_a_large_head_is_refused_however_it_comes_and_the_client_hears_it(
    servers: tuple[IngestServer, IngestServer], name: str, send: Callable[[IngestServer, RawConnection, bytes], None]
) -> None:
    for server in servers:
        count = len(server.envelopes())
        with RawConnection(server.port) as connection:
            send(server, connection, LARGE_HEADS[name])
            answer = connection.read_response()
            assert connection.is_closed()
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b"\r\nconnection: close\r\n" in answer
        assert b'"code":"PAYLOAD_TOO_LARGE"' in answer
        assert len(server.envelopes()) == count


def test_the_largest_head_is_taken_in_one_read_and_in_pieces(servers: tuple[IngestServer, IngestServer]) -> None:
    largest = post(X_Filler="a" * (HEAD_BYTES_MAX - len(post(X_Filler="")) + len(BODY)))
    for server in servers:
        for send in (in_one_read, in_pieces):
            with RawConnection(server.port) as connection:
                send(server, connection, largest)
                assert connection.read_response().startswith(b"HTTP/1.1 202")


def test_a_large_head_behind_a_good_request_in_the_same_packet_is_not_taken(
    servers: tuple[IngestServer, IngestServer],
) -> None:
    for server in servers:
        count = len(server.envelopes())
        with RawConnection(server.port) as connection:
            in_one_read(server, connection, post() + LARGE_HEADS["one header"])
            assert connection.read_response().startswith(b"HTTP/1.1 202")
            assert connection.is_closed()
        assert len(server.envelopes()) == count + 1


def test_a_client_that_never_goes_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_protocol, "LINGER_S", 0.05)
    with serving(tmp_path) as server, RawConnection(server.port) as connection:
        connection.send(LARGE_HEADS["one header"])
        assert connection.read_response().startswith(b"HTTP/1.1 431")
        assert connection.is_refusing_more()


def test_answers_keep_the_order_of_pipelined_requests(held: tuple[IngestServer, HeldPublisher]) -> None:
    server, publisher = held
    with RawConnection(server.port) as connection:
        connection.send(post() + post(body=b"{") + post("/nowhere"))
        wait_for_appends(publisher, 1)
        server.on_loop(publisher.let_go)
        statuses = [connection.read_response()[9:12] for _ in range(3)]
    assert statuses == [b"202", b"400", b"404"]


def test_a_client_that_leaves_before_its_answer_harms_nobody(held: tuple[IngestServer, HeldPublisher]) -> None:
    server, publisher = held
    for count in range(1, 4):
        with RawConnection(server.port) as connection:
            connection.send(post())
            wait_for_appends(publisher, count)
    server.on_loop(publisher.let_go)
    with RawConnection(server.port) as connection:
        connection.send(post())
        assert connection.read_response().startswith(b"HTTP/1.1 202")


def test_requests_in_flight_finish_at_shutdown_and_are_counted(tmp_path: Path) -> None:
    for transport in ("short cut", "ordinary"):
        publisher = HeldPublisher()
        publisher.is_holding = True
        server = IngestServer(tmp_path / transport.replace(" ", "_"), publisher=publisher, transport=transport)
        server.start()
        with RawConnection(server.port) as busy, RawConnection(server.port) as idle:
            busy.send(post())
            wait_for_appends(publisher, 1)
            server.loop.call_soon_threadsafe(setattr, server.uvicorn, "should_exit", True)
            assert idle.is_closed()
            server.on_loop(publisher.let_go)
            answer = busy.read_response()
            assert answer.startswith(b"HTTP/1.1 202")
            assert b"connection: close" in answer
            assert busy.is_closed()
        server.stop()
        assert server.uvicorn.server_state.total_requests == 1


def test_many_answers_to_a_client_that_does_not_read_wait_for_it(tmp_path: Path) -> None:
    request, total = post(body=b"{"), 500  # their answers together are larger than all buffers on the way
    with serving(tmp_path) as server, socket.socket() as client:
        with RawConnection(server.port) as other:
            other.send(request)
            expected_bytes = len(other.read_response()) * total
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect(("127.0.0.1", server.port))
        sender = threading.Thread(target=client.sendall, args=(request * total,))
        sender.start()
        received = bytearray()
        while len(received) < expected_bytes:
            data = client.recv(65536)
            assert data
            received += data
        sender.join(10)
        assert received.count(b"HTTP/1.1 400") == total


def test_idle_connections_are_closed_after_the_keep_alive_time(tmp_path: Path) -> None:
    server = IngestServer(tmp_path, clock=ManualClock(NOW_MS), keep_alive_s=0.2)
    server.start()
    try:
        with RawConnection(server.port) as connection:
            connection.send(post())
            assert connection.read_response().startswith(b"HTTP/1.1 202")
            assert connection.is_closed()
        with RawConnection(server.port) as connection:
            # A refusal is answered while the packet is parsed; what follows in it must not be cut off by the timer.
            connection.send(post(body=b"{") + post())
            assert [connection.read_response()[9:12] for _ in range(2)] == [b"400", b"202"]
            assert connection.is_closed()
    finally:
        server.stop()
