"""POST /webhooks/<source> over HTTP on a real uvicorn with a real stream: what is answered, and what is appended."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

import signed_source
from ingest_server import KEY, NOW_MS, ORG_ID, RECORD, HeldPublisher, IngestServer, record_with, serving
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Envelope, Environment
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.allow_list import parse_allow_list
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.source_settings import FRESH_MS, STALE_MAX_MS, Connection, SourceSettings
from litesoc_server.sources.registry import translate

KEY_TEXT = KEY.decode()
OTHER_ORG = OrgId(str(uuid4()))
AUTH0 = Connection(ORG_ID, Environment.LIVE, "auth0")
SIGNED = Connection(ORG_ID, Environment.LIVE, signed_source.ID)
SECRET = "whsec_test-secret"


def log_record(log_type: str = "fp", log_id: str = "900", **data: Any) -> dict[str, Any]:
    fields = {"date": "2026-08-09T07:12:44.000Z", "type": log_type, "ip": "198.51.100.77", "user_id": "auth0|64d1"}
    return {"log_id": log_id, "data": {**fields, **data}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestServer]:
    records = {
        KEY: RECORD,
        b"test": record_with(environment=Environment.TEST),
        b"other": record_with(org_id=OTHER_ORG, key_id=str(uuid4())),
        b"reader": record_with(scopes=frozenset({Scope.READ})),
        b"suspended": record_with(is_suspended=True),
        b"elsewhere": record_with(allow_lists=(parse_allow_list("203.0.113.0/24"),)),
        b"small": record_with(org_id=OrgId(str(uuid4())), monthly_events_limit=3, plan="free", rate_limit_per_minute=60),
        b"slow": record_with(org_id=OrgId(str(uuid4())), monthly_events_limit=100, plan="free", rate_limit_per_minute=2),
    }
    with (
        signed_source.registered(),
        serving(tmp_path_factory.mktemp("server"), records=records) as running,
    ):
        yield running


def send(server: IngestServer, body: Any, path: str = "/webhooks/auth0", key: str | None = KEY_TEXT, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["X-API-Key"] = key
    return httpx.post(f"{server.url}{path}", content=content, headers=sent, trust_env=False, timeout=20)


def appended(server: IngestServer, before: int) -> list[Envelope]:
    return server.envelopes()[before:]


@pytest.fixture
def before(server: IngestServer) -> int:
    return len(server.envelopes())


@pytest.fixture
def counted(server: IngestServer) -> Iterator[Any]:
    """What this test's deliveries are counted as, by connection."""
    server.source_counts.write()
    server.counts_table.totals.clear()

    def read(connection: Connection) -> dict[str, int]:
        server.source_counts.write()
        return {name: count for name, count in server.counts_table.totals.get(connection, {}).items() if count}

    yield read
    server.settings_table.settings.clear()
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined] # a ManualClock


def test_records_are_taken_and_counted(server: IngestServer, before: int, counted: Any) -> None:
    body = [log_record("fp", "1"), log_record("sapi", "2"), log_record("s", "3"), "no record"]
    answer = send(server, body)

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "status": "queued", "received": 4, "queued": 2, "ignored": 2}
    assert answer.headers["X-LiteSOC-Plan"] == "enterprise"
    (envelope,) = appended(server, before)
    assert (envelope.source, envelope.org_id, envelope.key_id) == ("auth0", ORG_ID, RECORD.key_id)
    assert (envelope.rejected, envelope.may_backdate, envelope.is_repeat) == ((1, 3), True, True)
    names = [item.name for item in translate(envelope.source, envelope.body)]
    assert [names[index] for index in (0, 2)] == ["auth.login_failed", "auth.login_success"]
    assert counted(AUTH0) == {
        "delivered": 1,
        "received": 4,
        "queued": 2,
        "ignored:unknown_type": 1,
        "ignored:not_a_record": 1,
    }


def test_nothing_but_ignored_records_is_answered_well_and_appended_nowhere(server: IngestServer, before: int) -> None:
    answer = send(server, [log_record("sapi")])

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "status": "queued", "received": 1, "queued": 0, "ignored": 1}
    assert not appended(server, before)


def test_unknown_types_are_kept_where_that_is_wanted(server: IngestServer, before: int, counted: Any) -> None:
    server.settings_table.settings[AUTH0] = SourceSettings(keeps_unknown=True)
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]

    assert send(server, [log_record("sapi"), {}]).json()["queued"] == 1
    (envelope,) = appended(server, before)
    assert envelope.rejected == (1,)
    assert translate("auth0", envelope.body)[0].name == "auth0.sapi"
    assert counted(AUTH0)["kept_unknown"] == 1


@pytest.mark.parametrize("prefix", ["", "/v1", "/api/v1", "//api//v1/"])
def test_every_base_path_leads_there(server: IngestServer, prefix: str) -> None:
    assert send(server, [log_record()], f"{prefix}/webhooks/auth0/").json()["queued"] == 1


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"X-Api-Key": KEY_TEXT}),
        ("", {"Authorization": f"Bearer {KEY_TEXT}"}),
        ("", {"Authorization": KEY_TEXT}),
        (f"?api_key={KEY_TEXT}", {}),
        (f"?x=1&api_key={KEY_TEXT}&api_key=other", {}),
        ("?api_key=wrong", {"X-API-Key": KEY_TEXT}),
    ],
)
def test_a_key_is_taken_from_a_header_or_the_address(server: IngestServer, query: str, headers: dict[str, str]) -> None:
    answer = send(server, [log_record()], f"/webhooks/auth0{query}", None, **headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("?api_key=", {}),
        ("?api_key=wrong", {}),
        ("?key=" + KEY_TEXT, {}),
        ("", {"Authorization": "Basic " + KEY_TEXT}),
        ("", {"Authorization": "wrong"}),
        ("", {"Cookie": "api_key=" + KEY_TEXT}),
    ],
)
def test_without_a_good_key_nothing_is_taken(server: IngestServer, before: int, query: str, headers: dict[str, str]) -> None:
    answer = send(server, [log_record()], f"/webhooks/auth0{query}", None, **headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert not appended(server, before)


def test_a_key_in_the_address_is_no_key_for_collect(server: IngestServer) -> None:
    assert send(server, {"event": "a"}, f"/collect?api_key={KEY_TEXT}", None).status_code == 401


@pytest.mark.parametrize(
    ("key", "code"), [("reader", "FORBIDDEN"), ("suspended", "ACCOUNT_SUSPENDED"), ("elsewhere", "IP_NOT_ALLOWED")]
)
def test_who_may_not_send_is_told_so_before_the_body_is_looked_at(server: IngestServer, key: str, code: str) -> None:
    answer = send(server, b"{broken", key=key)
    assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_a_key_of_another_organisation_sends_to_its_own(server: IngestServer, before: int, counted: Any) -> None:
    server.settings_table.settings[AUTH0] = SourceSettings(is_enabled=False)
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]

    assert send(server, [log_record()], key="other").status_code == 200
    assert send(server, [log_record()], key="test").status_code == 200
    assert [(one.org_id, one.environment) for one in appended(server, before)] == [
        (OTHER_ORG, Environment.LIVE),
        (ORG_ID, Environment.TEST),
    ]
    assert counted(AUTH0) == {}


def test_a_source_that_is_switched_off_takes_nothing(server: IngestServer, before: int, counted: Any) -> None:
    server.settings_table.settings[AUTH0] = SourceSettings(is_enabled=False)
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]

    answer = send(server, [log_record()])
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert "switched off" in answer.json()["message"]
    assert not appended(server, before)
    assert counted(AUTH0) == {"refused:FORBIDDEN": 1}


def test_an_unknown_source_and_another_method_are_refused(server: IngestServer) -> None:
    unknown = send(server, [log_record()], "/webhooks/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
    assert "auth0" in unknown.json()["message"]
    got = httpx.get(f"{server.url}/webhooks/auth0?api_key={KEY_TEXT}", trust_env=False)
    assert (got.status_code, got.json()["code"], got.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "POST, OPTIONS")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "INVALID_JSON"),
        (b"not json", 400, "INVALID_JSON"),
        (b'"text"', 400, "VALIDATION_FAILED"),
        (b"[" * 100_000, 400, "VALIDATION_FAILED"),
        (b"[" + b"{}," * 1_000 + b"{}]", 400, "BATCH_TOO_LARGE"),
        (b"x" * (1024 * 1024 + 1), 413, "PAYLOAD_TOO_LARGE"),
    ],
    ids=["empty", "text", "string", "deep", "many", "large"],
)
def test_a_bad_body_gets_a_flat_error_and_is_counted(
    server: IngestServer, before: int, counted: Any, body: bytes, status: int, code: str
) -> None:
    answer = send(server, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["error"] == answer.json()["message"]
    assert not appended(server, before)
    assert counted(AUTH0) == {f"refused:{code}": 1}


def test_the_content_type_does_not_matter_and_compression_is_refused(server: IngestServer) -> None:
    for content_type in ("application/x-ndjson", "text/plain", "application/json; charset=utf-8"):
        assert send(server, [log_record()], Content_Type=content_type).status_code == 200
    assert send(server, [log_record()], Content_Encoding="gzip").json()["code"] == "UNSUPPORTED_ENCODING"


def test_quota_and_rate_are_those_of_collect(server: IngestServer, before: int) -> None:
    first = send(server, [log_record("s", str(number)) for number in range(2)], key="small")
    assert (first.status_code, first.headers["X-LiteSOC-Quota-Remaining"]) == (200, "1")
    answer = send(server, [log_record("s", str(number)) for number in range(2)], key="small")
    assert (answer.status_code, answer.json()["code"]) == (403, "QUOTA_EXCEEDED")
    assert send(server, [log_record("sapi")], key="small").status_code == 200

    assert send(server, [log_record("s", str(number)) for number in range(2)], key="slow").status_code == 200
    slow = send(server, [log_record()], key="slow")
    assert (slow.status_code, slow.json()["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(slow.headers["Retry-After"]) > 0
    assert len(appended(server, before)) == 2


def test_a_large_body_takes_the_same_way(server: IngestServer, before: int) -> None:
    body = [log_record("fp", str(number), description="x" * 900) for number in range(500)]
    assert send(server, body).json()["queued"] == 500
    (envelope,) = appended(server, before)
    assert len(translate("auth0", envelope.body)) == 500


def test_what_may_not_lie_anywhere_is_not_even_appended(server: IngestServer, before: int) -> None:
    body = (Path(__file__).parents[1] / "golden/sources/supabase/update_password.in.json").read_bytes()
    assert b"HASHAFTER" in body

    assert send(server, body, "/webhooks/supabase").json() == {
        "success": True, "status": "queued", "received": 1, "queued": 1, "ignored": 0,
    }  # fmt: skip
    (envelope,) = appended(server, before)
    assert (envelope.source, envelope.is_repeat) == ("supabase", False)
    for secret in (b"HASH", b"tok-confirm", b"Mira"):
        assert secret not in envelope.body
    assert [item.name for item in translate("supabase", envelope.body)] == ["auth.password_reset"]


def test_nothing_secret_is_logged_or_answered(server: IngestServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        send(server, b"{", f"/webhooks/auth0?api_key={KEY_TEXT}", None),
        send(server, b"{}", "/webhooks/auth0?api_key=lsoc_live_wrong", None),
        send(server, [log_record()], f"/webhooks/auth0?api_key={KEY_TEXT}", None, Content_Encoding="br"),
    ]
    own = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    for text in (own, *(answer.text for answer in answers)):
        assert KEY_TEXT not in text
        assert "lsoc_live_wrong" not in text


def test_a_signed_delivery_is_taken_and_every_other_refused(server: IngestServer, before: int, counted: Any) -> None:
    server.settings_table.settings[SIGNED] = SourceSettings(secrets=(SECRET, "whsec_before"))
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]
    now_ms, path = server.clock.now_ms(), f"/webhooks/{signed_source.ID}"
    body = json.dumps([log_record()]).encode()
    sign = signed_source.signature
    refused = {
        "signature_missing": None,
        "signature_malformed": "nonsense",
        "signature_wrong": sign(body, "whsec_other", now_ms),
        "signature_stale": sign(body, SECRET, now_ms - signed_source.TOLERANCE_MS - 1),
    }
    for reason, header in refused.items():
        answer = send(server, body, path, **({} if header is None else {"X_Signature": header}))
        assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (401, "UNAUTHORIZED", reason)
        assert SECRET not in answer.text
    assert send(server, body + b" ", path, X_Signature=sign(body, SECRET, now_ms)).json()["reason"] == "signature_wrong"
    assert not appended(server, before)
    assert counted(SIGNED) == {f"refused:{reason}": 1 + (reason == "signature_wrong") for reason in refused}

    for secret in (SECRET, "whsec_before"):
        assert send(server, body, path, X_Signature=sign(body, secret, now_ms), X_Delivery="d1").status_code == 200
    assert [one.delivery_id for one in appended(server, before)] == ["d1", "d1"]


def test_without_a_secret_a_key_is_enough(server: IngestServer) -> None:
    assert send(server, [log_record()], f"/webhooks/{signed_source.ID}").status_code == 200


def test_a_handshake_is_answered_to_whoever_has_the_key(server: IngestServer, before: int) -> None:
    server.settings_table.settings[SIGNED] = SourceSettings(secrets=(SECRET,))
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]
    url = f"{server.url}/webhooks/{signed_source.ID}"

    got = httpx.get(f"{url}?api_key={KEY_TEXT}", headers={"X-Challenge": "abc"}, trust_env=False)
    assert (got.status_code, got.text, got.headers["content-type"]) == (200, "abc", "text/plain")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(url, headers={"X-Challenge": "abc"}, trust_env=False).status_code == 401
    assert not appended(server, before)


def test_while_settings_cannot_be_read_known_ones_count_for_a_minute_and_nothing_else_is_taken(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    with signed_source.registered(), serving(tmp_path, clock=clock) as server:
        path = f"/webhooks/{signed_source.ID}"
        server.settings_table.settings[SIGNED] = SourceSettings(secrets=(SECRET,))
        assert send(server, [log_record()], path).json()["reason"] == "signature_missing"
        server.settings_table.is_down = True
        clock.advance_ms(FRESH_MS + 1)
        assert send(server, [log_record()], path).json()["reason"] == "signature_missing"
        unknown = send(server, [log_record()], "/webhooks/auth0")
        assert (unknown.status_code, unknown.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(unknown.headers["Retry-After"]) > 0
        server.source.is_down = True
        clock.advance_ms(STALE_MAX_MS)
        assert send(server, [log_record()], path).status_code == 503
        assert server.envelopes() == []


def test_200_means_on_disk_and_a_failed_append_gives_its_quota_back(tmp_path: Path) -> None:
    publisher = HeldPublisher()
    records = {KEY: record_with(plan="free", monthly_events_limit=5)}
    with serving(tmp_path, publisher=publisher, records=records) as server:
        publisher.error = StreamUnavailable("no space")
        answer = send(server, [log_record("s", str(number)) for number in range(5)])
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        publisher.error = None
        assert send(server, [log_record("s", str(number)) for number in range(5)]).status_code == 200


def test_a_hundred_mixed_types_are_taken_in_one_request(server: IngestServer, before: int) -> None:
    from litesoc_server.sources.auth0 import EVENT_OF_TYPE  # noqa: PLC0415 # the table this is about

    types = [*EVENT_OF_TYPE, "sapi", "fapi", "w", "depnote"]
    body = [log_record(types[number % len(types)], str(number)) for number in range(100)]
    answer = send(server, body).json()

    assert (answer["received"], answer["queued"] + answer["ignored"]) == (100, 100)
    (envelope,) = appended(server, before)
    items = translate("auth0", envelope.body)
    assert len({item.provider_id for item in items}) == 100
    for number, item in enumerate(items):
        log_type = types[number % len(types)]
        assert (number in envelope.rejected) == (log_type not in EVENT_OF_TYPE)
        assert item.name == EVENT_OF_TYPE.get(log_type, f"auth0.{log_type}")
        assert msgspec.json.decode(item.metadata)["source"] == "auth0-log-stream"
