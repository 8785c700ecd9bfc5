"""The goals that detection was built towards, and whether a report reaches them."""

from collections.abc import Sequence

import msgspec

from litesoc_server.evaluation.intervals import Estimate
from litesoc_server.evaluation.reauth import Attacker, Curve
from litesoc_server.evaluation.report import SystemReport

FAMILY_RECALL = 0.95
TRAVEL_RECALL, TRAVEL_FALSE, TRAVEL_PRECISION = 0.95, 0.10, 0.85
QUIET_ALERTS = 0.5  # per 1,000 users and day
REAUTH_AT, REAUTH_RATE = 12, 0.10
IN_TIME, FLAGGED, FALSE_CAMPAIGNS = 0.95, 0.95, 1.0


class Goal(msgspec.Struct, frozen=True):
    """One goal."""

    name: str
    target: str
    measured: float | None
    is_reached: bool | None  # None: not measured
    low: float | None = None
    high: float | None = None


def goals_of(report: SystemReport, curves: Sequence[Curve]) -> list[Goal]:
    """Return every goal beside what was measured."""
    travel, distributed = report.travel, report.distributed
    return [
        _at_least("travel: recall, attacker's device is new", travel.recall_new_device, TRAVEL_RECALL),
        _at_least("travel: recall, attacker copies the agent", travel.recall_copied_agent, TRAVEL_RECALL),
        _at_most("travel: false alarms per 1,000 users and day", travel.quiet_per_1000_user_days, TRAVEL_FALSE),
        _at_least("travel: precision", travel.precision, TRAVEL_PRECISION),
        *_reauth(curves),
        _at_least("distributed: alert within 60 s or 50 attempts", distributed.in_time, IN_TIME),
        _at_least("distributed: successes inside flagged", distributed.successes_flagged, FLAGGED),
        _at_most(
            "distributed: false campaigns per organisation and month",
            distributed.false_campaigns_per_org_month,
            FALSE_CAMPAIGNS,
        ),
        _at_most("suite: alerts per 1,000 users and day without attacks", report.quiet_per_1000_user_days, QUIET_ALERTS),
        *(_at_least(f"suite: recall of {family.family}", family.recall, FAMILY_RECALL) for family in report.families),
    ]


def _reauth(curves: Sequence[Curve]) -> list[Goal]:
    for curve in curves:
        if curve.attacker is Attacker.TARGETED:
            rate = curve.rates[REAUTH_AT]
            name = f"score: re-authentication at {REAUTH_AT} logins, targeted attacker stopped {curve.tpr:.0%}"
            return [Goal(name, f"≤ {REAUTH_RATE:.2f}", rate, None if rate is None else rate <= REAUTH_RATE)]
    return []


def _at_least(name: str, measured: Estimate, target: float) -> Goal:
    value = measured.value
    return Goal(name, f"≥ {target:.2f}", value, None if value is None else value >= target, measured.low, measured.high)


def _at_most(name: str, measured: Estimate, target: float) -> Goal:
    value = measured.value
    return Goal(name, f"≤ {target:.2f}", value, None if value is None else value <= target, measured.low, measured.high)
