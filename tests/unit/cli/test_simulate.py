"""`litesoc simulate` into a file."""

import json
from pathlib import Path

from typer.testing import CliRunner

from litesoc_server.cli.app import app

RUNNER = CliRunner()
ARGUMENTS = ["simulate", "--users", "60", "--days", "4", "--seed", "5", "--rate", "6"]


def test_events_and_labels_go_to_two_files(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    done = RUNNER.invoke(app, [*ARGUMENTS, "--to", str(file), "--json"])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    summary = json.loads(done.stdout)
    assert summary["events"] == len(lines)
    labels = json.loads(Path(summary["labels"]).read_text())
    attacks = [campaign for campaign in labels["campaigns"] if campaign["is_attack"]]
    assert len(attacks) == summary["attacks"] > 0
    for campaign in labels["campaigns"]:
        assert len(campaign["event_numbers"]) == campaign["events_count"]
        assert campaign["event_numbers"][-1] <= len(lines)


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for file in files:
        assert RUNNER.invoke(app, [*ARGUMENTS, "--to", str(file)]).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_one_family_or_none_can_be_asked_for(tmp_path: Path) -> None:
    for wanted, families in (("spray,tor_login", {"spray", "tor_login"}), ("none", set())):
        file = tmp_path / f"{wanted}.jsonl"
        assert RUNNER.invoke(app, [*ARGUMENTS, "--to", str(file), "--attacks", wanted]).exit_code == 0
        labels = json.loads(file.with_name(f"{wanted}.jsonl.labels.json").read_text())
        assert {campaign["family"] for campaign in labels["campaigns"]} <= families


def test_mistakes_are_said_with_their_fix(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "file"
    no_folder = RUNNER.invoke(app, ["simulate", "--to", str(nowhere)])
    no_labels = RUNNER.invoke(app, ["simulate", "--to", str(tmp_path / "x"), "--labels", str(nowhere)])
    no_target = RUNNER.invoke(app, ["simulate"])
    no_key = RUNNER.invoke(app, ["simulate", "--url", "http://127.0.0.1:1"])
    unknown = RUNNER.invoke(app, ["simulate", "--to", str(tmp_path / "x"), "--attacks", "sprey"])
    rhythm = RUNNER.invoke(app, ["simulate", "--to", str(tmp_path / "x"), "--speed", "5"])
    for done, words in (
        (no_folder, f"{nowhere} cannot be written"),
        (no_labels, "with --labels"),
        (no_target, "--to"),
        (no_key, "LITESOC_API_KEY"),
        (unknown, "sprey"),
        (rhythm, "--speed"),
    ):
        assert done.exit_code == 2
        assert words in done.stderr
        assert "Fix:" in done.stderr
    assert not (tmp_path / "x").exists()
