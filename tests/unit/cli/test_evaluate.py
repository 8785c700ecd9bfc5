"""`litesoc evaluate` on its smallest scale."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from litesoc_server.cli.app import app

RUNNER = CliRunner()
SMALL = ["evaluate", "--users", "50", "--days", "6", "--seeds", "1", "--held-out", "0"]


def test_tables_and_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = RUNNER.invoke(app, [*SMALL, "--variants", "--report", str(report)])
    assert done.exit_code == 0, done.output
    for words in ("Systems", "Attacks", "Variants", "Detectors", "Benign", "re-authentication", "Goals", "events"):
        assert words in done.stdout
    measured = json.loads(report.read_text())
    assert measured["sets"][0]["seeds"] == [1]
    assert {system["system"] for system in measured["sets"][0]["systems"]} > {"litesoc", "naive"}


def test_json_for_scripts_without_baselines() -> None:
    done = RUNNER.invoke(app, [*SMALL, "--no-baselines", "--json"])
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)["sets"]
    assert [system["system"] for system in one["systems"]] == ["litesoc"]


def test_missing_matplotlib_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = RUNNER.invoke(app, [*SMALL, "--plots", str(tmp_path)])
    assert done.exit_code == 1
    assert "litesoc-server[plots]" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_plot_format_is_refused(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, [*SMALL, "--plots", str(tmp_path), "--plot-format", "gif"])
    assert done.exit_code == 2
    assert "svg, png" in done.stderr


def test_a_report_that_cannot_be_written_costs_nothing_that_was_measured(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, [*SMALL, "--no-baselines", "--json", "--report", str(tmp_path / "nowhere" / "report.json")])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["sets"]
    assert "give another place with --report" in done.stderr
