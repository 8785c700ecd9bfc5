"""The figures at the top of the overview, each with its course and its change, and the chart of severities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from litesoc_server import backend
from litesoc_server.orgs.plans import RETENTION_DAYS_MAX
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.queries.key_figures import KeyFigures
from litesoc_server.store.queries.overview_series import SeriesPoint
from litesoc_server.store.queries.span import SPAN_OF_MINUTES_MS
from litesoc_server.store.together import QUESTIONS
from litesoc_server.web.member import Member
from litesoc_server.web.summaries.spans import PageSpan
from litesoc_server.web.summaries.sparkline import sparkline
from litesoc_server.web.time_range import TimeRange

EXACT_MAX = 1_000  # distinct actors or addresses: beyond it they are counted to about 0.8 %
_CHANGE_MAX = 999  # per cent; more is said as "many times as many"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number."""

    title: str
    value: int
    is_about: bool
    change: str  # "12 % more than before", "" where there is nothing to compare with
    direction: str  # "up", "down", "same"
    sparkline: Mapping[str, str]
    address: str  # of the page that lists what was counted


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the store says about a span."""

    figures: Sequence[Figure]
    chart: Mapping[str, object]  # as frontend/src/chart.ts reads it
    rows: Sequence[tuple[int, SeriesPoint]]  # the chart as a table: beginning of the step, what happened in it
    events: int
    leaves_out_hour: bool  # that is not over: changes are of those that are


def overview_of(member: Member, time_range: TimeRange, span: PageSpan) -> Overview:
    """Return the figures of a span and its chart. Raises StoreUnavailable."""
    reader, ask = backend.current().reader, QUESTIONS.submit
    asked_now = ask(reader.key_figures, org_id=member.org_id, span=span.now)
    asked_visitors = ask(reader.visitor_series, org_id=member.org_id, span=span.now, step_ms=span.step_ms)
    asked_before = ask(_before, member, span)
    asked_points = ask(reader.overview_series, org_id=member.org_id, span=span.now, step_ms=span.step_ms)
    now, before = asked_now.result(), asked_before.result()
    finished = now if span.finished == span.now else _finished(member, span, now)
    nothing = SeriesPoint(0, 0, 0, 0, 0)
    found = {point.start_ms: point for point in asked_points.result()}
    visitors = {point.start_ms: point for point in asked_visitors.result()}
    rows = [(start_ms, found.get(start_ms, nothing)) for start_ms in span.starts_ms]
    of_range = time_range.query
    is_sketched = span.now.length_ms > SPAN_OF_MINUTES_MS

    def figure(
        title: str, count: Callable[[KeyFigures], int], course: Sequence[int], address: str, limit: int = 0
    ) -> Figure:
        change, direction = (
            ("", "same") if before is None else _change(count(finished), count(before), is_any=count(now) > 0)
        )
        return Figure(
            title=title,
            value=count(now),
            is_about=is_sketched and 0 < limit < count(now),
            change=change,
            direction=direction,
            sparkline=sparkline(course),
            address=address,
        )

    actors = [visitors[start].actors if start in visitors else 0 for start in span.starts_ms]
    addresses = [visitors[start].addresses if start in visitors else 0 for start in span.starts_ms]
    figures = [
        figure("Events", lambda one: one.events, [point.events for _, point in rows], member.url("events", of_range)),
        figure(
            "Failed logins",
            lambda one: one.failures,
            [point.failures for _, point in rows],
            member.url("events", {"q": "event:auth.login_failed", **of_range}),
        ),
        figure(
            "Critical events",
            lambda one: one.criticals,
            [point.criticals for _, point in rows],
            member.url("events", {"q": "severity:critical", **of_range}),
        ),
        figure("Actors", lambda one: one.actors, actors, member.url("actors", of_range), EXACT_MAX),
        figure("Addresses", lambda one: one.addresses, addresses, member.url("addresses", of_range), EXACT_MAX),
    ]
    return Overview(
        figures=figures, chart=_chart(rows, span), rows=rows, events=now.events, leaves_out_hour=span.finished != span.now
    )


def _before(member: Member, span: PageSpan) -> KeyFigures | None:
    """Return the figures of the span before, None if the organisation had only begun to send events in it."""
    reader = backend.current().reader
    ever = replace(span.before, from_ms=member.not_before_ms, to_ms=span.before.from_ms)
    if not reader.overview_series(org_id=member.org_id, span=ever, step_ms=RETENTION_DAYS_MAX * DAY_MS):
        return None
    return reader.key_figures(org_id=member.org_id, span=span.before)


def _finished(member: Member, span: PageSpan, now: KeyFigures) -> KeyFigures:
    """Return the figures of the hours that are over. The hour that is not adds hardly any actor or address to those."""
    points = backend.current().reader.overview_series(org_id=member.org_id, span=span.finished, step_ms=DAY_MS)
    return KeyFigures(
        events=sum(point.events for point in points),
        failures=sum(point.failures for point in points),
        criticals=sum(point.criticals for point in points),
        actors=now.actors,
        addresses=now.addresses,
    )


def _change(now: int, before: int, *, is_any: bool) -> tuple[str, str]:
    """Return the change in words and its direction; ``is_any`` is whether the figure above the words is not 0."""
    if before == 0:
        return ("none before" if is_any else "none, as before"), "same"
    percent = round((now - before) / before * 100)
    if percent == 0:
        return "as many as before", "same"
    if percent > _CHANGE_MAX:
        return f"{now / before:,.0f} times as many as before", "up"
    return (f"{percent} % more than before", "up") if percent > 0 else (f"{-percent} % fewer than before", "down")


def _chart(rows: Sequence[tuple[int, SeriesPoint]], span: PageSpan) -> Mapping[str, object]:
    return {
        "times": [start_ms // 1000 for start_ms, _ in rows],
        "bucket_s": span.step_ms // 1000,
        "series": [
            {"label": "Info", "colour": "low", "values": [point.infos for _, point in rows]},
            {"label": "Warning", "colour": "high", "values": [point.warnings for _, point in rows]},
            {"label": "Critical", "colour": "critical", "values": [point.criticals for _, point in rows]},
        ],
    }
