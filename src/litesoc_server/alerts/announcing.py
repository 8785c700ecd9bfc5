"""Whoever is to hear of alerts hears of them in the transaction that changes them: both happen, or neither."""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum

from litesoc_server.alerts.models import UNSETTLED, Alert, Status


class News(StrEnum):
    """What is new about an alert. Mere repetitions of what it tells already are no news."""

    OPENED = "opened"
    WORSENED = "worsened"  # it became more severe
    JOINED = "joined"  # a detector that had not spoken joined in
    ACKNOWLEDGED = "acknowledged"  # somebody looks after it
    SETTLED = "settled"  # resolved or marked safe, by somebody
    REOPENED = "reopened"  # that was taken back


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
    """Tell what was decided on alerts that were as they are in ``before``; in the transaction of the decision."""
    if not before or not _announcers:
        return
    was = {alert.pk: alert.status for alert in before}
    now = list(Alert.objects.filter(pk__in=was))
    for news in (News.SETTLED, News.REOPENED, News.ACKNOWLEDGED):
        announce([alert for alert in now if news in _decided(was[alert.pk], alert.status)], news)


def _decided(before: str, now: str) -> Collection[News]:
    """Return what a change between two statuses is news of. Opened again, it may be somebody's who looks after it."""
    if now not in UNSETTLED:
        return (News.SETTLED,) if before in UNSETTLED else ()
    reopened = () if before in UNSETTLED else (News.REOPENED,)
    acknowledged = (News.ACKNOWLEDGED,) if now == Status.ACKNOWLEDGED and before != now else ()
    return (*reopened, *acknowledged)
