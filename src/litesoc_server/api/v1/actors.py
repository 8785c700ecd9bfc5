"""`/actors`: what is known of one actor."""

from ninja import Router

from litesoc_server import backend
from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.models import UNSETTLED
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.actor_risk import HALF_LIFE_MS, PARTS_MAX, ActorRiskAnswer, actor_risk
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, FilterText
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.plans import Feature
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.base import RiskyLoginsFilter

router = Router(tags=["actors"])


@router.get(
    "/actors/{path:actor_id}/risk",
    auth=KeyAuth(Scope.READ, Feature.ALERTS_API),
    response={200: ActorRiskAnswer, **READ_ERRORS},
    summary="Read how risky an actor is",
    operation_id="getActorRisk",
)
def get_actor_risk(request: ApiRequest, actor_id: FilterText) -> ActorRiskAnswer:
    """Read what makes an actor risky: its weightiest logins and unsettled alerts, each counting half after a week."""
    caller, serving = request.caller, backend.current()
    actor_id, now_ms = clean_text(actor_id), serving.clock.now_ms()
    where = RiskyLoginsFilter(
        actor_id=actor_id,
        environment=caller.record.environment,
        now_ms=now_ms,
        half_life_ms=HALF_LIFE_MS,
        not_before_ms=caller.not_before_ms,
    )
    logins = serving.reader.riskiest_logins(org_id=caller.record.org_id, where=where, limit=PARTS_MAX)
    alerts = visible_alerts(
        org_id=caller.record.org_id, environment=caller.record.environment, not_before=caller.not_before
    ).filter(actor_id=actor_id, status__in=UNSETTLED)
    # An old alert can outweigh a newer one of lower severity, but not the tenth of the same one.
    weightiest = [
        alert
        for severity in AlertSeverity
        for alert in alerts.filter(severity=severity.value).order_by("-last_seen_at")[:PARTS_MAX]
    ]
    return ActorRiskAnswer(
        data=actor_risk(actor_id, logins, weightiest, now_ms=now_ms, is_redacted=caller.is_redacted), meta=one_meta(caller)
    )
