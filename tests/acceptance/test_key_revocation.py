"""What takes a key's use away does so within 5 seconds, on a server that runs: for events, the API and /health."""

import time
from collections.abc import Callable

import httpx
import pytest

from live_server import LiveServer

EVENT = {"event": "auth.login_failed", "actor": "u1", "user_ip": "203.0.113.9"}
WITHIN_S = 5.0
CALLS = [("POST", "/collect"), ("POST", "/collect/batch"), ("GET", "/events"), ("GET", "/alerts"), ("GET", "/health")]


def statuses(http: httpx.Client) -> set[tuple[int, str]]:
    """Ask each kind of endpoint once; return the statuses and codes of all answers."""
    answers = [http.request(method, path, json={"events": [EVENT]} if method == "POST" else None) for method, path in CALLS]
    return {(answer.status_code, answer.json().get("code", "")) for answer in answers}


def seconds_until(http: httpx.Client, wanted: tuple[int, str], act: Callable[[], object]) -> float:
    """Use the key without pause over open connections while ``act`` takes it away; return how long it still worked."""
    assert {status for status, _ in statuses(http)} <= {200, 202}
    act()
    began = time.monotonic()
    while (found := statuses(http)) != {wanted}:
        assert time.monotonic() - began < WITHIN_S, found
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
