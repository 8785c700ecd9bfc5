"""What happens when something breaks: nothing acknowledged is lost, and people are told what to do."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clickhouse_http import ClickHouseServer
from http_client import Api, failed_login, wait_until
from litesoc_server.clock import SystemClock
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject
from live_server import LiveServer
from started_before import started_before


@dataclass
class House:
    """A server that every test finds running and leaves running: nothing that was broken in it stays so."""

    live: LiveServer
    key: str

    @property
    def api(self) -> Api:
        """Its API where it listens now: each start takes another port."""
        return Api(self.live.url, self.key)


def _started(directory: Path, **env: str) -> House:
    live = started_before(directory / "data", env=env)
    house = House(live, live.init()["api_key"])
    live.start()
    return house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = _started(tmp_path_factory.mktemp("faults"))
    yield house
    house.live.stop()


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    server = ClickHouseServer(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouseServer) -> Iterator[House]:
    """A server with its events in ClickHouse and a stream that is soon full."""
    env = {"LITESOC_EVENTS_URL": clickhouse.url, "LITESOC_STREAM_MAX_BYTES": str(4 * 1024**2)}
    house = _started(tmp_path_factory.mktemp("scaled"), **env)
    yield house
    house.live.stop()


def test_a_second_server_on_the_same_directory_is_refused_with_the_reason(house: House) -> None:
    second = house.live.litesoc("serve", "--port", "0")

    assert second.returncode != 0
    assert "in use by another server" in second.stderr
    assert str(house.live.process_id) in second.stderr
    assert house.api.collect(failed_login("198.51.100.7")).status_code == 202


def test_a_taken_port_is_named(house: House, tmp_path: Path) -> None:
    port = house.live.url.rsplit(":", 1)[1]
    refused = LiveServer(tmp_path / "other").litesoc("serve", "--port", port)

    assert refused.returncode != 0
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr


def test_sigterm_ends_within_ten_seconds_and_keeps_what_was_just_acknowledged(house: House) -> None:
    api = house.api
    for number in range(20):
        assert api.collect({"event": "data.upload", "actor": {"id": f"user-{number}"}}).status_code == 202
    started = time.monotonic()
    assert house.live.stop() == 0
    assert time.monotonic() - started < 10

    house.live.start()
    assert len(house.api.wait_for_events(20, event_name="data.upload")) == 20
    assert house.api.events(event_name="data.upload")["pagination"]["total"] == 20


def test_a_poison_message_becomes_a_dead_letter_and_the_line_goes_on(house: House) -> None:
    live = house.live
    live.stop()
    stream = EmbeddedStream(live.data_dir / "stream", max_bytes=1024**3, clock=SystemClock())
    stream.open(None)
    stream.publisher.publish(Subject.RAW, [b"\xc1 this is no envelope"])
    stream.publisher.publish(Subject.DETECTIONS, [b"\xc1 this is no detection"])
    stream.close()
    live.start()
    api = house.api
    api.collect(*[failed_login("185.220.101.34", "behind it") for _ in range(6)])
    api.wait_for_alert(source_ip="185.220.101.34")
    assert len(api.wait_for_events(6, actor_id="behind it")) == 6

    letters = live.litesoc_json("dead-letters", "list")
    assert letters["count"] == 2
    assert {letter["subject"] for letter in letters["dead_letters"]} == {"raw", "detections"}
    assert "no envelope" not in json.dumps(letters)
    assert live.litesoc_json("dead-letters", "replay", "--all") == {"replayed": 2}
    wait_until(lambda: live.litesoc_json("dead-letters", "list")["count"], lambda count: count == 2, what="dead letters")


def test_a_crash_in_native_code_ends_the_process_and_loses_nothing(house: House) -> None:
    assert house.api.collect({"event": "data.upload", "actor": {"id": "before the crash"}}).status_code == 202

    assert house.live.end_with(signal.SIGSEGV) == -signal.SIGSEGV

    assert "Segmentation fault" in house.live.log_text()
    house.live.start()
    assert len(house.api.wait_for_events(1, actor_id="before the crash")) == 1


def test_sigterm_ends_within_ten_seconds_while_the_store_hangs(scaled: House, clickhouse: ClickHouseServer) -> None:
    api = scaled.api
    api.collect(failed_login("198.51.100.7", "before"))
    api.wait_for_events(1, actor_id="before")
    clickhouse.pause()
    try:
        assert api.collect(failed_login("198.51.100.7", "meanwhile")).status_code == 202
        time.sleep(1)  # the insert is on its way
        started = time.monotonic()
        assert scaled.live.stop() == 0
        assert time.monotonic() - started < 10
    finally:
        clickhouse.resume()

    scaled.live.start()
    scaled.api.wait_for_events(1, actor_id="meanwhile")
    assert scaled.api.events()["pagination"]["total"] == 2


def test_while_the_store_is_down_events_are_accepted_and_shown_later(scaled: House, clickhouse: ClickHouseServer) -> None:
    api, wanted = scaled.api, {"query": "ip:185.220.101.34"}
    api.collect({"event": "data.upload", "actor": {"id": "before"}})
    api.wait_for_events(1, event_name="data.upload")
    clickhouse.stop()

    for number in range(30):
        assert api.collect(failed_login("185.220.101.34", f"user-{number}")).status_code == 202
    assert api.http.get("/events").status_code == 503
    assert int(api.http.get("/events").headers["Retry-After"]) > 0
    api.wait_for_alert(source_ip="185.220.101.34")  # alerts do not wait for the store

    clickhouse.start()
    wait_until(lambda: api.http.get("/events").status_code, lambda status: status == 200, what="the store")
    assert len(api.wait_for_events(30, **wanted)) == 30
    assert api.events(**wanted)["pagination"]["total"] == 30


def test_a_full_stream_answers_503_and_keeps_what_it_acknowledged(scaled: House, clickhouse: ClickHouseServer) -> None:
    api = scaled.api
    api.collect({"event": "data.download", "actor": {"id": "first"}})
    api.wait_for_events(1, actor_id="first")
    clickhouse.stop()
    acknowledged = 0
    padding = "x" * 8000
    for number in range(1000):
        answer = api.collect({"event": "data.download", "actor": {"id": f"user-{number}"}, "metadata": {"padding": padding}})
        if answer.status_code == 503:
            break
        assert answer.status_code == 202
        acknowledged += 1

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "SERVICE_UNAVAILABLE"
    assert acknowledged > 20

    clickhouse.start()
    api.wait_for_events(acknowledged + 1, event_name="data.download")
    assert api.events(event_name="data.download")["pagination"]["total"] == acknowledged + 1
