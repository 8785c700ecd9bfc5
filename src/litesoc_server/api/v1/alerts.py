"""`/alerts`: list, read and settle alerts, with the paths that older SDKs used."""

from collections.abc import Sequence

from ninja import Query, Router

from litesoc_server import backend
from litesoc_server.alerts.access import get_alert, visible_alerts
from litesoc_server.alerts.change import TransitionContended, TransitionRefused
from litesoc_server.alerts.feedback import FeedbackLimited
from litesoc_server.alerts.lifecycle import acknowledge, resolve
from litesoc_server.alerts.models import Action, Alert
from litesoc_server.alerts.safe import mark_safe_and_confirm
from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.alert_change import AlertChange, AlertChangeById, Decision, decision_from
from litesoc_server.api.v1.alert_query import AlertQuery, matching
from litesoc_server.api.v1.alert_schema import (
    AlertAnswer,
    AlertChangeAnswer,
    AlertList,
    alert_changed,
)
from litesoc_server.api.v1.feedback import feedback_parts
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, ChangeMeta, Pagination
from litesoc_server.ingest.admission import feedback_refusal
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused, unavailable
from litesoc_server.orgs.plans import Feature, PlanName
from litesoc_server.orgs.principals import Who
from litesoc_server.wire.alert import AlertOut, alert_out, trigger_scores

router = Router(tags=["alerts"])
_READ = KeyAuth(Scope.READ, Feature.ALERTS_API)
_MANAGE = KeyAuth(Scope.MANAGE, Feature.ALERTS_API)
_LIST_ANSWERS = {200: AlertList, **READ_ERRORS}
_CHANGE_ANSWERS = {200: AlertChangeAnswer, **CHANGE_ERRORS}


@router.get("/alerts", auth=_READ, response=_LIST_ANSWERS, summary="List alerts", operation_id="listAlerts")
def list_alerts(request: ApiRequest, query: Query[AlertQuery]) -> AlertList:
    """Newest first. Alerts about events of test keys are shown to test keys only, live ones to live keys."""
    caller = request.caller
    max_limit = caller.record.alerts_page_limit
    limit, offset = min(query.limit, max_limit), query.offset
    visible = visible_alerts(
        org_id=caller.record.org_id, environment=caller.record.environment, not_before=caller.not_before
    )
    alerts = matching(visible, query)
    total = alerts.count()
    page = list(alerts.select_related("assignee")[offset : offset + limit])
    return AlertList(
        data=_shown(page),
        pagination=Pagination(total=total, limit=limit, offset=offset, has_more=offset + len(page) < total),
        meta=list_meta(caller, max_limit=max_limit),
    )


@router.get(
    "/alerts/list",
    auth=_READ,
    response=_LIST_ANSWERS,
    summary="List alerts (older path)",
    operation_id="listAlertsOld",
    deprecated=True,
)
def list_alerts_old(request: ApiRequest, query: Query[AlertQuery]) -> AlertList:
    """Use `GET /alerts`."""
    return list_alerts(request, query)


@router.post(
    "/alerts/resolve",
    auth=_MANAGE,
    response=_CHANGE_ANSWERS,
    summary="Resolve the alert named in the body (older path)",
    operation_id="resolveAlertById",
    deprecated=True,
)
def resolve_by_id(request: ApiRequest, change: AlertChangeById) -> AlertChangeAnswer:
    """Use `PATCH /alerts/{alert_id}`."""
    return _decide(request.caller, change.alert_id, decision_from(change, action=Action.RESOLVE))


@router.post(
    "/alerts/safe",
    auth=_MANAGE,
    response=_CHANGE_ANSWERS,
    summary="Mark the alert named in the body as safe (older path)",
    operation_id="markAlertSafeById",
    deprecated=True,
)
def mark_safe_by_id(request: ApiRequest, change: AlertChangeById) -> AlertChangeAnswer:
    """Use `PATCH /alerts/{alert_id}`."""
    return _decide(request.caller, change.alert_id, decision_from(change, action=Action.MARK_SAFE))


@router.get(
    "/alerts/{alert_id}",
    auth=_READ,
    response={200: AlertAnswer, **READ_ERRORS},
    summary="Read one alert",
    operation_id="getAlert",
)
def read_alert(request: ApiRequest, alert_id: str) -> AlertAnswer:
    """`metadata` says why it is an alert: the numbers and their thresholds, the events, and what to do."""
    (shown,) = _shown([_find(request.caller, alert_id)])
    return AlertAnswer(data=shown, meta=one_meta(request.caller))


@router.patch(
    "/alerts/{alert_id}",
    auth=_MANAGE,
    response=_CHANGE_ANSWERS,
    summary="Resolve an alert, mark it safe or acknowledge it",
    operation_id="changeAlert",
)
def change_alert(request: ApiRequest, alert_id: str, change: AlertChange) -> AlertChangeAnswer:
    """Decide. The same change again changes nothing; another decision replaces the former, and both are recorded."""
    return _decide(request.caller, alert_id, decision_from(change))


@router.post(
    "/alerts/{alert_id}/resolve",
    auth=_MANAGE,
    response=_CHANGE_ANSWERS,
    summary="Resolve an alert (older path)",
    operation_id="resolveAlert",
    deprecated=True,
)
def resolve_alert(request: ApiRequest, alert_id: str, change: AlertChange | None = None) -> AlertChangeAnswer:
    """Use `PATCH /alerts/{alert_id}`."""
    return _decide(request.caller, alert_id, decision_from(change or AlertChange(), action=Action.RESOLVE))


@router.post(
    "/alerts/{alert_id}/safe",
    auth=_MANAGE,
    response=_CHANGE_ANSWERS,
    summary="Mark an alert as safe (older path)",
    operation_id="markAlertSafe",
    deprecated=True,
)
def mark_alert_safe(request: ApiRequest, alert_id: str, change: AlertChange | None = None) -> AlertChangeAnswer:
    """Use `PATCH /alerts/{alert_id}`."""
    return _decide(request.caller, alert_id, decision_from(change or AlertChange(), action=Action.MARK_SAFE))


def _shown(alerts: Sequence[Alert]) -> list[AlertOut]:
    scores = trigger_scores(backend.current().reader, alerts)
    return [alert_out(alert, scores) for alert in alerts]


def _find(caller: Caller, alert_id: str) -> Alert:
    try:
        return get_alert(
            org_id=caller.record.org_id,
            environment=caller.record.environment,
            alert_id=alert_id,
            not_before=caller.not_before,
        )
    except Alert.DoesNotExist as error:
        raise not_found() from error


def _decide(caller: Caller, alert_id: str, decision: Decision) -> AlertChangeAnswer:
    alert = _find(caller, alert_id)
    who = Who(by=decision.by or caller.record.key_name, principal=caller.by.principal, acting=caller.by)
    try:
        changed = _carry_out(caller, alert, decision, who)
    except FeedbackLimited as error:
        raise feedback_refusal(error.rate) from error
    except TransitionRefused as error:
        raise Refused(ErrorCode.ALERT_CONFLICT, str(error)) from error
    except TransitionContended as error:
        raise unavailable("the alert is") from error
    return AlertChangeAnswer(
        data=alert_changed(changed, decision.action),
        meta=ChangeMeta(plan=PlanName(caller.record.plan).value, retention_days=caller.record.retention_days),
    )


def _carry_out(caller: Caller, alert: Alert, decision: Decision, who: Who) -> Alert:
    if decision.resolution is not None:
        return resolve(alert, resolution=decision.resolution, who=who, note=decision.note)
    if decision.action is Action.MARK_SAFE:
        return mark_safe_and_confirm(alert, who=who, note=decision.note, parts=feedback_parts(caller))
    return acknowledge(alert, who=who, note=decision.note)
