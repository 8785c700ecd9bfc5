"""A removal of an organisation that is killed is finished by the next one; nobody else loses a row."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from live_server import LiveServer
from started_before import started_before

PROGRAM = Path(__file__).with_name("removal_main.py")
TESTS = PROGRAM.parents[1]
KILLED_AFTER_S = (0.1, 0.3, 0.3)  # on an idle machine: among the events, among dead letters, among rows


def run(live: LiveServer, what: str) -> "subprocess.Popen[str]":
    env = {**live.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings", "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    return subprocess.Popen([sys.executable, str(PROGRAM), what], env=env, stdout=subprocess.PIPE, text=True)


def answer(live: LiveServer, what: str) -> str:
    with run(live, what) as process:
        said, _ = process.communicate()
    assert process.returncode == 0
    return said


def test_a_removal_is_finished_however_often_it_is_killed(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    gone = live.init()["org_id"]
    assert live.litesoc("orgs", "create", "--name", "Other", "--owner", "owner@shop.example").returncode == 0
    answer(live, "fill")
    before: dict[str, Any] = json.loads(answer(live, "look"))["rows"]
    (other,) = {org_id for org_id in before if "events" in before[org_id]} - {gone}
    assert before[gone].keys() == before[other].keys() | {"apikeys.ApiKey"}

    for delay_s in KILLED_AFTER_S:
        with run(live, "remove") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            time.sleep(delay_s)
            process.kill()
    answer(live, "remove")

    after = json.loads(answer(live, "look"))
    assert gone not in after["rows"]
    assert after["rows"][other] == before[other]
    assert after["ended"] == 1
