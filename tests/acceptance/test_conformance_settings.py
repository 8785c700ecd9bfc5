"""A server set up for older clients and with little patience: 200, 429 for the quota, slow bodies (contract 2.11, 9)."""

import time
from collections.abc import Iterator

import pytest

from client_readings import COLLECT_READERS, auth0_is_quota_error, read_error_as_everybody, retry_after
from http_client import Api
from live_server import LiveServer
from raw_http import RawConnection
from started_before import started_before
from tenants import Tenant, create_tenants

EVENT = {"event": "data.download", "actor": {"id": "ann"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = started_before(
        tmp_path_factory.mktemp("server") / "data",
        env={
            "LITESOC_COLLECT_STATUS": "200",
            "LITESOC_QUOTA_EXCEEDED_STATUS": "429",
            "LITESOC_BODY_TIMEOUT_S": "0.5",
            "LITESOC_PUBLIC_URL": "https://soc.shop.example",
        },
    )
    live.start()
    yield live
    live.stop()


def test_accepted_events_are_answered_200_for_scripts_that_insist(api: Api) -> None:
    for answer, count in ((api.collect(EVENT), 1), (api.collect(EVENT, {"event": ""}, EVENT), 2)):
        assert answer.status_code == 200
        for read in COLLECT_READERS.values():
            assert read(answer) == count


def test_an_exceeded_quota_is_answered_429(server: LiveServer) -> None:
    api = create_tenants(server, Tenant(name="two a month", monthly_events=2))[0]
    api.collect(EVENT, EVENT)
    answer = api.collect(EVENT)

    assert (answer.status_code, answer.json()["code"]) == (429, "QUOTA_EXCEEDED")
    assert auth0_is_quota_error(answer)
    assert retry_after(answer.headers) > 0
    read_error_as_everybody(answer)


def test_the_upgrade_hint_uses_the_public_address(server: LiveServer) -> None:
    api = create_tenants(server, Tenant(name="free", plan="free"))[0]

    assert api.page("/alerts").json()["upgrade_url"].startswith("https://soc.shop.example/")


@pytest.mark.parametrize("path", ["/collect", "//v1/collect/"], ids=["short cut", "ordinary way"])
@pytest.mark.parametrize("framing", ["Content-Length: 60", "Transfer-Encoding: chunked"])
def test_a_body_that_comes_too_slowly_is_refused(
    server: LiveServer, account: dict[str, str], path: str, framing: str
) -> None:
    started = time.monotonic()
    with RawConnection(server.url) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {account['api_key']}\r\n{framing}\r\n\r\n"
        connection.send(head.encode() + (b'5\r\n{"eve\r\n' if "chunked" in framing else b'{"eve'))
        status, headers, body = connection.read_answer()
        assert (status, body["code"]) == (408, "REQUEST_TIMEOUT")
        assert headers["connection"] == "close"
        assert connection.is_closed_by_server()
    assert time.monotonic() - started >= 0.5


def test_a_body_that_drips_in_is_refused_too(server: LiveServer, account: dict[str, str], api: Api) -> None:
    with RawConnection(server.url) as connection:
        connection.send(
            f"POST /collect HTTP/1.1\r\nHost: x\r\nX-API-Key: {account['api_key']}\r\nContent-Length: 1000\r\n\r\n".encode()
        )
        for _ in range(40):  # 2 s of one byte each 50 ms
            if connection.has_answer(wait_s=0.05):
                break
            connection.send(b"x")
        assert connection.read_answer()[0] == 408
    assert api.collect(EVENT).status_code == 200


@pytest.mark.parametrize("earlier_requests", [0, 2])
@pytest.mark.parametrize("path", ["/collect", "/v1/events"])
def test_a_head_that_comes_too_slowly_is_refused(
    server: LiveServer, account: dict[str, str], path: str, earlier_requests: int
) -> None:
    with RawConnection(server.url) as connection:
        for _ in range(earlier_requests):
            connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.read_answer()[0] == 200
        connection.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {account['api_key'][:5]}".encode())
        status, _, body = connection.read_answer()
        assert (status, body["code"]) == (408, "REQUEST_TIMEOUT")
        assert connection.is_closed_by_server()


def test_a_connection_on_which_nobody_speaks_is_closed(server: LiveServer) -> None:
    with RawConnection(server.url) as connection:
        assert connection.is_closed_by_server()


def test_a_connection_stays_open_between_requests_for_longer_than_a_request_may_take(server: LiveServer) -> None:
    with RawConnection(server.url) as connection:
        for wait_s in (0, 0.8):
            time.sleep(wait_s)
            connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.read_answer()[0] == 200
