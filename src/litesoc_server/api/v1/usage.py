"""`/usage`: how much of the plan the month has used."""

from datetime import date

from ninja import Router, Schema
from pydantic import Field

from litesoc_server import backend
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Meta
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.usage_report import UsageReport, usage_report

router = Router(tags=["usage"])


class UsageDayOut(Schema):
    """Events of one day."""

    day: date = Field(description="UTC.")
    live: int
    test: int


class UsageKeyOut(Schema):
    """Events that one key sent this month."""

    key_id: str
    source: str
    environment: str
    events: int


class ForecastOut(Schema):
    """What the month will come to if the coming days are like the last four weeks, newer ones counting more."""

    expected: int
    low: int = Field(description="Four times out of five the month comes to something between `low` and `high`.")
    high: int


class UsageOut(Schema):
    """The calendar month so far, UTC."""

    plan: str = Field(description="The plan's title.")
    month: date = Field(description="Its first day.")
    used: int = Field(description="Events of both environments.")
    limit: int | None = Field(description="Events; null: unlimited.")
    remaining: int | None
    rate_limit_per_minute: int | None
    retention_days: int
    features: list[str]
    environments: dict[str, int]
    keys: list[UsageKeyOut]
    days: list[UsageDayOut] = Field(description="The last 30 days, oldest first.")
    refused: dict[str, int] = Field(description="Requests that a limit has refused this month, by error code.")
    forecast: ForecastOut | None = Field(description="null: there are fewer than three whole days to go by.")
    is_complete: bool = Field(description="false: the event store is away, and the events of the last minutes are missing.")


class UsageAnswer(Schema):
    """The month."""

    data: UsageOut
    meta: Meta


@router.get(
    "/usage", auth=KeyAuth(Scope.READ), response={200: UsageAnswer, **READ_ERRORS}, summary="The month's events and the plan"
)
def get_usage(request: ApiRequest) -> UsageAnswer:
    """Return how much of the plan is used, by day, environment and key, and what is to be expected."""
    org, parts = organization_of(OrgId(request.caller.record.org_id)), backend.current()
    plan = plan_of(org)
    report = usage_report(parts.reader, org, limit=plan.monthly_events_limit, now_ms=parts.clock.now_ms())
    shown = UsageOut(
        plan=plan.title,
        month=report.month,
        used=report.used,
        limit=report.limit,
        remaining=report.remaining,
        rate_limit_per_minute=plan.rate_limit_per_minute,
        retention_days=plan.retention_days,
        features=sorted(plan.features),
        environments={environment.value: events for environment, events in report.environments.items()},
        keys=_keys(report),
        days=[UsageDayOut(day=one.day, live=one.live, test=one.test) for one in report.days],
        refused={code.value: requests for code, requests in report.refused.items() if isinstance(code, ErrorCode)},
        forecast=_forecast(report),
        is_complete=not report.is_store_away,
    )
    return UsageAnswer(data=shown, meta=one_meta(request.caller))


def _keys(report: UsageReport) -> list[UsageKeyOut]:
    return [
        UsageKeyOut(key_id=one.key_id, source=one.source, environment=one.environment.value, events=one.events)
        for one in report.keys
    ]


def _forecast(report: UsageReport) -> ForecastOut | None:
    found = report.forecast
    return None if found is None else ForecastOut(expected=found.expected, low=found.low, high=found.high)
