"""The whole evaluation, small: real detectors on a simulated population."""

from pathlib import Path

import pytest

from evaluation_work import count_up
from factories import make_event
from litesoc_server.evaluation.dry_run import dry_risk
from litesoc_server.evaluation.evaluate import Evaluation, Settings, evaluate, ticks_count
from litesoc_server.evaluation.parallel import run_all
from litesoc_server.evaluation.plots import write_plots
from litesoc_server.evaluation.report import ours
from litesoc_server.evaluation.run import run_seed
from litesoc_server.evaluation.simulator.simulation import Plan
from litesoc_server.events.event import Geo
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

SETTINGS = Settings(seeds=1, held_out=1, users=60, days=8, attacks_per_org_day=8)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    ticks: list[int] = []
    done = evaluate(SETTINGS, jobs=1, advance=ticks.append)
    assert sum(ticks) <= ticks_count(SETTINGS)
    return done


def test_both_sets_of_seeds_are_reported_apart(evaluation: Evaluation) -> None:
    assert [(one.name, one.seeds) for one in evaluation.sets] == [("development", [1]), ("held out", [1_001])]
    for one in evaluation.sets:
        assert [system.system for system in one.systems] == [
            "litesoc",
            "naive",
            "elastic",
            "sentinel",
            "crowdsec",
            "panther",
        ]
        assert one.goals
        assert len(one.curves) == 4


def test_detectors_find_loud_attacks(evaluation: Evaluation) -> None:
    for one in evaluation.sets:
        assert (ours(one.systems).recall.value or 0) > 0.3


def test_plots_are_drawn(evaluation: Evaluation, tmp_path: Path) -> None:
    files = write_plots(evaluation, tmp_path / "plots", "svg")
    assert {path.name for path in files} == {"families.svg", "reauthentication.svg", "alerts.svg"}
    assert all(path.read_text().startswith("<?xml") for path in files)


def test_a_run_without_attacks_holds_no_campaign() -> None:
    plan = Plan(seed=2, users=40, days=4, attacks_per_org_day=0, twins_per_org_day=0)
    run = run_seed(plan, (), lambda _ticks: None)
    assert run.systems["litesoc"].campaigns == []
    assert run.systems["litesoc"].incidents.true == 0


class Defaults:
    """Default settings for everybody."""

    def __init__(self) -> None:
        self.policy = DetectionPolicy()

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        return self.policy


def test_asking_for_a_score_leaves_no_trace() -> None:
    scores: list[list[int]] = []
    for asks in (False, True):
        state, policies = MemoryState(), Defaults()
        runner = DetectionRunner(state, (), policies, score)
        logins = [
            make_event(name="auth.login_success", number=n, at=n * 4000.0, ua="Firefox/Linux", asn=64500)
            for n in range(1, 20)
        ]
        stranger = make_event(
            name="auth.login_success",
            number=99,
            at=90_000.0,
            ip="198.51.100.7",
            ua="Chrome/Windows",
            asn=64501,
            geo=Geo("NO", None, "Oslo", 59.9, 10.7),
        )
        found: list[int] = []
        for login in logins:
            found.append(runner.run((login,)).risks[login.event_id].score)
            if asks:
                assert dry_risk(score, stranger, policies.policy, state) is not None
        scores.append(found)
    assert scores[0] == scores[1]


def test_processes_are_spawned_and_report_how_far_they_are() -> None:
    ticks: list[int] = []
    assert sorted(run_all(count_up, [1, 2, 3], jobs=2, advance=ticks.append)) == [2, 4, 6]
    assert sum(ticks) == 6
