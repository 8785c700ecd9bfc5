"""`litesoc geo update` from a folder, as people run it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from litesoc_server.cli.app import app
from litesoc_server.pipeline.enrich.manifest import read_manifest, updates_dir

EXITS = "".join(f"5.{low}.{number}.5\n" for low in (5, 6, 7) for number in range(250)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "files"
    path.mkdir()
    return path


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setenv("LITESOC_DATA_DIR", str(tmp_path / "data"))
    result = CliRunner().invoke(app, ["geo", "update", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_files_from_a_folder_come_into_force(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "torbulkexitlist").write_bytes(EXITS)
    code, out, _ = run(tmp_path, monkeypatch, "--from", str(folder), "--json")
    results = {row["source"]: row for row in json.loads(out)}
    assert code == 0
    assert (results["tor-exits"]["result"], results["tor-exits"]["ranges"]) == ("updated", 750)
    assert results["aws"]["result"] == "skipped"
    assert list(read_manifest(updates_dir(tmp_path / "data")).entries) == ["tor-exits"]


def test_a_source_that_fails_is_told_and_the_exit_code_says_so(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "torbulkexitlist").write_bytes(EXITS)
    (folder / "cloud.json").write_bytes(b"{" * 20_000)
    code, _, errors = run(tmp_path, monkeypatch, "--from", str(folder))
    assert code == 1
    assert "google-cloud" in errors
    assert "The packaged data stays in use" in errors
    assert "1 of 16 sources were not updated" in errors
    assert "tor-exits" in read_manifest(updates_dir(tmp_path / "data")).entries


def test_one_that_was_asked_for_must_be_there(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, errors = run(tmp_path, monkeypatch, "--from", str(folder), "--only", "tor-exits")
    assert code == 1
    assert "there is no torbulkexitlist" in errors


def test_a_folder_without_any_of_the_files_is_an_error(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, errors = run(tmp_path, monkeypatch, "--from", str(folder))
    assert code == 1
    assert f"{folder} holds none of the files" in errors
    assert "Fix:" in errors


def test_mistakes_are_told_with_their_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, errors = run(tmp_path, monkeypatch, "--only", "nonsense")
    assert code == 1
    assert "there is no source nonsense" in errors
    assert "tor-exits" in errors
    code, _, errors = run(tmp_path, monkeypatch, "--from", str(tmp_path / "nowhere"))
    assert code == 1
    assert "is no folder" in errors


def test_the_list_names_files_and_addresses_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(tmp_path, monkeypatch, "--list", "--json")
    tor = next(row for row in json.loads(out) if row["source"] == "tor-exits")
    assert code == 0
    assert tor["files"] == [{"name": "torbulkexitlist", "url": "https://check.torproject.org/torbulkexitlist"}]
    assert tor["data_date"] is None
    code, out, _ = run(tmp_path, monkeypatch, "--list")
    assert "x4bnet-vpn" in out
    assert not (tmp_path / "data").exists()
