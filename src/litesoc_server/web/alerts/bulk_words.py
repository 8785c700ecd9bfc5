"""What was done to many alerts, in a sentence."""

from collections.abc import Mapping

from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.bulk import Refusal
from litesoc_server.alerts.models import Action, BulkChange

_DONE: Mapping[str, str] = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.RESOLVE: "resolved",
    Action.MARK_SAFE: "marked safe",
    Action.REOPEN: "reopened",
}
_REFUSED: Mapping[str, str] = {
    Refusal.GONE: "no longer there",
    Refusal.CHANGED: "changed by somebody else meanwhile",
    Refusal.ALREADY: "as wanted already",
    Refusal.STATUS: "not open, so there is nothing to acknowledge",
    Refusal.NEWER: "replaced by a newer alert of the same incident",
    Refusal.LIMIT: "beyond what may be marked safe in an hour",
}


def done_words(bulk: BulkChange) -> str:
    """Return what a finished change did: "12 alerts resolved"."""
    if bulk.action == Action.ASSIGN:
        whose = "given to nobody" if bulk.assignee is None else f"assigned to {name_of(bulk.assignee)}"
        return f"{_alerts(bulk.changed_count)} {whose}"
    return f"{_alerts(bulk.changed_count)} {_DONE[bulk.action]}"


def refused_words(bulk: BulkChange) -> list[str]:
    """Return why others were left as they are, the most first: "3 changed by somebody else meanwhile"."""
    most_first = sorted(bulk.refused.items(), key=lambda item: -item[1])
    return [f"{count:,} {_REFUSED[reason]}" for reason, count in most_first]


def undone_words(bulk: BulkChange) -> str:
    """Return what a finished undo did."""
    words = f"{_alerts(bulk.undone_count)} put back"
    if bulk.not_undone_count:
        words += f"; {bulk.not_undone_count:,} left alone, because somebody changed them since or a newer alert took over"
    return words


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count:,} alerts"
