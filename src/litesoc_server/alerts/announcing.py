"""Whoever is to hear of alerts hears of them in the transaction that changes them: both happen, or neither."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from litesoc_server.alerts.models import UNSETTLED, Alert, Status


class News(StrEnum):
    """What is new about an alert. Mere repetitions of what it tells already are no news."""

    OPENED = "opened"
    WORSENED = "worsened"  # it became more severe
    JOINED = "joined"  # a detector that had not spoken joined in
    ACKNOWLEDGED = "acknowledged"  # somebody looks after it
    SETTLED = "settled"  # resolved or marked safe, by somebody


# Called in the transaction: writes rows at most, fast, and sends nothing. What it raises undoes the change.
Announcer = Callable[[Sequence[Alert], News], None]

_announcers: list[Announcer] = []


def announce_to(announcer: Announcer) -> None:
    """Let ``announcer`` hear of alerts from now on; once for each process."""
    if announcer not in _announcers:
        _announcers.append(announcer)


def announce(alerts: Sequence[Alert], news: News) -> None:
    """Tell of ``alerts``, as they are in the database now, in the transaction that made them so."""
    if alerts:
        for announcer in _announcers:
            announcer(alerts, news)


def announce_decided(before: Sequence[Alert]) -> None:
    """Tell of those alerts that are settled or acknowledged now and were not as they are in ``before``."""
    unsettled = {alert.pk: alert.status for alert in before if alert.status in UNSETTLED}
    if not unsettled or not _announcers:
        return
    now = list(Alert.objects.filter(pk__in=unsettled))
    announce([alert for alert in now if alert.status not in UNSETTLED], News.SETTLED)
    announce(
        [one for one in now if one.status == Status.ACKNOWLEDGED and unsettled[one.pk] == Status.OPEN], News.ACKNOWLEDGED
    )
