"""The form of a route: what is told, when, and when not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any, TypeVar

from django.http import QueryDict

from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.notify.models import Digest
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import RouteValues
from litesoc_server.pipeline.detect.base import DetectorGroup
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.web.alerts.words import type_title

SEVERITIES = (
    (AlertSeverity.LOW, "All severities"),
    (AlertSeverity.MEDIUM, "Medium and above"),
    (AlertSeverity.HIGH, "High and above"),
    (AlertSeverity.CRITICAL, "Critical only"),
)
TIME_ZONES = (  # offered; every IANA name may be typed
    *("UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai"),
    *("Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo", "America/New_York"),
    *("America/Chicago", "America/Denver", "America/Los_Angeles"),
)


_One = TypeVar("_One", AlertSeverity, Digest)


@dataclass
class RouteForm:
    """What is typed, as texts, and what is wrong with it by field."""

    values: RouteValues
    quiet_from: str = ""
    quiet_until: str = ""
    digest_hour: str = "8"
    errors: dict[str, str] = field(default_factory=dict)


def form_of(values: RouteValues) -> RouteForm:
    """Return the form of a route as it is."""
    return RouteForm(values, _hour(values.quiet_from), _hour(values.quiet_until), str(values.digest_hour))


def sent_route_form(sent: QueryDict, was: RouteValues) -> RouteForm:
    """Return the form as it was sent; ``was`` is what the form has no field for."""
    form = RouteForm(
        was, str(sent.get("quiet_from", "")), str(sent.get("quiet_until", "")), str(sent.get("digest_hour", "8"))
    )
    form.values = RouteValues(
        is_enabled="is_enabled" in sent,
        min_severity=_one_of(AlertSeverity, sent.get("min_severity"), was.min_severity),
        alert_types=sent.getlist("alert_type"),
        detectors=sent.getlist("detector"),
        includes_test="includes_test" in sent,
        tells_settled="tells_settled" in sent,
        quiet_from=_time(form, "quiet_from", form.quiet_from),
        quiet_until=_time(form, "quiet_until", form.quiet_until),
        is_critical_always="is_critical_always" in sent,
        time_zone=str(sent.get("time_zone", "")).strip() or "UTC",
        digest=_one_of(Digest, sent.get("digest"), was.digest),
        digest_hour=_number(form, "digest_hour", form.digest_hour),
        muted_until=was.muted_until,
    )
    return form


def require_sound(form: RouteForm) -> RouteValues:
    """Return what was sent. Raises NotifyRefused for the first thing that could not be read."""
    for name, text in form.errors.items():
        raise NotifyRefused(name, text)
    return form.values


def choices() -> dict[str, Any]:
    """Return what the form offers."""
    return {
        "severities": SEVERITIES,
        "types": [(one.value, type_title(one.value)) for one in AlertType],
        "groups": [(group, [one for one in DETECTORS if one.group is group]) for group in DetectorGroup],
        "digests": Digest.choices,
        "hours": range(24),
        "time_zones": TIME_ZONES,
    }


def _one_of(kind: type[_One], value: str | None, default: _One) -> _One:
    return next((one for one in kind if one.value == value), default)


def _time(form: RouteForm, name: str, text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        form.errors[name] = "Write a time such as 22:00."
        return None


def _number(form: RouteForm, name: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 2:  # noqa: PLR2004 # the service says which there are
        return int(text)
    form.errors[name] = "Choose an hour."
    return 8


def _hour(moment: time | None) -> str:
    return "" if moment is None else f"{moment:%H:%M}"


def mute_choices() -> Sequence[tuple[str, str, int]]:
    """Return for how long one may mute: value, words, hours."""
    return (("1h", "1 hour", 1), ("8h", "8 hours", 8), ("1d", "1 day", 24), ("7d", "7 days", 168))
