"""POST /v1/logs over HTTP on a real uvicorn with a real stream: what is answered, and what is appended."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from ingest_server import KEY, NOW_MS, RECORD, IngestServer, record_with, serving
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import KeyRecord, Scope
from litesoc_server.ingest.otlp import status_message
from litesoc_server.ingest.source_settings import Connection, SourceSettings
from litesoc_server.sources.registry import translate

PROTOBUF = "application/x-protobuf"
OFF = record_with(org_id=OrgId(str(uuid4())))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestServer]:
    records = {
        KEY: RECORD,
        b"backfill": record_with(scopes=frozenset({Scope.INGEST, Scope.BACKFILL})),
        b"switched off": OFF,
        b"reader": record_with(scopes=frozenset({Scope.READ})),
        b"small": record_with(org_id=OrgId(str(uuid4())), monthly_events_limit=3, plan="free", rate_limit_per_minute=60),
        b"slow": record_with(org_id=OrgId(str(uuid4())), monthly_events_limit=100, plan="free", rate_limit_per_minute=1),
    }
    with serving(tmp_path_factory.mktemp("server"), records=records) as running:
        yield running


def export(*names: str, lines: int = 0) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for name in names:
        record = records.add(event_name=name, time_unix_nano=(NOW_MS - 5_000) * 1_000_000)
        record.attributes.add(key="user.id").value.string_value = "usr_1"
        record.attributes.add(key="client.address").value.string_value = "198.51.100.77"
    for _ in range(lines):
        records.add().body.string_value = "an ordinary line"
    return request


def post(
    server: IngestServer, body: bytes, content_type: str = PROTOBUF, key: str = KEY.decode(), **headers: str
) -> httpx.Response:
    sent = {"Content-Type": content_type, "X-API-Key": key} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return httpx.post(f"{server.url}/v1/logs", content=body, headers=sent)


def appended(server: IngestServer, before: int) -> list[Any]:
    return server.envelopes()[before:]


def test_events_among_log_lines_are_taken(server: IngestServer) -> None:
    before = len(server.envelopes())
    answer = post(server, export("auth.login_failed", "auth.logout", lines=3).SerializeToString())
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF)
    assert not ExportLogsServiceResponse.FromString(answer.content).HasField("partial_success")
    (envelope,) = appended(server, before)
    assert (envelope.source, envelope.may_backdate) == ("otlp", False)
    items = translate("otlp", envelope.body)
    assert [(item.name, item.actor_id, item.user_ip, item.timestamp) for item in items] == [
        ("auth.login_failed", "usr_1", "198.51.100.77", None),
        ("auth.logout", "usr_1", "198.51.100.77", None),
    ]
    assert b"ordinary line" not in envelope.body


def counted(server: IngestServer, record: KeyRecord) -> Counter[str]:
    server.source_counts.write()
    return server.counts_table.totals.get(Connection(record.org_id, record.environment, "otlp"), Counter())


def test_what_came_of_exports_is_counted(server: IngestServer) -> None:
    before = Counter(counted(server, RECORD))
    post(server, export("auth.login_failed", "shop.cart_emptied", lines=3).SerializeToString())
    post(server, b"{", "application/json")
    post(server, b"name=value", "text/plain")
    assert counted(server, RECORD) - before == {
        "delivered": 1,
        "received": 5,
        "queued": 2,
        "kept_unknown": 1,
        "ignored:no_event_name": 3,
        "refused:INVALID_JSON": 1,
        "refused:UNSUPPORTED_ENCODING": 1,
    }


def test_a_source_that_is_switched_off_takes_nothing(server: IngestServer) -> None:
    connection = Connection(OFF.org_id, OFF.environment, "otlp")
    server.settings_table.settings[connection] = SourceSettings(is_enabled=False)
    answer = post(server, b"never read", "application/json", key="switched off")
    assert (answer.status_code, answer.json()["error"]) == (403, "FORBIDDEN")
    assert answer.json()["message"] == "OpenTelemetry is switched off: switch it on under Integrations"
    assert counted(server, OFF) == {"refused:FORBIDDEN": 1}


def test_json_and_gzip_are_taken_and_answered_in_kind(server: IngestServer) -> None:
    record = {"eventName": "auth.login_success", "timeUnixNano": str((NOW_MS - 5_000) * 1_000_000)}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    before = len(server.envelopes())
    answer = post(server, gzip.compress(body), "application/json; charset=utf-8", "backfill", Content_Encoding="gzip")
    assert (answer.status_code, answer.json()) == (200, {})
    (envelope,) = appended(server, before)
    assert envelope.may_backdate
    assert translate("otlp", envelope.body)[0].timestamp == "2026-08-09T07:12:39.120+00:00"


def test_log_lines_alone_are_taken_and_append_nothing(server: IngestServer) -> None:
    before = len(server.envelopes())
    assert post(server, export(lines=5).SerializeToString(), key="small").status_code == 200
    assert post(server, b"").status_code == 200  # an empty export
    assert appended(server, before) == []


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (401, export("a.b").SerializeToString(), {"key": "unknown"}),
        (403, export("a.b").SerializeToString(), {"key": "reader"}),
        (400, b"\xff\xff\xff", {}),
        (400, b"{}", {"Content_Encoding": "gzip"}),
        (400, gzip.compress(b"\0" * 30_000_000), {"Content_Encoding": "gzip"}),
        (415, export("a.b").SerializeToString(), {"Content_Encoding": "zstd"}),
        (413, b"\0" * (1024 * 1024 + 1), {}),
        (400, export(*["a.b"] * 1_001).SerializeToString(), {}),
        (403, export(*["a.b"] * 4).SerializeToString(), {"key": "small"}),
    ],
    ids=["key", "scope", "broken", "no gzip", "bomb", "encoding", "size", "many", "quota"],
)
def test_refusals_are_statuses_in_the_requests_encoding(
    server: IngestServer, status: int, body: bytes, headers: dict[str, str]
) -> None:
    before = len(server.envelopes())
    answer = post(server, body, **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROTOBUF)
    assert answer.content == status_message(_text_of(answer.content))
    assert appended(server, before) == []


def _text_of(status: bytes) -> str:
    """Read a google.rpc.Status that holds a message only."""
    position = next(index for index in range(1, len(status)) if not status[index] & 0x80)
    return status[position + 1 :].decode()


def test_another_content_type_is_refused_in_json(server: IngestServer) -> None:
    answer = post(server, b"x", "text/plain")
    assert answer.status_code == 415
    assert "application/x-protobuf" in answer.json()["message"]


def test_too_fast_is_to_be_sent_again(server: IngestServer) -> None:
    body = export("a.b").SerializeToString()
    assert post(server, body, key="slow").status_code == 200
    again = post(server, body, key="slow")
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) > 0
