"""What takes a key's use away does so within 5 seconds, on a server that runs: for events, the API and /health.

Also where one process takes events and another one has the pages and the API, through which the key is taken away.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from live_server import LiveServer
from servers import NatsServer, RedisServer, free_port, provided
from started_before import started_before

EVENT = {"event": "auth.login_failed", "actor": "u1", "user_ip": "203.0.113.9"}
WITHIN_S = 5.0
PAUSE_S = 0.05  # between two uses: the key is in use all the time, and the machine has time for others
CALLS = [("POST", "/collect"), ("POST", "/collect/batch"), ("GET", "/events"), ("GET", "/alerts"), ("GET", "/health")]


def statuses(http: httpx.Client, calls: Sequence[tuple[str, str]] = CALLS) -> set[tuple[int, str]]:
    """Ask each kind of endpoint once; return the statuses and codes of all answers."""
    answers = [http.request(method, path, json={"events": [EVENT]} if method == "POST" else None) for method, path in calls]
    return {(answer.status_code, answer.json().get("code", "")) for answer in answers}


def seconds_until(http: httpx.Client, wanted: tuple[int, str], act: Callable[[], object]) -> float:
    """Use the key again and again over open connections while ``act`` takes it away; return how long it still worked."""
    assert {status for status, _ in statuses(http)} <= {200, 202}
    act()
    began = time.monotonic()
    while (found := statuses(http)) != {wanted}:
        assert time.monotonic() - began < WITHIN_S, found
        time.sleep(PAUSE_S)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("takes_away", "wanted"),
    [
        (("keys", "revoke", "{id}"), (401, "UNAUTHORIZED")),
        (("keys", "rotate", "{id}", "--overlap", "0s"), (401, "UNAUTHORIZED")),
        (("keys", "change", "{id}", "--expires", "1s"), (401, "UNAUTHORIZED")),
        (("access", "allow-list", "-", "--key", "{id}", "--insist"), (403, "IP_NOT_ALLOWED")),
    ],
    ids=["revoked", "rotated", "expired", "not from here"],
)
def test_what_takes_a_key_away_is_in_force_within_five_seconds(
    server: LiveServer, account: dict[str, str], takes_away: tuple[str, ...], wanted: tuple[int, str]
) -> None:
    assert account
    key = server.litesoc_json("keys", "create", "--name", "till", "--scope", "ingest,read")
    command = [word.replace("{id}", key["id"]) for word in takes_away]

    def act() -> None:
        done = server.litesoc(*command, stdin="203.0.113.7")
        assert done.returncode == 0, done.stderr

    headers = {"X-API-Key": key["api_key"]}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=20) as http:
        taken_s = seconds_until(http, wanted, act)
    print(f"{command[1]}: not taken any more after {taken_s:.1f} s")
    assert taken_s < WITHIN_S


INGEST_CALLS = [("POST", "/collect"), ("POST", "/collect/batch"), ("GET", "/health")]
WEB_CALLS = [("GET", "/organization"), ("GET", "/keys")]


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Two processes on one control database; the store is away, which neither of them minds."""

    ingest: LiveServer
    web: LiveServer
    account: dict[str, str]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    directory = tmp_path_factory.mktemp("roles")
    shared = started_before(directory / "shared")
    with ExitStack() as stack:
        nats = stack.enter_context(provided(NatsServer, directory / "nats"))
        redis = stack.enter_context(provided(RedisServer, directory / "redis"))
        env = {
            "LITESOC_DATABASE_URL": f"sqlite://{shared.data_dir / 'control.db'}",
            "LITESOC_STREAM_URL": nats.url,
            "LITESOC_EVENTS_URL": f"clickhouse://127.0.0.1:{free_port()}/default",
            "LITESOC_STATE_URL": redis.url,
        }
        running = {}
        for role in ("ingest", "web"):
            running[role] = LiveServer(directory / role, env=env, args=("--role", role))
            shutil.copytree(shared.data_dir, directory / role)
        account = running["web"].init()
        for server in running.values():
            server.start()
            stack.callback(server.stop)
        yield Roles(**running, account=account)


def until_refused(roles: Roles, key: str, wanted: tuple[int, str], act: Callable[[], object]) -> dict[str, float]:
    """Use a key at both processes again and again while ``act`` takes it away; return how long each still took it."""
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        clients = {
            name: (stack.enter_context(httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=20)), calls)
            for name, server, calls in (("ingest", roles.ingest, INGEST_CALLS), ("web", roles.web, WEB_CALLS))
        }
        for http, calls in clients.values():
            assert {status for status, _ in statuses(http, calls)} <= {200, 202}
        act()
        began = time.monotonic()
        while clients.keys() - seconds:
            for name in clients.keys() - seconds:
                http, calls = clients[name]
                if statuses(http, calls) == {wanted}:
                    seconds[name] = time.monotonic() - began
            assert time.monotonic() - began < WITHIN_S, f"only {seconds}"
            time.sleep(PAUSE_S)
    return seconds


def test_what_is_revoked_or_suspended_in_one_process_is_refused_by_the_other(roles: Roles) -> None:
    manager = {"X-API-Key": roles.account["api_key"]}
    with httpx.Client(base_url=roles.web.url, trust_env=False, timeout=20) as browser:
        made = browser.post("/keys", json={"name": "till", "scopes": ["ingest", "read", "manage"]}, headers=manager).json()

        def revoke() -> None:
            assert browser.delete(f"/keys/{made['data']['id']}", headers=manager).status_code == 200

        def suspend() -> None:
            answer = browser.post(f"/operator/{roles.account['org_id']}/suspend", data=form(suspend="1"))
            assert answer.status_code == 302, answer.text

        def form(**fields: str) -> dict[str, str]:
            return {**fields, "csrfmiddlewaretoken": browser.cookies["litesoc_csrf"]}

        revoked = until_refused(roles, made["data"]["api_key"], (401, "UNAUTHORIZED"), revoke)
        browser.get("/accounts/login/")
        fields = form(login=roles.account["owner"], password="correct-horse-battery")
        assert browser.post("/accounts/login/", data=fields).status_code == 302
        suspended = until_refused(roles, roles.account["api_key"], (403, "ACCOUNT_SUSPENDED"), suspend)
    print(f"seconds until refused: revoked {revoked}, suspended {suspended}")
