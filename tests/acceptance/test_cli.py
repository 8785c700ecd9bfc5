"""The command line as people and scripts use it, against a real server."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from http_client import Api
from litesoc_server.cli import main
from litesoc_server.cli.app import app
from litesoc_server.clock import ManualClock
from litesoc_server.pipeline.detector_errors import DetectorErrors
from live_server import LiveServer
from servers import PostgresServer
from started_before import started_before

SSHD_LINES = """\
Mar 30 15:54:01 web-3 sshd[811]: Failed password for victim from 24.151.103.17 port 40022 ssh2
Mar 30 15:54:04 web-3 sshd[811]: message repeated 5 times: [ Failed password for victim from 24.151.103.17 port 40022 ssh2]
Mar 30 16:01:36 web-3 sshd[812]: Accepted password for victim from 24.151.103.17 port 40024 ssh2
Mar 30 16:01:36 web-3 systemd[1]: Started Session 12 of user victim.
"""


def test_init_prints_exactly_what_scripts_expect_and_writes_for_its_user_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    answer = LiveServer(shared).init()

    assert answer.keys() == {"org_id", "owner", "api_key"}
    assert answer["owner"] == "owner@shop.example"
    assert answer["api_key"].startswith("lsoc_live_")
    assert (shared / "control.db").stat().st_mode & 0o077 == 0


def test_a_wrong_password_or_email_is_refused_and_nothing_is_created(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    weak = live.litesoc("init", "--org", "A", "--email", "a@example.org", "--password-stdin", stdin="short\n")
    wrong = live.litesoc("init", "--org", "A", "--email", "nobody", "--password-stdin", stdin="correct-horse-battery\n")

    assert weak.returncode == 1
    assert "Fix:" in weak.stderr
    assert wrong.returncode == 1
    assert live.litesoc_json("keys", "list") == []


def test_a_second_organisation_of_the_same_owner_keeps_the_password(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    second = live.litesoc_json("init", "--org", "Second", "--email", "Owner@Shop.example")

    assert second.keys() == {"org_id", "owner", "api_key"}
    assert {key["org"] for key in live.litesoc_json("keys", "list")} == {"shop-example", "second"}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_first_commands_at_the_same_time_share_one_new_database(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    env = {}
    if database == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        env["LITESOC_DATABASE_URL"] = server.create_database("first_commands")
    live = LiveServer(tmp_path / "data", env=env)
    organizations = ["First", "Second", "Third"]
    with ThreadPoolExecutor(len(organizations)) as executor:
        answers = list(executor.map(live.init, organizations, [f"{name}@shop.example" for name in organizations]))

    assert len({answer["org_id"] for answer in answers}) == len(organizations)


def test_an_unknown_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    live = LiveServer(tmp_path / "data", env={"LITESOC_COLLECT_STATUS": "201", "LITESOC_STORE": "x"})
    done = live.litesoc("serve")

    assert done.returncode == 1
    assert "LITESOC_COLLECT_STATUS" in done.stderr
    assert "LITESOC_STORE is not a setting" in done.stderr


def test_all_wrong_settings_are_said_at_once(tmp_path: Path) -> None:
    wrong = {
        "LITESOC_COLLECT_STATUS": "201",
        "LITESOC_QUOTA_EXCEEDED_STATUS": "400",
        "LITESOC_SECRET_KEY": "short",
        "LITESOC_BODY_TIMEOUT_S": "-1",
        "LITESOC_PUBLIC_URL": "soc.example.com",
    }
    done = LiveServer(tmp_path / "data", env=wrong).litesoc("doctor")

    assert done.returncode == 1
    assert {name for name in wrong if name in done.stderr} == set(wrong)


def test_a_log_level_in_lower_case_is_taken(tmp_path: Path) -> None:
    done = started_before(tmp_path / "data", env={"LITESOC_LOG_LEVEL": "warning"}).litesoc("keys", "list")

    assert done.returncode == 0, done.stderr


def test_mistakes_with_keys_are_named(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    mistakes = {
        "nowhere": ("keys", "list", "--org", "nowhere"),
        "what the key is for": ("keys", "create", "--name", " "),
        "characters": ("keys", "create", "--name", "n" * 151),
        "organisation needs a name": ("init", "--org", " ", "--email", "a@example.org"),
    }
    for named, command in mistakes.items():
        done = live.litesoc(*command)
        assert done.returncode == 1
        assert named in done.stderr
        assert "Fix:" in done.stderr


def test_ids_of_keys_can_be_copied_from_the_list(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data", env={"COLUMNS": "80"})
    live.init()
    (key,) = live.litesoc_json("keys", "list")

    assert key["id"] in live.litesoc("keys", "list").stdout


def test_doctor_finds_nothing_wrong_beside_a_running_server(server: LiveServer, account: dict[str, str]) -> None:
    results = server.litesoc_json("doctor")

    assert {result["check"] for result in results} >= {
        "Configuration",
        "Disk",
        "Control database",
        "Stream",
        "Detectors",
        "Clock",
        "IP data",
        "Instrumentation",
    }
    assert [result for result in results if result["outcome"] == "failure"] == []


def test_doctor_names_detectors_that_raised_until_the_server_starts_again(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    errors = DetectorErrors(tmp_path / "data" / "detector-errors.json", ManualClock(1_772_366_400_000))
    for _ in range(1_200):
        errors.add("new_device")
    errors.save()

    (found,) = (result for result in live.litesoc_json("doctor") if result["check"] == "Detectors")
    assert found["outcome"] == "warning"
    assert found["finding"].startswith("new_device raised 1,200 times since 2026-03-01 12:00:00 UTC")
    live.start()
    (found,) = (result for result in live.litesoc_json("doctor") if result["check"] == "Detectors")
    assert found["outcome"] == "ok"
    live.stop()


def test_doctor_says_what_to_do_before_init(tmp_path: Path) -> None:
    live = LiveServer(tmp_path / "nothing")
    done = live.litesoc("doctor")

    assert done.returncode == 1
    assert "litesoc init" in done.stdout


def test_a_new_data_directory_is_for_its_user_alone(tmp_path: Path) -> None:
    looked_at_first = LiveServer(tmp_path / "new")
    looked_at_first.litesoc("dead-letters", "list")

    assert looked_at_first.data_dir.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "command",
    [
        ("init", "--org", "A", "--email", "a@example.org"),
        ("serve", "--port", "0"),
        ("doctor",),
        ("migrate",),
        ("keys", "list"),
        ("dead-letters", "list"),
    ],
)
def test_a_data_directory_that_cannot_be_made_is_named_with_the_fix(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = LiveServer(file / "data").litesoc(*command)

    assert done.returncode == 1
    assert str(file / "data") in done.stderr
    assert "--data-dir" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "serve",
        "demo",
        "replay",
        "simulate",
        "evaluate",
        "tail",
        "explain",
        "doctor",
        "migrate",
        "keys create",
        "dead-letters list",
    ],
)
def test_every_command_has_help(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])

    assert done.exit_code == 0
    assert "--help" in done.stdout


def test_replay_keeps_the_times_of_a_log(server: LiveServer, api: Api, tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text(SSHD_LINES)
    key = server.create_key("ingest", "backfill")
    summary = server.litesoc_json("replay", str(log), "--format", "sshd", "--keep-time", "--url", server.url, "--key", key)

    assert summary["accepted"] == 7
    assert summary["rejected"] == 0
    events = api.wait_for_events(7, actor_id="victim")
    assert events[0]["event_name"] == "auth.login_success"
    assert events[0]["created_at"][4:19] == "-03-30T16:01:36"
    alert = api.wait_for_alert(source_ip="24.151.103.17", severity="critical")
    assert alert["actor_id"] == "victim"


def test_replay_refuses_keep_time_without_the_scope(server: LiveServer, account: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text(SSHD_LINES)
    done = server.litesoc(
        "replay", str(log), "--format", "sshd", "--keep-time", "--url", server.url, "--key", account["api_key"]
    )

    assert done.returncode == 1
    assert "backfill" in done.stderr


def test_replay_of_json_lines_in_their_rhythm(server: LiveServer, account: dict[str, str], api: Api, tmp_path: Path) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    file = tmp_path / "events.jsonl"
    file.write_text(
        "".join(
            json.dumps(
                {
                    "event": "data.download",
                    "actor": {"id": "rhythm"},
                    "timestamp": (start + timedelta(seconds=60 * n)).isoformat(),
                }
            )
            + "\n"
            for n in range(5)
        )
    )
    summary = server.litesoc_json(
        "replay", str(file), "--format", "jsonl", "--speed", "600", "--url", server.url, "--key", account["api_key"]
    )

    assert summary["accepted"] == 5
    assert summary["seconds"] >= 0.4
    api.wait_for_events(5, actor_id="rhythm")


def test_simulate_sends_a_population_to_a_server(server: LiveServer, api: Api) -> None:
    key = server.create_key("ingest", "backfill")
    to_server = ("--users", "20", "--days", "3", "--url", server.url, "--key", key)
    summary = server.litesoc_json("simulate", *to_server, "--attacks", "address_brute_force", "--rate", "3")

    assert summary["rejected"] == 0
    assert summary["accepted"] == summary["events"] > 50
    assert summary["attacks"] > 0
    api.wait_for_alert(alert_type="brute_force_attack")


def test_simulate_needs_the_scope_to_send_the_past(server: LiveServer, account: dict[str, str]) -> None:
    done = server.litesoc("simulate", "--url", server.url, "--key", account["api_key"])

    assert done.returncode == 1
    assert "backfill" in done.stderr


def test_a_wrong_key_and_a_wrong_address_say_the_fix(server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"event": "data.download"}\n')
    wrong_key = server.litesoc("replay", str(file), "--format", "jsonl", "--url", server.url, "--key", "lsoc_live_wrong")

    assert wrong_key.returncode == 1
    assert "401" in wrong_key.stderr
    assert "keys list" in wrong_key.stderr


def test_a_key_copied_from_an_example_says_the_fix(tmp_path: Path) -> None:
    done = LiveServer(tmp_path / "data").litesoc("tail", "--url", "http://127.0.0.1:1", "--key", "lsoc_live_…")

    assert done.returncode == 1
    assert "copy the whole key" in done.stderr


def test_the_address_may_end_in_the_prefix_of_the_api(server: LiveServer, account: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"event": "data.download"}\n')
    url = f"{server.url}/api/v1/"
    summary = server.litesoc_json("replay", str(file), "--format", "jsonl", "--url", url, "--key", account["api_key"])

    assert summary["accepted"] == 1


def test_ctrl_c_ends_a_command_quietly_from_its_first_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("litesoc_server.cli.app.main", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
