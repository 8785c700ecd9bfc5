"""How much of the plan is used, what is to be expected, and what the plan includes."""

from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server import backend
from litesoc_server.apikeys.selectors import names_of_keys
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.plan_gates import FEATURE_TITLES, NOT_YET
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.usage_report import KeyUsage, UsageReport, usage_report
from litesoc_server.web.member import Member, PageRequest, page

KEYS_SHOWN_MAX = 20
_DAY_S = 86_400


@page()
def settings_usage(request: PageRequest, member: Member) -> HttpResponse:
    """Show the month so far."""
    report = usage_report(backend.current().reader, member.org, limit=member.plan.monthly_events_limit, now_ms=member.now_ms)
    names = names_of_keys(member.org)
    return render(
        request,
        "web/settings/usage/page.html",
        {
            "here": "settings_usage",
            "report": report,
            "chart": _chart(report),
            "keys": [_named(one, names) for one in report.keys[:KEYS_SHOWN_MAX]],
            "further_keys": max(0, len(report.keys) - KEYS_SHOWN_MAX),
            "full_on": _full_on(member, report),
            "rate_refused": report.refused[ErrorCode.RATE_LIMIT_EXCEEDED],
            "quota_refused": report.refused[ErrorCode.QUOTA_EXCEEDED],
            "features": [(FEATURE_TITLES[one], one in member.plan.features, one in NOT_YET) for one in Feature],
        },
    )


def _chart(report: UsageReport) -> dict[str, object]:
    return {
        "times": [int(datetime(day.day.year, day.day.month, day.day.day, tzinfo=UTC).timestamp()) for day in report.days],
        "bucket_s": _DAY_S,
        "is_fixed": True,
        "series": [
            {"label": "Live", "colour": "low", "values": [day.live for day in report.days]},
            {"label": "Test", "colour": "high", "values": [day.test for day in report.days]},
        ],
    }


def _named(one: KeyUsage, names: dict[str, str]) -> dict[str, object]:
    return {"name": names.get(one.key_id), "usage": one}


def _full_on(member: Member, report: UsageReport) -> datetime | None:
    if report.forecast is None or report.forecast.full_in_days is None:
        return None
    return datetime.fromtimestamp(member.now_ms / 1000, UTC) + timedelta(days=report.forecast.full_in_days)
