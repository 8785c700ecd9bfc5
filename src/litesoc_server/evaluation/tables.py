"""The report as tables for a terminal."""

from collections.abc import Iterator

from rich.table import Table

from litesoc_server.evaluation.evaluate import Evaluation, SetReport
from litesoc_server.evaluation.intervals import Estimate
from litesoc_server.evaluation.reauth import HISTORIES, Curve
from litesoc_server.evaluation.report import FamilyReport, SystemReport, ours

_MARKS = {True: "[green]reached[/]", False: "[red]missed[/]", None: "[dim]not measured[/]"}


def tables_of(evaluation: Evaluation, *, has_variants: bool) -> Iterator[Table]:
    """Yield the tables of every set of seeds."""
    for one in evaluation.sets:
        title = f"{one.name} seeds {one.seeds[0]} to {one.seeds[-1]}"
        system = ours(one.systems)
        yield _systems(title, one)
        yield _families(f"Attacks, {title}", system.families)
        if has_variants:
            yield _families(f"Variants, {title}", system.variants)
        yield _detectors(title, system)
        yield _twins(title, system)
        if one.curves:
            yield _curves(title, one.curves)
        yield _goals(title, one)


def _systems(title: str, report: SetReport) -> Table:
    table = _table(
        f"Systems, {title}", "system", "recall", "precision", "alerts/1,000/day quiet", "attacked", "alarms/1,000/day"
    )
    for system in report.systems:
        table.add_row(
            system.system,
            share_text(system.recall),
            share_text(system.precision),
            rate_text(system.quiet_per_1000_user_days),
            rate_text(system.attacked_per_1000_user_days),
            f"{system.alarms_per_1000_user_days:.2f}",
        )
    return table


def _families(title: str, families: list[FamilyReport]) -> Table:
    columns = ("family", "variant", "recall", "precision", "incidents", "events to alert", "seconds", "found by")
    table = _table(title, *columns)
    for family in families:
        table.add_row(
            family.family,
            family.variant,
            share_text(family.recall),
            share_text(family.precision),
            _number(family.incidents_per_campaign, 1),
            _number(family.events_to_alarm, 0),
            _number(family.seconds_to_alarm, 0),
            ", ".join(f"{name} {count}" for name, count in list(family.detectors.items())[:3]),
        )
    return table


def _detectors(title: str, system: SystemReport) -> Table:
    table = _table(f"Detectors, {title}", "detector", "incidents", "precision", "false/1,000/day quiet")
    for detector in system.detectors:
        table.add_row(
            detector.detector,
            str(detector.incidents_count),
            share_text(detector.precision),
            rate_text(detector.quiet_per_1000_user_days),
        )
    return table


def _twins(title: str, system: SystemReport) -> Table:
    table = _table(f"Benign events that look like attacks, {title}", "event", "staged", "share with an alert", "incidents")
    for twin in system.twins:
        table.add_row(twin.family, str(twin.staged), share_text(twin.alarmed), str(twin.incidents_count))
    return table


def _curves(title: str, curves: list[Curve]) -> Table:
    table = _table(
        f"Median re-authentication rate, {title}", "attacker", "stopped", "whose", *(f"{n} logins" for n in HISTORIES)
    )
    for curve in curves:
        table.add_row(curve.attacker, f"{curve.tpr:.1%}", "ours", *(_number(curve.rates[n], 2) for n in HISTORIES))
        table.add_row("", "", "published", *(_number(curve.published.get(n), 2) for n in HISTORIES))
    return table


def _goals(title: str, report: SetReport) -> Table:
    table = _table(f"Goals, {title}", "goal", "target", "measured", "")
    for goal in report.goals:
        table.add_row(goal.name, goal.target, _interval(goal.measured, goal.low, goal.high), _MARKS[goal.is_reached])
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number or column == "found by" else "right")
    return table


def share_text(estimate: Estimate) -> str:
    """Return a share with its interval, in percent."""
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.0%}"
    return f"{estimate.value:.0%} ({estimate.low:.0%} to {estimate.high:.0%})"


def rate_text(estimate: Estimate) -> str:
    """Return a rate with its interval."""
    return _interval(estimate.value, estimate.low, estimate.high)


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
