"""`litesoc dead-letters` on the embedded stream."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from litesoc_server.cli.app import app
from litesoc_server.cli.options import configure
from litesoc_server.runtime.build import open_dead_letters
from litesoc_server.stream.subjects import Subject

RUNNER = CliRunner()


def test_ids_that_are_unknown_are_named_and_the_others_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITESOC_DATA_DIR", str(tmp_path))
    with open_dead_letters(configure(None)) as dead_letters:
        dead_letters.add(Subject.RAW, b"{}", "broken")
        (letter,) = dead_letters.list(10)

    nothing = RUNNER.invoke(app, ["dead-letters", "replay", "nope"])
    assert nothing.exit_code == 1
    assert "there is no dead letter with the id nope" in nothing.stderr
    assert "Fix:" in nothing.stderr

    mixed = RUNNER.invoke(app, ["dead-letters", "replay", letter.id, "nope", letter.id, "neither", "--json"])
    assert mixed.exit_code == 1
    assert json.loads(mixed.stdout) == {"replayed": 1}
    assert "nope, neither" in mixed.stderr

    with open_dead_letters(configure(None)) as dead_letters:
        assert dead_letters.count() == 0
    assert RUNNER.invoke(app, ["dead-letters", "replay", "--all"]).exit_code == 0
