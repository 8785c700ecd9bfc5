"""POST /collect and GET /health over HTTP on a real uvicorn with a real stream: what is answered, and what is appended."""

import asyncio
import gzip
import json
import logging
import sqlite3
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_server import KEY, NOW_MS, ORG_ID, RECORD, HeldPublisher, IngestServer, RawConnection, post, record_with, serving
from litesoc_server import telemetry
from litesoc_server.events.envelope import Environment
from litesoc_server.events.errors import StreamFull, StreamUnavailable
from litesoc_server.events.ids import OrgId, event_id_at, event_id_time_ms
from litesoc_server.ingest.allow_list import parse_allow_list
from litesoc_server.ingest.idempotency import Claim, IdempotencyUnavailable
from litesoc_server.ingest.idempotency_redis import RedisIdempotencyStore
from litesoc_server.ingest.key_use import Use
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.origins import Origins
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.sources.registry import translate
from servers import RedisServer

PREFIXES = ["", "/v1", "/api/v1"]
TRANSPORTS = ["short cut", "ordinary"]
EVENT = {"event": "auth.login_failed", "actor": {"id": "u1", "email": "a@b.example"}, "user_ip": "198.51.100.7"}
UNLIMITED = {"remaining": None, "limit": None}


def bug_count() -> float:
    return telemetry.INGEST_ERRORS._value.get()


@pytest.fixture(autouse=True)
def _no_bug_is_answered() -> Iterator[None]:
    before = bug_count()
    yield
    assert bug_count() == before


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestServer]:
    """One server for all tests that need nothing of their own; each uses keys of its own where it counts."""
    records = {
        KEY: RECORD,
        b"backfill": record_with(scopes=frozenset({Scope.INGEST, Scope.BACKFILL})),
        b"reader": record_with(scopes=frozenset({Scope.READ})),
        b"suspended": record_with(is_suspended=True),
        b"shop-pages": record_with(origins=Origins(["https://app.shop.example", "https://*.litesoc.example"])),
        b"test": record_with(environment=Environment.TEST, org_id=OrgId(str(uuid4()))),
        b"pro": record_with(plan="pro", retention_days=30, monthly_events_limit=10, org_id=OrgId(str(uuid4()))),
        b"free": record_with(plan="free", rate_limit_per_minute=60, monthly_events_limit=5000, org_id=OrgId(str(uuid4()))),
    }
    with serving(tmp_path_factory.mktemp("server"), records=records, transport=request.param) as running:
        yield running


class Client:
    """HTTP calls with one key; answers must be flat JSON with a known code."""

    def __init__(self, server: IngestServer, key: bytes | None = KEY) -> None:
        headers = {} if key is None else {"X-API-Key": key.decode()}
        self.http = httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=20)
        self.server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, body: Any, path: str = "/collect", **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.http.post(path, content=content, headers={name.replace("_", "-"): headers[name] for name in headers})
        require_contract(answer)
        return answer


@contextmanager
def two_servers(directory: Path, **options: Any) -> Iterator[tuple[Client, Client]]:
    with (
        serving(directory / "1", **options) as one,
        serving(directory / "2", **options) as two,
        Client(one) as first,
        Client(two) as second,
    ):
        yield first, second


def require_contract(answer: httpx.Response) -> None:
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    if answer.is_success:
        assert body["success"] is True
        assert body["status"] == "queued"
        return
    assert body["success"] is False
    assert body["error"] == body["message"]
    code = ErrorCode(body["code"])
    assert answer.status_code == code.status or code is ErrorCode.QUOTA_EXCEEDED
    if answer.status_code in (429, 503):
        assert answer.headers["retry-after"].isdigit()


# --- success ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
def test_one_event_is_answered_and_appended(server: IngestServer, prefix: str) -> None:
    with Client(server) as client:
        answer = client.post(EVENT, f"{prefix}/collect")
    assert answer.status_code == 202
    assert answer.json() == {"success": True, "status": "queued", "queued": 1, "events_accepted": 1, "quota": UNLIMITED}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-litesoc-plan"] == "enterprise"
    assert answer.headers["x-litesoc-retention"] == "90 days"
    assert answer.headers["x-litesoc-cutoff"] == "2026-05-11T07:12:44.000Z"
    assert not [name for name in answer.headers if "quota" in name or "ratelimit" in name]
    envelope = server.envelopes()[-1]
    assert (envelope.org_id, envelope.key_id, envelope.environment) == (ORG_ID, RECORD.key_id, Environment.LIVE)
    assert (envelope.source, envelope.received_at_ms, envelope.server_ip) == ("collect", NOW_MS, "127.0.0.1")
    assert (envelope.may_backdate, envelope.rejected, envelope.is_repeat) == (False, (), False)
    assert event_id_time_ms(event_id_at(envelope.event_id_base, 0)) == NOW_MS
    [item] = translate(envelope.source, envelope.body)
    assert (item.name, item.actor_id, item.user_ip) == ("auth.login_failed", "u1", "198.51.100.7")


@pytest.mark.parametrize("path", ["/collect", "/collect/batch", "//api/v1//collect/", "/v1/collect/batch/", "/collect//"])
def test_a_batch_on_any_path(server: IngestServer, path: str) -> None:
    with Client(server) as client:
        answer = client.post({"events": [EVENT] * 100}, path)
    assert (answer.status_code, answer.json()["queued"], answer.json()["events_accepted"]) == (202, 100, 100)
    assert len(translate("collect", server.envelopes()[-1].body)) == 100


def test_bad_events_are_listed_and_their_neighbours_taken(server: IngestServer) -> None:
    with Client(server) as client:
        answer = client.post({"events": [EVENT, {}, EVENT, {"event": "a", "metadata": 5}, EVENT]})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["queued"], body["events_accepted"], body["rejected"], body["quota"]) == (3, 3, 2, UNLIMITED)
    assert [(error["index"], error["code"]) for error in body["errors"]] == [
        (1, "VALIDATION_FAILED"),
        (3, "VALIDATION_FAILED"),
    ]
    assert "event" in body["errors"][0]["message"]
    assert "metadata" in body["errors"][1]["message"]
    assert server.envelopes()[-1].rejected == (1, 3)


def test_each_request_has_its_own_ids(server: IngestServer) -> None:
    with Client(server) as client:
        for _ in range(3):
            client.post({"events": [EVENT] * 3})
    ids = {event_id_at(envelope.event_id_base, i) for envelope in server.envelopes()[-3:] for i in range(3)}
    assert len(ids) == 9


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY.decode()},
        {"x-api-key": KEY.decode()},
        {"X-API-KEY": KEY.decode()},
        {"Authorization": f"Bearer {KEY.decode()}"},
        {"authorization": f"bearer {KEY.decode()}"},
    ],
)
def test_where_the_key_may_stand(server: IngestServer, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{server.url}/collect", json=EVENT, headers=headers, trust_env=False)
    assert answer.status_code == 202


def test_the_request_of_the_first_sdk(server: IngestServer) -> None:
    body = {**EVENT, "timestamp": "2026-08-09T07:00:00Z"}
    headers = {"Authorization": f"Bearer {KEY.decode()}", "User-Agent": "litesoc-node/1.0.0"}
    answer = httpx.post(f"{server.url}/api/v1/collect", json=body, headers=headers, trust_env=False)
    assert (answer.json()["success"], answer.json()["events_accepted"]) == (True, 1)


def test_a_key_of_the_test_world(server: IngestServer) -> None:
    with Client(server, b"test") as client:
        assert client.post(EVENT).status_code == 202
    assert server.envelopes()[-1].environment is Environment.TEST


def test_timestamps_of_a_backfill_key(server: IngestServer) -> None:
    events = [{"event": "a", "timestamp": "2026-01-01T00:00:00Z"}, {"event": "b", "timestamp": "soon"}]
    with Client(server, b"backfill") as client:
        answer = client.post({"events": events})
        assert client.post(events[1]).status_code == 400
    assert answer.status_code == 202
    assert "timestamp" in answer.json()["errors"][0]["message"]
    envelope = server.envelopes()[-1]
    assert (envelope.may_backdate, envelope.rejected) == (True, (1,))
    with Client(server) as client:
        assert client.post({"events": events}).json()["queued"] == 2


def test_the_operator_may_have_200(tmp_path: Path) -> None:
    with serving(tmp_path, collect_status=200) as own, Client(own) as client:
        assert client.post(EVENT).status_code == 200


# --- refusals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 401, "UNAUTHORIZED"),
        (b"wrong", 401, "UNAUTHORIZED"),
        (b"reader", 403, "FORBIDDEN"),
        (b"suspended", 403, "ACCOUNT_SUSPENDED"),
    ],
)
def test_who_may_not_send(server: IngestServer, key: bytes | None, status: int, code: str) -> None:
    count = len(server.envelopes())
    with Client(server, key) as client:
        for _ in range(2):
            answer = client.post(EVENT)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("x-litesoc-plan" in answer.headers) is (status == 403)
    if code == "FORBIDDEN":
        assert "ingest" in answer.json()["error"]
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    assert len(server.envelopes()) == count


def test_a_key_in_the_query_does_not_count(server: IngestServer) -> None:
    answer = httpx.post(f"{server.url}/collect?api_key={KEY.decode()}", json=EVENT, trust_env=False)
    assert answer.status_code == 401
    answer = httpx.post(f"{server.url}/collect?x=1", json=EVENT, headers={"X-API-Key": KEY.decode()}, trust_env=False)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "INVALID_JSON"),
        (b"  \n", "INVALID_JSON"),
        (b"{", "INVALID_JSON"),
        (b"\xff\xfe", "INVALID_JSON"),
        (b'{"event":NaN}', "INVALID_JSON"),
        (b'{"event":"\\ud800"}', "INVALID_JSON"),
        (b"[]", "VALIDATION_FAILED"),
        (b'"a"', "VALIDATION_FAILED"),
        (b"{}", "VALIDATION_FAILED"),
        (b'{"events":[]}', "VALIDATION_FAILED"),
        (b'{"event":"a","event":"b"}', "VALIDATION_FAILED"),
        (b'{"event":"a\\u0000"}', "VALIDATION_FAILED"),
        (b'{"event":"a","metadata":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "VALIDATION_FAILED"),
        (b"[" * 1_000_000, "VALIDATION_FAILED"),
        (b'{"events":[' + b",".join([b'{"event":"a"}'] * 101) + b"]}", "BATCH_TOO_LARGE"),
        (b'{"events":[{},{"event":5}]}', "VALIDATION_FAILED"),
        (b'{"events":[{"event":"\\ud800"},{"event":"\\ud801"}]}', "INVALID_JSON"),
        (b'{"events":[{"event":"\\ud800"},{}]}', "VALIDATION_FAILED"),
    ],
)
def test_bad_bodies(server: IngestServer, body: bytes, code: str) -> None:
    count = len(server.envelopes())
    with Client(server) as client:
        answer = client.post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["x-litesoc-plan"] == "enterprise"
    assert len(server.envelopes()) == count


def test_a_batch_without_a_good_event_lists_them_all(server: IngestServer) -> None:
    with Client(server) as client:
        body = client.post({"events": [{}, {"event": 5}]}).json()
    assert (body["rejected"], [error["index"] for error in body["errors"]]) == (2, [0, 1])
    assert "event is missing" in body["error"]


def test_the_batch_path_takes_no_single_event(server: IngestServer) -> None:
    with Client(server) as client:
        answer = client.post(EVENT, "/collect/batch")
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_FAILED")
    assert "/collect" in answer.json()["error"]


def test_a_body_of_exactly_1_mib_is_read_and_a_byte_more_is_not(server: IngestServer) -> None:
    body = b'{"event":"a","x":"' + b"x" * (1024 * 1024 - 20) + b'"}'
    with Client(server) as client:
        assert client.post(body).status_code == 202
        answer = client.post(body + b" ")
        assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert "1024 KiB" in answer.json()["error"]
        chunks = (body[i : i + 50_000] for i in range(0, len(body), 50_000))
        answer = client.http.post("/collect", content=chunks)
        assert answer.status_code == 202
        answer = client.http.post("/collect", content=iter([body, b" "]))
        require_contract(answer)
        assert answer.status_code == 413
        assert client.post(EVENT).status_code == 202


def test_compressed_bodies_are_refused_in_words(server: IngestServer) -> None:
    with Client(server) as client:
        answer = client.post(gzip.compress(json.dumps(EVENT).encode()), content_encoding="gzip")
        assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_ENCODING")
        assert "compress" in answer.json()["error"]
        assert client.post(EVENT, content_encoding="identity").status_code == 202


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json;charset=utf-8"]
)
def test_the_body_decides_and_not_its_content_type(server: IngestServer, content_type: str) -> None:
    with Client(server) as client:
        assert client.post(EVENT, content_type=content_type).status_code == 202


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/collect", "/api/v1/collect/batch"])
def test_other_methods_are_405(server: IngestServer, method: str, path: str) -> None:
    with Client(server) as client:
        answer = client.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    if method != "HEAD":
        require_contract(answer)


def test_unknown_paths_are_404(server: IngestServer) -> None:
    with Client(server) as client:
        answer = client.post(EVENT, "/collects")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


# --- limits ----------------------------------------------------------------------------------------------------------------


def test_the_quota_is_in_body_and_headers_and_enforced(server: IngestServer) -> None:
    with Client(server, b"pro") as client:
        answer = client.post({"events": [EVENT] * 8})
        assert answer.json()["quota"] == {"remaining": 2, "limit": 10}
        quota = [answer.headers[f"x-litesoc-quota-{name}"] for name in ("limit", "remaining", "used")]
        assert quota == ["10", "2", "8"]
        refused = client.post({"events": [EVENT] * 3})
        assert (refused.status_code, refused.json()["code"]) == (403, "QUOTA_EXCEEDED")
        assert "quota" in refused.json()["error"]
        assert refused.json()["quota"] == {"remaining": 2, "limit": 10}
        assert client.post({"events": [EVENT, {}, EVENT]}).json()["quota"]["remaining"] == 0
        health = client.http.get("/health")
        assert health.headers["x-litesoc-quota-used"] == "10"


def test_the_rate_is_in_headers_and_enforced(server: IngestServer) -> None:
    with Client(server, b"free") as client:
        first = client.post(EVENT)
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("60", "59")
        assert client.post({"events": [EVENT] * 100}).headers["x-ratelimit-remaining"] == "0"
        refused = client.post(EVENT)
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert refused.headers["retry-after"] == "16"
        assert refused.json()["retry_after"] == 16
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert "quota" not in refused.json()["error"]


def test_the_status_of_an_exceeded_quota_may_be_429(tmp_path: Path) -> None:
    records = {KEY: record_with(monthly_events_limit=1)}
    with serving(tmp_path, records=records, quota_exceeded_status=429, seed=lambda _: 1) as own, Client(own) as client:
        answer = client.post(EVENT)
        assert (answer.status_code, answer.json()["code"]) == (429, "QUOTA_EXCEEDED")
        assert int(answer.headers["retry-after"]) > 86400


def test_limits_in_redis_are_shared_between_servers(tmp_path: Path, redis_server: RedisServer) -> None:
    org_id = OrgId(str(uuid4()))
    records = {KEY: record_with(org_id=org_id, rate_limit_per_minute=5, monthly_events_limit=100)}
    with two_servers(tmp_path, records=records, redis_url=redis_server.url) as clients:
        answers = [client.post(EVENT) for _ in range(3) for client in clients]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert [answer.json()["quota"]["remaining"] for answer in answers[:5]] == [99, 98, 97, 96, 95]


# --- what fails around us --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("error", [StreamFull("full"), StreamUnavailable("away")])
def test_a_stream_that_takes_nothing_is_503_and_costs_no_quota(tmp_path: Path, transport: str, error: Exception) -> None:
    publisher = HeldPublisher()
    records = {KEY: record_with(monthly_events_limit=10)}
    with serving(tmp_path, publisher=publisher, transport=transport, records=records) as own, Client(own) as client:
        assert client.post(EVENT).json()["quota"]["remaining"] == 9
        publisher.error = error
        for _ in range(3):
            answer = client.post(EVENT)
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert answer.headers["retry-after"] == "5"
        publisher.error = None
        assert client.post(EVENT).json()["quota"]["remaining"] == 8


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_keys_that_cannot_be_checked_are_503_but_known_ones_work(tmp_path: Path, transport: str) -> None:
    with serving(tmp_path, transport=transport) as own, Client(own) as known, Client(own, b"unknown") as unknown:
        assert known.post(EVENT).status_code == 202
        own.source.is_down = True
        assert known.post(EVENT).status_code == 202
        answer = unknown.post(EVENT)
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        health = unknown.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "error")
        own.source.is_down = False
        assert unknown.post(EVENT).status_code == 401


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_new_key_works_at_once(tmp_path: Path, transport: str) -> None:
    with serving(tmp_path, records={}, transport=transport) as own, Client(own) as client:
        own.source.records |= dict.fromkeys(_hashes(KEY), RECORD)
        assert client.post(EVENT).status_code == 202


def _hashes(key: bytes) -> list[Any]:
    from litesoc_server.ingest.keys import hash_key  # noqa: PLC0415 # one use

    return [hash_key(key)]


class BrokenPublisher(HeldPublisher):
    """A publisher with a bug."""

    def append(self, *_: object) -> None:
        raise RuntimeError("secret text of a bug")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "k"}])
def test_a_bug_is_a_500_that_says_nothing_but_its_id(
    tmp_path: Path, transport: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with serving(tmp_path, publisher=BrokenPublisher(), transport=transport) as own, Client(own) as client:
        answer = client.post({**EVENT, "metadata": {"a": "private"}}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "SERVER_ERROR")
    assert answer.json()["error_id"] in answer.json()["error"]
    assert "secret" not in answer.text
    [record] = [record for record in caplog.records if record.name.startswith("litesoc_server")]
    assert record.__dict__["error_id"] == answer.json()["error_id"]
    assert "private" not in record.getMessage()
    telemetry.INGEST_ERRORS._value.inc(-1)


# --- Idempotency-Key -------------------------------------------------------------------------------------------------------


def test_a_retry_is_answered_alike_and_appended_once(server: IngestServer) -> None:
    count, key = len(server.envelopes()), str(uuid4())
    with Client(server) as client:
        answers = [client.post({"events": [EVENT, {}]}, idempotency_key=key) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202] * 3
        assert len({answer.content for answer in answers}) == 1
        assert len(server.envelopes()) == count + 1
        conflict = client.post(EVENT, idempotency_key=key)
        assert (conflict.status_code, conflict.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
        assert client.post({"events": [EVENT, {}]}, "/collect/batch", idempotency_key=key).status_code == 409
        assert client.post(EVENT, idempotency_key=str(uuid4())).status_code == 202
        assert client.post(EVENT).status_code == 202
    with Client(server, b"test") as other:
        assert other.post(EVENT, idempotency_key=key).status_code == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ü"])
def test_a_bad_idempotency_key_is_400(server: IngestServer, key: str) -> None:
    with RawConnection(server.port) as connection:
        connection.send(post(Idempotency_Key=key))
        answer = connection.read_response()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Idempotency-Key" in answer


def test_retries_at_once_are_appended_once(server: IngestServer) -> None:
    count, key = len(server.envelopes()), str(uuid4())
    with Client(server) as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.post(EVENT, idempotency_key=key), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(server.envelopes()) == count + 1


def test_a_refused_request_may_be_mended_under_its_key(server: IngestServer) -> None:
    key = str(uuid4())
    with Client(server) as client:
        assert client.post({}, idempotency_key=key).status_code == 400
        assert client.post(EVENT, idempotency_key=key).status_code == 202


def test_a_retry_after_a_crash_repeats_the_same_ids(tmp_path: Path) -> None:
    publisher = HeldPublisher()
    body = {"events": [EVENT, {"event": 5}, EVENT]}
    with serving(tmp_path, publisher=publisher) as own, Client(own) as client:
        publisher.error = StreamUnavailable("it may be on disk or not")
        assert client.post(body, idempotency_key="k").status_code == 503
    again = HeldPublisher()
    with serving(tmp_path, publisher=again) as own, Client(own) as client:
        own.clock.advance_ms(60_000)  # type: ignore[attr-defined] # a ManualClock
        assert [client.post(body, idempotency_key="k").status_code for _ in range(2)] == [202, 202]
        [envelope] = own.envelopes()
    with closing(sqlite3.connect(tmp_path / "idempotency.sqlite3")) as connection:
        [(claimed_at_ms,)] = connection.execute("SELECT claimed_at_ms FROM claim").fetchall()
    assert (envelope.is_repeat, envelope.received_at_ms, envelope.rejected) == (True, NOW_MS, (1,))
    assert (event_id_time_ms(event_id_at(envelope.event_id_base, 0)), claimed_at_ms) == (NOW_MS, NOW_MS)


def test_the_kept_answer_costs_no_quota(tmp_path: Path) -> None:
    records = {KEY: record_with(monthly_events_limit=10, rate_limit_per_minute=2)}
    with serving(tmp_path, records=records) as own, Client(own) as client:
        answers = [client.post(EVENT, idempotency_key="k") for _ in range(5)]
        assert {answer.content for answer in answers} == {answers[0].content}
        assert client.post(EVENT).json()["quota"]["remaining"] == 8


class LostStore:
    """An idempotency store whose server is away."""

    async def claim(self, name: bytes, claim: Claim) -> Claim | None:
        raise IdempotencyUnavailable("away")

    async def complete(self, name: bytes, claim: Claim) -> None:
        raise NotImplementedError

    async def abandon(self, name: bytes, claim: Claim) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def test_without_its_store_a_key_is_503_and_other_requests_go_on(tmp_path: Path) -> None:
    with serving(tmp_path, idempotency=LostStore) as own, Client(own) as client:
        answer = client.post(EVENT, idempotency_key="k")
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert client.post(EVENT).status_code == 202
        assert len(own.envelopes()) == 1


def test_claims_in_redis_are_shared_between_servers(tmp_path: Path, redis_server: RedisServer) -> None:
    records = {KEY: record_with(org_id=OrgId(str(uuid4())))}
    with two_servers(tmp_path, records=records, idempotency=lambda: RedisIdempotencyStore(redis_server.url)) as (
        first,
        second,
    ):
        assert first.post(EVENT, idempotency_key="k").content == second.post(EVENT, idempotency_key="k").content
        assert second.post({"event": "other"}, idempotency_key="k").status_code == 409
        assert len(first.server.envelopes()) + len(second.server.envelopes()) == 1


# --- /health and browsers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
def test_health(server: IngestServer, prefix: str) -> None:
    plain = {"status": "ok", "service": "litesoc-server", "version": "0.1.0", "timestamp": "2026-08-09T07:12:44.120Z"}
    with Client(server, None) as nobody, Client(server) as somebody, Client(server, b"wrong") as stranger:
        answer = nobody.http.get(f"{prefix}/health")
        assert (answer.status_code, answer.json()) == (200, plain)
        assert "x-litesoc-plan" not in answer.headers
        answer = somebody.http.get(f"{prefix}/health")
        organization = {"id": ORG_ID, "name": "Shop Example"}
        known = {"organization": organization, "authenticated": True, "scopes": ["ingest", "manage", "read"]}
        assert (answer.status_code, answer.json()) == (200, {**plain, **known})
        assert answer.headers["x-litesoc-plan"] == "enterprise"
        answer = stranger.http.get(f"{prefix}/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (401, "error", "UNAUTHORIZED")
        assert answer.json()["error"]
        head = somebody.http.head(f"{prefix}/health")
        assert (head.status_code, head.content) == (200, b"")
        refused = somebody.http.post(f"{prefix}/health")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/collect", "/api/v1/collect/batch", "/health", "/events", "/v1/alerts/5", "/whatever"])
def test_preflights_of_every_path(server: IngestServer, path: str) -> None:
    headers = {"Origin": "https://app.shop.example", "Access-Control-Request-Method": "POST"}
    with Client(server, None) as client:
        answer = client.http.options(path, headers=headers)
        assert client.http.options(path).status_code == 204
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://app.shop.example"
    assert set(answer.headers["access-control-allow-methods"].split(", ")) == {"GET", "POST", "PATCH", "DELETE", "OPTIONS"}
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"content-type", "x-api-key", "authorization", "idempotency-key"} == set(allowed)
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("key", [b"shop-pages", KEY, b"wrong"])
def test_pages_may_read_answers_and_refusals(server: IngestServer, key: bytes) -> None:
    with Client(server, key) as client:
        answer = client.post(EVENT, origin="https://app.shop.example")
        assert answer.headers["access-control-allow-origin"] == "https://app.shop.example"
        assert "X-LiteSOC-Quota-Remaining" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
        assert "access-control-allow-origin" not in client.post(EVENT).headers


ORIGINS = {
    "https://app.shop.example": True,
    "https://shop.example": False,
    "https://a.b.litesoc.example": True,
    "https://litesoc.example": False,
    "https://evillitesoc.example": False,
    "http://localhost:3000": True,
    "https://127.0.0.1:3000": True,
    "null": False,
}


@pytest.mark.parametrize(("origin", "is_authorised"), ORIGINS.items())
def test_pages_of_authorised_origins_may_send_events(server: IngestServer, origin: str, is_authorised: bool) -> None:
    with Client(server, b"shop-pages") as client:
        before = len(server.envelopes())
        answers = [client.post(EVENT, origin=origin), client.http.get("/health", headers={"Origin": origin})]
        assert len(server.envelopes()) - before == is_authorised
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == origin
        if is_authorised:
            assert answer.is_success
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "ORIGIN_NOT_AUTHORIZED")
            assert answer.json()["error"] == "Origin not authorized"


def test_without_authorised_origins_only_programs_and_our_own_pages_send_events(server: IngestServer) -> None:
    with Client(server, KEY) as client:
        assert client.post(EVENT, origin="https://app.shop.example").status_code == 403
        assert client.post(EVENT, origin=server.url).status_code == 202
        assert client.post(EVENT).status_code == 202


# --- from where ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_client_behind_trusted_proxies_is_known_by_its_own_address(tmp_path: Path, transport: str) -> None:
    records = {KEY: record_with(allow_lists=(parse_allow_list("203.0.113.0/24"), parse_allow_list("203.0.113.7")))}
    with (
        serving(tmp_path, transport=transport, records=records, trusted_proxy_count=1) as server,
        Client(server, KEY) as client,
    ):
        for forwarded, address in [
            ("203.0.113.7", None),
            ("203.0.113.7, 203.0.113.8", "203.0.113.8"),
            ("203.0.113.7, 198.51.100.1", "198.51.100.1"),
            (None, "127.0.0.1"),
        ]:
            headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
            for answer in (client.post(EVENT, **headers), client.http.get("/health", headers=headers)):
                if address is None:
                    assert answer.is_success
                    continue
                assert (answer.status_code, answer.json()["code"]) == (403, "IP_NOT_ALLOWED")
                assert address in answer.json()["error"]
        (envelope,) = server.envelopes()
        assert envelope.server_ip == "203.0.113.7"
        # Two headers count as one list, in their order.
        split = [("X-API-Key", KEY.decode()), ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "198.51.100.1")]
        assert httpx.post(f"{server.url}/collect", json=EVENT, headers=split).json()["code"] == "IP_NOT_ALLOWED"
        server.key_use.write()
        assert server.use_table.uses == {RECORD.key_id: Use(NOW_MS - NOW_MS % 60_000, "203.0.113.7")}


def test_a_forwarded_address_counts_for_nothing_without_trusted_proxies(tmp_path: Path) -> None:
    records = {KEY: record_with(allow_lists=(parse_allow_list("203.0.113.7"),))}
    with serving(tmp_path, records=records) as server, Client(server, KEY) as client:
        assert client.post(EVENT, **{"X-Forwarded-For": "203.0.113.7"}).json()["code"] == "IP_NOT_ALLOWED"


# --- fuzz ------------------------------------------------------------------------------------------------------------------

TOKENS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"event"', b'"events"', b'"actor"', b'"metadata"', b'"user_ip"', b'"a"', b"1"]
) | st.sampled_from([b"\\u0000", b'"\\ud800"', b"1e999", b"-", b" ", b"\x00", b"\xff", b'"', b"[" * 2000, b'{"event":"x"}'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(string.printable),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["event", "actor", "metadata", "id"]), inner)
    ),
    max_leaves=10,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.lists(TOKENS, max_size=30).map(b"".join),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.lists(VALUES, max_size=5).map(lambda events: json.dumps({"events": [*events, {"event": "a"}]}).encode()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=BODIES, path=st.sampled_from(["/collect", "/collect/batch"]), key=st.sampled_from([KEY, b"backfill"]))
def test_no_body_gets_anything_but_a_clear_answer(server: IngestServer, body: bytes, path: str, key: bytes) -> None:
    with RawConnection(server.port) as connection:
        connection.send(post(path, body, key=key))
        head, _, answer = connection.read_response().partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert status in (202, 400)
    found = json.loads(answer)
    assert found["success"] is (status == 202)
    if status == 400:
        assert ErrorCode(found["code"]).status == 400
        assert found["error"] == found["message"] != ""


def test_a_client_that_goes_away_amid_its_request_harms_nobody(server: IngestServer) -> None:
    count = len(server.envelopes())
    for cut in (10, 100, len(post()) - 1):
        with RawConnection(server.port) as connection:
            connection.send(post()[:cut])
    with Client(server) as client:
        assert client.post(EVENT).status_code == 202
    assert len(server.envelopes()) == count + 1


def test_asyncio_is_quiet(server: IngestServer, caplog: pytest.LogCaptureFixture) -> None:
    with Client(server) as client:
        client.post(EVENT)
    assert not [record for record in caplog.records if record.name == asyncio.__name__]
