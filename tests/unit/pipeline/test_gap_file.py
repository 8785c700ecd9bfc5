"""The note of a gap in detection."""

from pathlib import Path

from litesoc_server.pipeline.gap_file import Gap, GapFile


def test_what_was_written_is_read_until_it_is_removed(tmp_path: Path) -> None:
    gap_file = GapFile(tmp_path / "gap.json")
    assert gap_file.read() is None
    gap_file.write(Gap(since_ms=2))
    gap_file.write(Gap(since_ms=1))
    assert GapFile(tmp_path / "gap.json").read() == Gap(since_ms=1)
    gap_file.remove()
    gap_file.remove()
    assert gap_file.read() is None


def test_a_note_that_cannot_be_read_stands_for_a_day_more(tmp_path: Path) -> None:
    path = tmp_path / "gap.json"
    path.write_text("{")
    gap = GapFile(path).read()
    assert gap is not None
    assert gap.since_ms == int(path.stat().st_mtime * 1000) - 86_400_000
