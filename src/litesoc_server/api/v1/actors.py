"""`/actors`: what is known of one actor."""

from ninja import Router

from litesoc_server import backend
from litesoc_server.alerts.actor_risk import RiskyActor, actor_risk
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.actor_risk import ActorRiskAnswer, actor_risk_out
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, FilterText
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.plans import Feature
from litesoc_server.pipeline.normalise.text import clean_text

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
    actor_id = clean_text(actor_id)
    actor = RiskyActor(
        org_id=caller.record.org_id,
        environment=caller.record.environment,
        actor_id=actor_id,
        now_ms=serving.clock.now_ms(),
        not_before_ms=caller.not_before_ms,
        is_redacted=caller.is_redacted,
    )
    return ActorRiskAnswer(data=actor_risk_out(actor_id, actor_risk(serving.reader, actor)), meta=one_meta(caller))
