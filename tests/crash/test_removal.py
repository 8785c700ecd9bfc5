"""A removal of an organisation that is killed is finished by the next one; nobody else loses a row."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from forked_processes import ForkedProcess, run_forked, start_forked
from live_server import LiveServer
from started_before import started_before

PROGRAM = "crash.removal_main"
KILLED_AFTER_S = (0.1, 0.3, 0.3)  # on an idle machine: among the events, among dead letters, among rows


def environment(live: LiveServer) -> dict[str, str]:
    return {**live.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}


def answer(live: LiveServer, *what: str) -> dict[str, Any]:
    """Run the program to its end and return what it printed last."""
    done = run_forked(PROGRAM, *what, env=environment(live))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def removing(live: LiveServer) -> Iterator[tuple[ForkedProcess, IO[str]]]:
    """Begin to remove."""
    says, said = os.pipe()
    with os.fdopen(said, "w") as stdout, Path(os.devnull).open("w") as nothing:
        process = start_forked(PROGRAM, "remove", env=environment(live), stdout=stdout, stderr=nothing)
    with os.fdopen(says) as words:
        yield process, words


def test_a_removal_is_finished_however_often_it_is_killed(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    gone = live.init()["org_id"]
    assert live.litesoc("orgs", "create", "--name", "Other", "--owner", "owner@shop.example").returncode == 0
    before = answer(live, "fill", "look")["rows"]
    (other,) = {org_id for org_id in before if "events" in before[org_id]} - {gone}
    assert before[gone].keys() == before[other].keys() | {"apikeys.ApiKey"}

    for delay_s in KILLED_AFTER_S:
        with removing(live) as (process, words):
            assert words.readline() == "begins\n"
            time.sleep(delay_s)
            with suppress(ProcessLookupError):  # it was faster than ever
                process.kill()
            process.wait()

    after = answer(live, "remove", "look")
    assert gone not in after["rows"]
    assert after["rows"][other] == before[other]
    assert after["ended"] == 1
