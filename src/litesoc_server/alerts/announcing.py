"""Whoever is to hear of alerts hears of them in the transaction that changes them: both happen, or neither."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from litesoc_server.alerts.models import UNSETTLED, Alert


class News(StrEnum):
    """What is new about an alert. Mere repetitions of what it tells already are no news."""

    OPENED = "opened"
    WORSENED = "worsened"  # it became more severe
    JOINED = "joined"  # a detector that had not spoken joined in
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


def announce_settled(before: Sequence[Alert]) -> None:
    """Tell of those alerts that are settled now and were not as they are in ``before``."""
    unsettled = [alert.pk for alert in before if alert.status in UNSETTLED]
    if unsettled and _announcers:
        announce(list(Alert.objects.filter(pk__in=unsettled).exclude(status__in=UNSETTLED)), News.SETTLED)
