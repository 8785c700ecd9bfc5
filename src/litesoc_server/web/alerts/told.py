"""The history of an alert as sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.alerts.comments import RESTORED_WITHIN
from litesoc_server.alerts.history import HistoryLine
from litesoc_server.alerts.models import Action, AlertComment, AlertTransition, Resolution
from litesoc_server.web.alerts.grouped_history import HistoryGroup
from litesoc_server.web.alerts.words import detector_title

_DONE: Mapping[str, str] = {
    Action.ACKNOWLEDGE: "acknowledged it",
    Action.RESOLVE: "resolved it",
    Action.MARK_SAFE: "marked it safe",
    Action.REOPEN: "reopened it",
    Action.CONFIRM_LOGIN: "said that a login was its owner's",
    Action.DENY_LOGIN: "said that a login was not its owner's",
    Action.SUPPRESS: "suppressed more of the same",
}
_UNDONE: Mapping[str, str] = {
    Action.ACKNOWLEDGE: "took the acknowledgement back",
    Action.RESOLVE: "took the resolution back",
    Action.MARK_SAFE: "took back that it is safe",
    Action.REOPEN: "took the reopening back",
    Action.ASSIGN: "took the assignment back",
}
_ICONS: Mapping[str, str] = {
    Action.ACKNOWLEDGE: "view",
    Action.RESOLVE: "good",
    Action.MARK_SAFE: "detections",
    Action.REOPEN: "refresh",
    Action.ASSIGN: "person",
    Action.UNDO: "undo",
    Action.CONFIRM_LOGIN: "check",
    Action.DENY_LOGIN: "block",
    Action.SUPPRESS: "pause",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One line of the history. ``by`` and ``note`` are people's own texts."""

    line: HistoryLine
    icon: str
    by: str | None
    text: str
    note: str | None
    comment: AlertComment | None  # to be shown as a card of its own
    is_own: bool = False  # the reader's own comment: it can be changed
    can_be_restored: bool = False
    page: str | None = None  # where more of it stands


def told(group: HistoryGroup, reader: User) -> Told:
    """Put one line, or firings of one detector, into words for ``reader``."""
    line = group.line
    if line.comment is not None:
        return _comment(line, line.comment, reader)
    if line.transition is not None:
        transition = line.transition
        icon = _ICONS.get(transition.action, "history")
        text = change_words(transition)
        page = "suppressions" if transition.action == Action.SUPPRESS else None
        return Told(line=line, icon=icon, by=transition.by, text=text, note=transition.note, comment=None, page=page)
    assert line.detection is not None, "a line is one of the three"
    events = "1 event" if group.events_count_max == 1 else f"{group.events_count_max:,} events"
    times = "" if group.count == 1 else f" {group.count:,} times"
    text = f"{detector_title(line.detection.detector)} fired{times}: {'up to ' if group.count > 1 else ''}{events}"
    return Told(line=line, icon="alerts", by=None, text=text, note=None, comment=None)


def change_words(transition: AlertTransition) -> str:
    """Return what somebody did, so that it goes on after their name."""
    if transition.action == Action.ASSIGN:
        return "gave it back" if transition.subject is None else f"assigned it to {transition.subject}"
    if transition.action == Action.UNDO:
        return _UNDONE.get(transition.subject or "", "took a change back")
    words = _DONE.get(transition.action, "changed it")
    if transition.resolution_type is not None:
        words += f": {Resolution(transition.resolution_type).label.lower()}"
    return words


def _comment(line: HistoryLine, comment: AlertComment, reader: User) -> Told:
    is_own = comment.author_id == reader.pk
    since = None if comment.deleted_at is None else timezone.now() - comment.deleted_at
    return Told(
        line=line,
        icon="comment",
        by=comment.by,
        text="commented" if since is None else "deleted a comment",
        note=None,
        comment=comment if since is None else None,
        is_own=is_own,
        can_be_restored=is_own and since is not None and timedelta(0) <= since < RESTORED_WITHIN,
    )
