"""What the evaluation makes of alarms, on cases small enough to count by hand."""

import pytest

from factories import T0_MS, make_event
from litesoc_server.evaluation.alarms import QUIET_MS, Alarm, IncidentBook, campaign_of
from litesoc_server.evaluation.goals import goals_of
from litesoc_server.evaluation.intervals import mean, share
from litesoc_server.evaluation.report import report_of
from litesoc_server.evaluation.results import SeedResult
from litesoc_server.evaluation.run import Scorer
from litesoc_server.evaluation.simulator.ledger import Ledger, Place, Speed
from litesoc_server.events.ids import OrgId

ATTACKED, QUIET = OrgId("attacked"), OrgId("quiet")


def alarm(key: str, at_ms: int, trigger: str, *evidence: str, org: OrgId = ATTACKED, detector: str = "d") -> Alarm:
    return Alarm(org, detector, key, at_ms, trigger, evidence or (trigger,))


def test_alarms_of_one_key_are_one_incident_until_a_quiet_day_has_passed() -> None:
    book = IncidentBook()
    numbers = [book.add(alarm("k", at_ms, "e"), None) for at_ms in (0, QUIET_MS, 2 * QUIET_MS + 1, 2 * QUIET_MS + 2)]
    assert numbers == [0, 0, 1, 1]
    assert book.add(alarm("k", 0, "e", org=QUIET), None) == 2


@pytest.mark.parametrize(
    ("trigger", "evidence", "expected"),
    [
        ("attack", ("other",), 7),
        ("other", ("attack", "other"), 7),
        ("other", ("attack", "other", "another"), None),
        ("other", ("other",), None),
    ],
)
def test_an_alarm_is_about_its_trigger_or_half_of_its_evidence(
    trigger: str, evidence: tuple[str, ...], expected: int | None
) -> None:
    assert campaign_of(alarm("k", 0, trigger, *evidence), {"attack": 7}) == expected


def scored() -> SeedResult:
    """One found attack, one missed, one alarming twin, and two false alarms, one of them in the quiet organisation."""
    ledger = Ledger()
    found = ledger.open("spray", Speed.FAST, Place.VPN, ATTACKED, is_attack=True)
    missed = ledger.open("spray", Speed.SLOW, Place.OFFICE, ATTACKED, is_attack=True)
    twin = ledger.open("outage", Speed.FAST, Place.OWN, ATTACKED, is_attack=False)
    for number, campaign in enumerate((found, found, found, missed, twin), 1):
        ledger.add(campaign, make_event(number=number, at=number * 60.0))
    ids = list(ledger.campaign_of)
    found.successes = [ids[1], ids[2]]
    scorer = Scorer(ledger)
    scorer.add(alarm("k1", T0_MS + 120_000, ids[1], ids[0], ids[1]), [2, 0, 0])
    scorer.add(alarm("k1", T0_MS + 180_000, "unknown", ids[0], ids[1], detector="other"), [3, 0, 0])
    scorer.add(alarm("k2", T0_MS + 300_000, ids[4]), [3, 1, 1])
    scorer.add(alarm("k3", T0_MS + 300_000, "unknown"), [3, 1, 1])
    scorer.add(alarm("k3", T0_MS + 300_000, "unknown", org=QUIET), [3, 1, 1])
    return SeedResult(
        seed=1,
        users=20,
        days=100,
        quiet_user_days=1_000,
        attacked_user_days=1_000,
        orgs_count=2,
        events_count=10,
        seconds=1.0,
        detect_seconds=0.5,
        systems={"litesoc": scorer.finish(frozenset({ATTACKED}))},
    )


def test_a_run_is_counted_by_campaign_and_by_incident() -> None:
    run = scored().systems["litesoc"]
    found, missed, twin = run.campaigns
    assert found.detectors == ["d", "other"]
    assert (found.incidents_count, found.successes_count, found.flagged_count) == (1, 2, 1)
    assert (found.events_to_alarm, found.ms_to_alarm) == (2, 60_000)
    assert not missed.is_found
    assert twin.is_found
    tally = run.incidents
    assert (tally.true, tally.twin, tally.false_quiet, tally.false_attacked) == (1, 1, 1, 1)
    assert run.detectors["other"].true == 1
    assert run.alarms_count == 5


def test_a_report_gives_recall_precision_and_rates() -> None:
    report = report_of("litesoc", [scored()])
    assert (report.recall.value, report.recall.count) == (0.5, 2)
    assert report.precision.value == 0.25
    assert report.quiet_per_1000_user_days.value == 1.0
    assert report.attacked_per_1000_user_days.value == 3.0
    (family,) = report.families
    assert family.family == "spray"
    assert family.events_to_alarm == 2
    assert {variant.variant: variant.recall.value for variant in report.variants} == {"fast/vpn": 1.0, "slow/office": 0.0}
    (twin,) = report.twins
    assert twin.alarmed.value == 1.0
    by_name = {goal.name: goal.is_reached for goal in goals_of(report, [])}
    assert by_name["suite: recall of spray"] is False
    assert by_name["suite: alerts per 1,000 users and day without attacks"] is False
    assert by_name["travel: recall, attacker's device is new"] is None


def test_intervals_hold_what_they_should() -> None:
    assert share(0, 0).value is None
    nine_of_ten = share(9, 10)
    assert nine_of_ten.low == pytest.approx(0.596, abs=0.001)  # Wilson's interval, as in Brown, Cai, DasGupta 2001
    assert nine_of_ten.high == pytest.approx(0.982, abs=0.001)
    assert mean([2.0]).low is None
    spread = mean([1.0, 2.0, 3.0, 4.0])
    assert spread.value == 2.5
    assert spread.low is not None
    assert spread.high is not None
    assert 1.0 <= spread.low < 2.5 < spread.high <= 4.0
