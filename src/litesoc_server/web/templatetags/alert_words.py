"""Filters that the pages about alerts are written with."""

import re
from datetime import datetime

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.models import Alert
from litesoc_server.web.alerts import words
from litesoc_server.web.alerts.subject import subject_of

register = template.Library()
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")  # as pipeline.detect.wording.utc writes it


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
def with_times(text: str) -> SafeString:
    """Return a detector's text in which each moment is shown in the reader's zone; all else is escaped as always."""
    return mark_safe("".join(_time_or_text(part) for part in _TIME.split(text)))  # noqa: S308 # each part is escaped


def _time_or_text(part: str) -> SafeString:
    if not _TIME.fullmatch(part):
        return conditional_escape(part)
    try:
        moment = datetime.fromisoformat(part)
    except ValueError:  # a sender's text that only looks like one
        return conditional_escape(part)
    return format_html('<time datetime="{}" data-show="short">{} UTC</time>', part, f"{moment:%Y-%m-%d %H:%M:%S}")
