"""What happens when something breaks: nothing acknowledged is lost, and people are told what to do."""

import json
import signal
import time
from pathlib import Path

from clickhouse_http import ClickHouseServer
from http_client import Api, failed_login, wait_until
from litesoc_server.clock import SystemClock
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject
from live_server import LiveServer
from started_before import started_before


def _server(tmp_path: Path, **env: str) -> tuple[LiveServer, Api]:
    live = started_before(tmp_path / "data", env=env)
    account = live.init()
    live.start()
    return live, Api(live.url, account["api_key"])


def test_sigterm_ends_within_ten_seconds_and_keeps_what_was_just_acknowledged(tmp_path: Path) -> None:
    live, api = _server(tmp_path)
    for number in range(20):
        assert api.collect({"event": "data.upload", "actor": {"id": f"user-{number}"}}).status_code == 202
    started = time.monotonic()
    assert live.stop() == 0
    assert time.monotonic() - started < 10

    live.start()
    again = Api(live.url, api.http.headers["X-API-Key"])
    assert len(again.wait_for_events(20)) == 20
    assert again.events()["pagination"]["total"] == 20
    live.stop()


def test_sigterm_ends_within_ten_seconds_while_the_store_hangs(tmp_path: Path, clickhouse: ClickHouseServer) -> None:
    live, api = _server(tmp_path, LITESOC_EVENTS_URL=clickhouse.url)
    api.collect(failed_login("198.51.100.7", "before"))
    api.wait_for_events(1, actor_id="before")
    clickhouse.pause()
    try:
        assert api.collect(failed_login("198.51.100.7", "meanwhile")).status_code == 202
        time.sleep(1)  # the insert is on its way
        started = time.monotonic()
        assert live.stop() == 0
        assert time.monotonic() - started < 10
    finally:
        clickhouse.resume()

    live.start()
    again = Api(live.url, api.http.headers["X-API-Key"])
    again.wait_for_events(1, actor_id="meanwhile")
    assert again.events()["pagination"]["total"] == 2
    live.stop()


def test_a_second_server_on_the_same_directory_is_refused_with_the_reason(tmp_path: Path) -> None:
    live, api = _server(tmp_path)
    second = live.litesoc("serve", "--port", "0")

    assert second.returncode != 0
    assert "in use by another server" in second.stderr
    assert str(live.process_id) in second.stderr
    assert api.collect(failed_login("198.51.100.7")).status_code == 202
    live.stop()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    live, _ = _server(tmp_path)
    port = live.url.rsplit(":", 1)[1]
    other = LiveServer(tmp_path / "other")
    refused = other.litesoc("serve", "--port", port)

    assert refused.returncode != 0
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    live.stop()


def test_a_revoked_key_stops_working_within_five_seconds(tmp_path: Path) -> None:
    live, api = _server(tmp_path)
    assert api.collect(failed_login("198.51.100.7")).status_code == 202
    key_id = live.litesoc_json("keys", "list")[0]["id"]
    live.litesoc_json("keys", "revoke", key_id)
    time.sleep(5)

    assert api.collect(failed_login("198.51.100.7")).status_code == 401
    assert api.http.get("/events").status_code == 401
    live.stop()


def test_while_the_store_is_down_events_are_accepted_and_shown_later(tmp_path: Path, clickhouse: ClickHouseServer) -> None:
    live, api = _server(tmp_path, LITESOC_EVENTS_URL=clickhouse.url)
    api.collect({"event": "data.upload", "actor": {"id": "before"}})
    api.wait_for_events(1, actor_id="before")
    clickhouse.stop()

    for number in range(30):
        assert api.collect(failed_login("185.220.101.34", f"user-{number}")).status_code == 202
    assert api.http.get("/events").status_code == 503
    assert int(api.http.get("/events").headers["Retry-After"]) > 0
    api.wait_for_alert(source_ip="185.220.101.34")  # alerts do not wait for the store

    clickhouse.start()
    api.http.timeout = 30
    wait_until(lambda: api.http.get("/events").status_code, lambda status: status == 200, what="the store")
    assert len(api.wait_for_events(30, event_name="auth.login_failed")) == 30
    assert api.events(event_name="auth.login_failed")["pagination"]["total"] == 30
    live.stop()


def test_a_full_stream_answers_503_and_keeps_what_it_acknowledged(tmp_path: Path, clickhouse: ClickHouseServer) -> None:
    live, api = _server(tmp_path, LITESOC_EVENTS_URL=clickhouse.url, LITESOC_STREAM_MAX_BYTES=str(1024**2))
    api.collect({"event": "data.upload", "actor": {"id": "first"}})
    api.wait_for_events(1, actor_id="first")
    clickhouse.stop()
    acknowledged = 0
    padding = "x" * 8000
    for number in range(500):
        answer = api.collect({"event": "data.upload", "actor": {"id": f"user-{number}"}, "metadata": {"padding": padding}})
        if answer.status_code == 503:
            break
        assert answer.status_code == 202
        acknowledged += 1

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "SERVICE_UNAVAILABLE"
    assert acknowledged > 20

    clickhouse.start()
    api.wait_for_events(acknowledged + 1)
    assert api.events()["pagination"]["total"] == acknowledged + 1
    live.stop()


def test_a_poison_message_becomes_a_dead_letter_and_the_line_goes_on(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    account = live.init()
    stream = EmbeddedStream(tmp_path / "data" / "stream", max_bytes=1024**3, clock=SystemClock())
    stream.open(None)
    stream.publisher.publish(Subject.RAW, [b"\xc1 this is no envelope"])
    stream.publisher.publish(Subject.DETECTIONS, [b"\xc1 this is no detection"])
    stream.close()
    live.start()
    api = Api(live.url, account["api_key"])
    api.collect(*[failed_login("185.220.101.34") for _ in range(6)])
    api.wait_for_alert(source_ip="185.220.101.34")
    assert len(api.wait_for_events(6)) == 6

    letters = live.litesoc_json("dead-letters", "list")
    assert letters["count"] == 2
    assert {letter["subject"] for letter in letters["dead_letters"]} == {"raw", "detections"}
    assert "no envelope" not in json.dumps(letters)
    assert live.litesoc_json("dead-letters", "replay", "--all") == {"replayed": 2}
    wait_until(lambda: live.litesoc_json("dead-letters", "list")["count"], lambda count: count == 2, what="dead letters")
    live.stop()


def test_a_crash_in_native_code_ends_the_process_and_loses_nothing(tmp_path: Path) -> None:
    live, api = _server(tmp_path)
    assert api.collect({"event": "data.upload", "actor": {"id": "before the crash"}}).status_code == 202

    assert live.end_with(signal.SIGSEGV) == -signal.SIGSEGV

    assert "Segmentation fault" in live.log_text()
    live.start()
    again = Api(live.url, api.http.headers["X-API-Key"])
    assert len(again.wait_for_events(1, actor_id="before the crash")) == 1
    live.stop()
