"""Routes and escalation rules as people say them."""

from collections.abc import Sequence

from litesoc_server.notify.models import Digest, EscalationRule, Route
from litesoc_server.web.alerts.words import detector_title, type_title

NAMED_MAX = 3  # detectors or types that are named; more are counted
_FROM = {"low": "All severities", "medium": "Medium and above", "high": "High and above", "critical": "Critical only"}


def route_words(route: Route) -> Sequence[str]:
    """Return what a route lets through and when, in parts: "High and above", "live", "all detectors", "at once"."""
    of_what = [
        *([_named([detector_title(one) for one in route.detectors])] if route.detectors else []),
        *([_named([type_title(one) for one in route.alert_types])] if route.alert_types else []),
    ]
    return [
        _FROM.get(route.min_severity, route.min_severity),
        "live and test" if route.includes_test else "live",
        *(of_what or ["all detectors"]),
        _when(route),
        *([_quiet(route)] if route.quiet_from is not None else []),
        *([] if route.tells_settled else ["not when closed"]),
    ]


def rule_words(rule: EscalationRule) -> str:
    """Return what an escalation rule does, without its channel."""
    what = _FROM.get(rule.min_severity, rule.min_severity).lower()
    return f"Alerts ({what}) that nobody acknowledged within {minutes_text(rule.after_minutes)}"


def minutes_text(minutes: int) -> str:
    """Return a time as people say it: "1 minute", "90 minutes", "2 hours"."""
    hours, rest = divmod(minutes, 60)
    if hours and not rest:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _when(route: Route) -> str:
    match route.digest:
        case Digest.HOURLY:
            text = "summed up every hour"
        case Digest.DAILY:
            text = f"summed up every day at {route.digest_hour:02}:00 {route.time_zone}"
        case Digest.WEEKLY:
            text = f"summed up on Mondays at {route.digest_hour:02}:00 {route.time_zone}"
        case _:
            return "at once"
    return f"{text}, critical ones at once" if route.is_critical_always else text


def _quiet(route: Route) -> str:
    hours = f"quiet {route.quiet_from:%H:%M} to {route.quiet_until:%H:%M} {route.time_zone}"
    return f"{hours}, except critical" if route.is_critical_always else hours
