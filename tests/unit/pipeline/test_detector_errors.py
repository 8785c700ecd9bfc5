"""The note of detectors that raised."""

from pathlib import Path

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.pipeline.detector_errors import DetectorErrors, Raised, read_detector_errors

NOW_MS = 1_780_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "detector-errors.json"


def test_another_process_reads_how_often_each_raised_and_when(path: Path) -> None:
    clock = ManualClock(NOW_MS)
    errors = DetectorErrors(path, clock)
    errors.add("new_device")
    clock.advance_ms(500)
    errors.add("session_hijack")
    errors.add("new_device")
    errors.save()
    assert read_detector_errors(path) == {
        "new_device": Raised(2, NOW_MS, NOW_MS + 500),
        "session_hijack": Raised(1, NOW_MS + 500, NOW_MS + 500),
    }


def test_a_new_process_starts_from_nothing(path: Path) -> None:
    earlier = DetectorErrors(path, ManualClock(NOW_MS))
    earlier.add("new_device")
    earlier.save()
    errors = DetectorErrors(path, ManualClock(NOW_MS))
    errors.clear()
    errors.clear()
    assert read_detector_errors(path) == {}
    errors.add("new_device")
    errors.save()
    assert read_detector_errors(path) == {"new_device": Raised(1, NOW_MS, NOW_MS)}


def test_nothing_is_written_while_nothing_raises(path: Path) -> None:
    DetectorErrors(path, ManualClock(NOW_MS)).save()
    assert not path.exists()


def test_a_note_that_cannot_be_read_counts_as_none(path: Path) -> None:
    path.write_text('{"new_device":')
    assert read_detector_errors(path) == {}


def test_a_disk_that_does_not_take_the_note_costs_only_the_note(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    errors = DetectorErrors(path.parent / "missing" / path.name, ManualClock(NOW_MS))
    errors.add("new_device")
    errors.save()
    assert "cannot be written" in caplog.text
