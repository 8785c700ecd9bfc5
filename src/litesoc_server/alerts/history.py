"""Everything that happened to an alert in one line of time: detections that joined it, what people did, what they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from litesoc_server.alerts.change import HISTORY_MAX
from litesoc_server.alerts.comments import COMMENTS_MAX
from litesoc_server.alerts.models import Alert, AlertComment, AlertDetection, AlertTransition

DETECTIONS_SHOWN_MAX = 200  # the newest; of an attack that goes on for weeks the others look just like them


@dataclass(frozen=True)
class HistoryLine:
    """One moment. Exactly one of the three is set."""

    at: datetime
    transition: AlertTransition | None = None
    comment: AlertComment | None = None
    detection: AlertDetection | None = None


@dataclass(frozen=True)
class History:
    """What happened to one alert, oldest first."""

    lines: Sequence[HistoryLine]
    earlier_detections_count: int  # that are not among the lines
    pruned_count: int  # changes that are not kept any more


def history_of(alert: Alert) -> History:
    """Return what happened to ``alert``. Deleted comments are in it without their text, for the page to say so."""
    transitions = list(AlertTransition.objects.filter(alert=alert).order_by("revision")[:HISTORY_MAX])
    comments = AlertComment.objects.filter(alert=alert).order_by("created_at", "id")[:COMMENTS_MAX]
    detections = AlertDetection.objects.filter(alert=alert).order_by("-applied_at", "-pk")
    shown = list(detections[: DETECTIONS_SHOWN_MAX + 1])
    has_earlier = len(shown) > DETECTIONS_SHOWN_MAX
    lines = [
        *(HistoryLine(line.at, transition=line) for line in transitions),
        *(HistoryLine(comment.created_at, comment=comment) for comment in comments),
        *(HistoryLine(detection.applied_at, detection=detection) for detection in shown[:DETECTIONS_SHOWN_MAX]),
    ]
    return History(
        lines=sorted(lines, key=lambda line: line.at),
        earlier_detections_count=detections.count() - DETECTIONS_SHOWN_MAX if has_earlier else 0,
        pruned_count=alert.revision - len(transitions),
    )
