"""The agent against a server of its own on a real socket: what arrives, in which order, after which failure."""

import hashlib
import json
import random
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from litesoc_server.agent.agent import LOOK_EVERY_S, Agent
from litesoc_server.agent.batches import EVENTS_MAX
from litesoc_server.agent.server import HOPELESS_RETRY_S, RETRY_MAX_S, Answer, Backoff, Fate, Server
from litesoc_server.agent.settings import AgentSettings, Watch
from litesoc_server.agent.state import FILE_NAME, StateFile, StateUnusable


class Receiver:
    """Takes batches as the server does: each Idempotency-Key once. Its answers can be told."""

    def __init__(self) -> None:
        self.scopes = ["ingest"]
        self.taken: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []  # path and Idempotency-Key
        self.beats: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str], dict[str, Any]]] = []  # to the next batches
        self.is_answer_lost = False  # taken, but the connection breaks before the answer
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name it has there
                pass

            def do_GET(self) -> None:
                self._answer(200, {}, {"status": "ok", "scopes": receiver.scopes})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers.get("Idempotency-Key", "")
                receiver.requests.append((self.path, key))
                if self.path.endswith("/heartbeat"):
                    receiver.beats.append(json.loads(body))
                    self._answer(200, {}, {"success": True})
                    return
                if receiver.answers:
                    self._answer(*receiver.answers.pop(0))
                    return
                assert receiver.taken.setdefault(key, body) == body, "one key for two bodies"
                if receiver.is_answer_lost:
                    receiver.is_answer_lost = False
                    self.close_connection = True
                    return
                self._answer(202, {}, {"success": True, "queued": len(json.loads(body)["events"])})

            def _answer(self, status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
                encoded = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.taken.values() for event in json.loads(body)["events"]]

    @property
    def users(self) -> list[str]:
        return [event["actor"]["id"] for event in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Host:
    """A computer with a log, an agent and a clock."""

    def __init__(self, directory: Path, receiver: Receiver) -> None:
        self.log = directory / "auth.log"
        self.log.touch()
        self.now_s = 1000.0
        self.waits: list[float] = []
        self._receiver = receiver
        self._state_dir = directory / "state"
        self.agent = self.start()

    def start(self, **changes: Any) -> Agent:
        """Start the agent anew, as after a kill: only the state directory is left."""
        settings = AgentSettings(
            **{
                "server": self._receiver.url,
                "watches": (Watch(self.log),),
                "is_journal_read": False,
                "state_dir": self._state_dir,
                "hostname": "web-3.shop.example",
                "is_from_start": True,
                **changes,
            }
        )
        self.agent = Agent(
            settings,
            Server(settings.server, "lsoc_live_0123456789abcdef"),
            StateFile(self._state_dir),
            rng=random.Random(1),
            monotonic=lambda: self.now_s,
        )
        return self.agent

    def restart(self, **changes: Any) -> None:
        self.agent.close()
        self.start(**changes)

    def write(self, *users: str) -> None:
        with self.log.open("a") as log:
            for user in users:
                log.write(
                    f"2026-11-26T10:00:00+00:00 web-3 sshd[7]: Failed password for {user} from 198.51.100.9 port 9 ssh2\n"
                )

    def work(self, steps: int = 24) -> None:
        for _ in range(steps):
            wait_s = self.agent.step()
            self.waits.append(wait_s)
            self.now_s += max(wait_s, 0.01)

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self._state_dir / FILE_NAME).read_text()))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def host(tmp_path: Path, receiver: Receiver) -> Iterator[Host]:
    host = Host(tmp_path, receiver)
    yield host
    host.agent.close()


def test_an_event_is_what_the_contract_says(host: Host, receiver: Receiver) -> None:
    host.write("root")
    host.work()
    assert receiver.events == [
        {
            "event": "auth.login_failed",
            "actor": {"id": "root"},
            "user_ip": "198.51.100.9",
            "metadata": {
                "source": "sshd",
                "reason": "failed_password",
                "method": "password",
                "port": "9",
                "source_hostname": "web-3.shop.example",
                "log_file": str(host.log),
                "logged_at": "2026-11-26T10:00:00+00:00",
            },
        }
    ]


def test_events_carry_their_own_time_only_under_a_key_that_may_backdate(host: Host, receiver: Receiver) -> None:
    receiver.scopes = ["ingest", "backfill"]
    host.write("root")
    host.work()
    (event,) = receiver.events
    assert event["timestamp"] == "2026-11-26T10:00:00+00:00"
    assert "logged_at" not in event["metadata"]


def test_names_like_passwords_and_inner_addresses_do_not_leave_the_computer(host: Host, receiver: Receiver) -> None:
    with host.log.open("a") as log:
        log.write("Nov 26 10:00:00 web-3 sshd[7]: Failed password for P@ss!! from 10.0.0.7 port 9 ssh2\n")
    host.work()
    (event,) = receiver.events
    assert (event["actor"]["id"], event["user_ip"]) == ("[REDACTED]", "[REDACTED]")
    assert receiver.beats[0].get("recent_logs") is None
    host.now_s += 60
    host.work()
    assert receiver.beats[-1]["recent_logs"] == [
        "Nov 26 10:00:00 web-3 sshd[7]: Failed password for [REDACTED] from [REDACTED] port 9 ssh2"
    ]


def test_lines_relayed_from_another_computer_keep_its_name(host: Host, receiver: Receiver) -> None:
    with host.log.open("a") as log:
        log.write("Nov 26 10:00:00 db-1 sshd[7]: Failed password for root from 198.51.100.9 port 9 ssh2\n")
    host.work()
    assert receiver.events[0]["metadata"]["source_hostname"] == "db-1"


def test_many_lines_go_in_batches_of_a_hundred(host: Host, receiver: Receiver) -> None:
    users = [f"u{number}" for number in range(250)]
    host.write(*users)
    host.work()
    assert sorted(receiver.users) == sorted(users)
    batches = sorted((json.loads(body)["events"] for body in receiver.taken.values()), key=len)
    assert [len(batch) for batch in batches] == [50, EVENTS_MAX, EVENTS_MAX]
    assert [event["actor"]["id"] for event in batches[0]] == users[200:]


def test_a_kill_after_the_server_took_a_batch_and_before_that_was_noted_doubles_nothing(
    host: Host, receiver: Receiver
) -> None:
    host.write("a", "b")
    receiver.is_answer_lost = True
    while not receiver.taken:
        host.work(1)
    host.write("c")
    host.restart()
    host.work()
    assert receiver.users == ["a", "b", "c"]
    keys = [key for path, key in receiver.requests if path.endswith("batch")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 2


def test_a_kill_before_anything_was_sent_loses_nothing_even_at_a_first_start_from_the_end(
    host: Host, receiver: Receiver
) -> None:
    host.write("old")
    host.restart(is_from_start=False)
    host.work(1)
    host.write("new")
    host.restart(is_from_start=False)
    host.work()
    assert receiver.users == ["new"]


def test_nothing_accepted_stays_on_disk_once_the_log_is_quiet(host: Host, receiver: Receiver) -> None:
    host.write("a")
    host.work(20)
    assert receiver.users == ["a"]
    assert host.state["requests"] == []


def test_two_agents_with_the_same_lines_have_different_keys(tmp_path: Path, receiver: Receiver) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        host = Host(tmp_path / name, receiver)
        host.write("root")
        host.work()
        host.agent.close()
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("status", [429, 503, 500, 502])
def test_what_passes_is_tried_again_when_the_server_says(host: Host, receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"Retry-After": "7"}, {"code": "X"})]
    host.write("root")
    host.work()
    assert receiver.users == ["root"]
    assert any(7 <= wait < 8.01 for wait in host.waits)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_a_person_has_to_mend_is_tried_again_slowly_and_nothing_is_dropped(
    host: Host, receiver: Receiver, status: int
) -> None:
    receiver.answers = [(status, {}, {"code": "QUOTA_EXCEEDED"})] * 3
    host.write("root")
    host.work()
    assert receiver.users == ["root"]
    assert host.waits.count(HOPELESS_RETRY_S) == 3


def test_what_can_never_be_taken_is_counted_and_left(host: Host, receiver: Receiver) -> None:
    receiver.answers = [(400, {}, {"code": "VALIDATION_FAILED"})]
    host.write("a")
    host.work()
    host.write("b")
    host.work()
    assert receiver.users == ["b"]
    assert host.agent.figures.refused == 1


def test_a_batch_that_is_taken_in_part_counts_the_rest_as_refused(host: Host, receiver: Receiver) -> None:
    errors = [{"index": 1, "code": "VALIDATION_FAILED"}]
    receiver.answers = [(202, {}, {"success": True, "queued": 1, "rejected": 1, "errors": errors})]
    host.write("a", "b")
    host.work()
    assert (host.agent.figures.accepted, host.agent.figures.refused) == (1, 1)
    assert receiver.taken == {}, "it is not sent again"


def test_heartbeats_come_at_once_then_every_minute_while_lines_come_and_else_every_five(
    host: Host, receiver: Receiver
) -> None:
    def beats_within(seconds: float) -> int:
        before, end_s = len(receiver.beats), host.now_s + seconds
        while host.now_s < end_s:
            host.agent.step()
            host.now_s += 5
        return len(receiver.beats) - before

    host.work(1)
    assert receiver.beats[0].keys() == {"hostname", "ip_address", "agent_version"}
    assert beats_within(280) == 0
    assert beats_within(30) == 1
    host.write(*(f"u{number}" for number in range(30)))
    host.now_s += 300
    assert beats_within(180) == 3
    assert [len(beat.get("recent_logs", [])) for beat in receiver.beats[-3:]] == [0, 10, 0]


def test_once_ends_when_everything_is_sent(host: Host, receiver: Receiver) -> None:
    host.write("a", "b")
    receiver.answers = [(503, {"Retry-After": "1"}, {})]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        host.now_s += seconds

    host.restart(is_once=True)
    host.agent.run_once(sleep)
    assert receiver.users == ["a", "b"]


def test_a_state_directory_has_one_agent_and_a_broken_state_is_not_passed_over(host: Host, tmp_path: Path) -> None:
    with pytest.raises(StateUnusable, match="another agent"):
        StateFile(tmp_path / "state")
    host.agent.close()
    (tmp_path / "state" / FILE_NAME).write_text("{")
    file = StateFile(tmp_path / "state")
    with pytest.raises(StateUnusable, match="remove it"):
        file.load()
    file.close()
    (tmp_path / "state" / FILE_NAME).unlink()
    host.start()


def test_waits_grow_to_a_ceiling_and_differ_from_agent_to_agent() -> None:
    waits = []
    for seed in (1, 2):
        backoff = Backoff(random.Random(seed))
        waits.append([backoff.after(Answer(Fate.AGAIN)) for _ in range(20)])
    assert waits[0] != waits[1]
    assert all(0.25 <= wait <= RETRY_MAX_S for wait in waits[0])
    assert waits[0][-1] >= RETRY_MAX_S / 2
    backoff.succeeded()
    assert backoff.after(Answer(Fate.AGAIN)) <= 0.5


def test_an_idle_agent_looks_a_few_times_a_second(host: Host) -> None:
    host.work()
    assert host.waits[-1] == LOOK_EVERY_S


def test_keys_are_a_function_of_positions_and_content(host: Host, receiver: Receiver) -> None:
    host.write("root")
    host.work()
    (key,) = receiver.taken
    assert key.startswith("agent-")
    assert len(key) == len("agent-") + len(hashlib.sha256().hexdigest())
