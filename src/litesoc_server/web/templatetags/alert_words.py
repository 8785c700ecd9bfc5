"""Filters that the pages about alerts are written with."""

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.models import Alert
from litesoc_server.web.alerts import words
from litesoc_server.web.alerts.subject import subject_of

register = template.Library()
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # as pipeline.detect.wording.utc writes it
_HOUR = re.compile(rf"({'|'.join(_DAYS)}) ([01]\d|2[0-3]):00 UTC")  # as pipeline.risk.words.hour writes it
_TIME = re.compile(rf"({_MOMENT.pattern}|(?:{'|'.join(_DAYS)}) (?:[01]\d|2[0-3]):00 UTC)")
_WEEK_HOURS = 7 * 24


@register.filter
def detector_title(detector: str) -> str:
    """Return what a detector is called."""
    return words.detector_title(detector)


@register.filter
def person_name(user: User) -> str:
    """Return what somebody is called."""
    return name_of(user)


@register.filter
def its_actor(alert: Alert) -> str | None:
    """Return whose alert it is; None for an attack from one address or on many, where any one of them would mislead."""
    return alert.actor_id if subject_of(alert.incident_key).actor is not None else None


@register.filter
def type_title(word: str) -> str:
    """Return an alert's type as it reads."""
    return words.type_title(word)


@register.filter
def with_times(text: str, seen_ms: int | None = None) -> SafeString:
    """Return a detector's text in which moments are shown in the reader's zone; all else is escaped as always.

    With ``seen_ms`` (Unix ms) an hour of the week is, too: as the latest such hour before it, which was the login's.
    """
    return mark_safe("".join(_time_or_text(part, seen_ms) for part in _TIME.split(text)))  # noqa: S308 # each part is escaped


def _time_or_text(part: str, seen_ms: int | None) -> SafeString:
    if _MOMENT.fullmatch(part):
        try:
            moment = datetime.fromisoformat(part)
        except ValueError:  # a sender's text that only looks like one
            return conditional_escape(part)
        return format_html('<time datetime="{}" data-show="short">{} UTC</time>', part, f"{moment:%Y-%m-%d %H:%M:%S}")
    hour = _HOUR.fullmatch(part)
    if hour is None or seen_ms is None:
        return conditional_escape(part)
    moment = _latest_hour(_DAYS.index(hour[1]), int(hour[2]), seen_ms)
    return format_html('<time datetime="{}" data-show="hour">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", part)


def _latest_hour(weekday: int, hour: int, seen_ms: int) -> datetime:
    seen = datetime.fromtimestamp(seen_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    return seen - timedelta(hours=((seen.weekday() - weekday) * 24 + seen.hour - hour) % _WEEK_HOURS)
