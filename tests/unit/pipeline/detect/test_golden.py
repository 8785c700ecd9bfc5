"""Detectors over recorded streams: what goes in stands in <case>.in.jsonl, what must come out in <case>.out.json.

A case with settings of its own has them in <case>.policy.json.

`pytest tests/unit/pipeline/detect/test_golden.py --regenerate-golden` writes the answers anew; review them like code.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from factories import make_event
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

GOLDEN = Path(__file__).parents[3] / "golden" / "detectors"
CASES = sorted(GOLDEN.glob("*/*.in.jsonl"))
KINDS = ("firing", "just_below", "look_alike", "out_of_order")


class OnePolicy:
    """The settings of a case."""

    def __init__(self, case: Path) -> None:
        changed = case.with_name(case.name.replace(".in.jsonl", ".policy.json"))
        self._policy = msgspec.json.decode(changed.read_bytes() if changed.exists() else b"{}", type=DetectionPolicy)

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        return self._policy


def events_of(case: Path) -> list[Event]:
    """Return the events of a case; ids rise with the lines unless a line has its own number."""
    rows = [msgspec.json.decode(line) for line in case.read_text().splitlines()]
    return [make_event(**{"number": number, **row}) for number, row in enumerate(rows, 1)]


def detections_of(case: Path) -> list[Detection]:
    """Run the one detector that the case's folder is named after."""
    detector = next(detector for detector in DETECTORS if detector.id == case.parent.name)
    return DetectionRunner(MemoryState(), [detector], OnePolicy(case), score).run(events_of(case)).detections


def golden_of(detections: list[Detection]) -> list[dict[str, Any]]:
    """Return what people and alerts see of detections, without what only repeats the input."""
    left_out = {"org_id", "environment", "geo", "network", "device", "risk_score", "suppressed_by"}
    rows: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(detections))
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name.split('.')[0]}")
def test_golden_case(case: Path, pytestconfig: pytest.Config) -> None:
    detections = detections_of(case)
    found = golden_of(detections)
    expected = case.with_name(case.name.replace(".in.jsonl", ".out.json"))
    if pytestconfig.getoption("--regenerate-golden"):
        expected.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    assert found == msgspec.json.decode(expected.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name.split('.')[0]}")
def test_a_case_fires_exactly_when_its_name_says_so(case: Path) -> None:
    is_quiet = case.name.startswith(("just_below", "look_alike"))
    assert bool(detections_of(case)) is not is_quiet


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_every_detector_has_every_kind_of_case(detector: Any) -> None:
    names = [case.name for case in CASES if case.parent.name == detector.id]
    assert [kind for kind in KINDS if not any(name.startswith(kind) for name in names)] == []
