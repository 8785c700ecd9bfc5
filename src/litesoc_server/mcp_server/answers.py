"""Answers of the tools: a line in our own words, the fenced data, and a footer with plan and retention."""

from collections.abc import Sequence
from typing import Any, cast

from mcp_types import CallToolResult, TextContent

from litesoc_server.mcp_server.api import Json
from litesoc_server.mcp_server.fence import cleaned, count_that_fits, fenced, neutralised
from litesoc_server.mcp_server.shapes import AlertRow, Answer, EventRow


def answer(shape: Answer, lines: Sequence[tuple[str, Any]], *, meta: Json | None = None, ours: str = "") -> CallToolResult:
    """Return ``shape`` as data, and as text: its summary, ``ours`` (words and numbers of ours), the fenced ``lines``."""
    parts = [shape.summary, ours, fenced(lines) if lines else "", footer(meta or {})]
    text = "\n\n".join(part for part in parts if part)
    return CallToolResult(content=[TextContent(text=text)], structured_content=shape.model_dump(mode="json"))


def footer(meta: Json) -> str:
    """Return the plan, the retention and the oldest moment that can be seen."""
    parts = [
        f"{label}: {neutralised(str(meta[name]), length_max=40)}{unit}"
        for name, label, unit in (
            ("plan", "Plan", ""),
            ("retention_days", "Retention", " days"),
            ("cutoff_date", "Data from", ""),
        )
        if meta.get(name) is not None
    ]
    return " · ".join(parts)


def alert_rows(answered: Json) -> list[AlertRow]:
    """Return the alerts of a page of the API, as many as fit into one answer."""
    rows = [alert_row(row) for row in _data(answered)]
    return rows[: count_that_fits([compact(row) for row in rows])]


def alert_row(raw: Json) -> AlertRow:
    """Return one alert of the API as a row."""
    return AlertRow.model_validate(cleaned({name: raw.get(name) for name in AlertRow.model_fields}))


def event_rows(answered: Json) -> list[EventRow]:
    """Return the events of a page of the API, as many as fit into one answer."""
    rows = [_event_row(row) for row in _data(answered)]
    return rows[: count_that_fits([compact(row) for row in rows])]


def compact(row: AlertRow | EventRow) -> Json:
    """Return a row without what is unknown or false, so that a model reads more rows for as many tokens."""
    return {name: value for name, value in row.model_dump(mode="json").items() if value not in (None, False, {}, [])}


def paging(answered: Json, shown_count: int) -> tuple[int, int | None]:
    """Return how many match, and where the next page begins."""
    pagination = cast("Json", answered["pagination"])
    total, after = int(pagination["total"]), int(pagination["offset"]) + shown_count
    return total, after if after < total and shown_count else None


def showing(count: int, total: int, what: str, next_offset: int | None) -> str:
    """Return a line that says how much of it is shown."""
    more = f" Ask again with offset={next_offset} for more." if next_offset is not None else ""
    return f"Showing {count} of {total:,} {what}, newest first.{more}" if total else f"No {what} match."


def _data(answered: Json) -> list[Json]:
    return cast("list[Json]", answered["data"])


def _event_row(raw: Json) -> EventRow:
    risk = cast("Json | None", raw.get("risk"))
    shown = cleaned({name: raw.get(name) for name in EventRow.model_fields if name != "risk_score"})
    return EventRow.model_validate({**shown, "risk_score": None if risk is None else risk["score"]})
