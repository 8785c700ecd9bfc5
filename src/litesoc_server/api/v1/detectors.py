"""`/detectors`: the catalogue, made from the detector files, with what the organisation decided about each."""

from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.detection_policy import SettingOut, setting_out
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Meta
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.policy_view import DetectorInForce, DetectorState, detectors_in_force

router = Router(tags=["detection"])


class TechniqueOut(Schema):
    """A technique of MITRE ATT&CK."""

    id: str = Field(examples=["T1110.001"])
    name: str
    url: str


class DetectorOut(Schema):
    """One detector."""

    id: str = Field(examples=["brute_force_address"])
    title: str
    alert_type: AlertType
    severity: AlertSeverity = Field(description="Its usual one.")
    severity_override: AlertSeverity | None = Field(description="What all its alerts get instead.")
    state: DetectorState = Field(description="Muted by the organisation, or not in its plan.")
    techniques: list[TechniqueOut]
    description: str
    false_positives: list[str] = Field(description="Benign behaviour that can look like it.")
    actions: list[str] = Field(description="What to do about a true one.")
    event_names: list[str] = Field(description="The events that it looks at.")
    settings: list[SettingOut] = Field(description="Those that are its alone.")


class DetectorList(Schema):
    """All detectors."""

    success: Literal[True] = True
    data: list[DetectorOut]
    meta: Meta


@router.get(
    "/detectors",
    auth=KeyAuth(Scope.READ),
    response={200: DetectorList, **READ_ERRORS},
    summary="List the detectors",
    operation_id="listDetectors",
)
def list_detectors(request: ApiRequest) -> DetectorList:
    """Say what each finds, how, what else it could be, and what is set for it."""
    caller = request.caller
    found = detectors_in_force(organization_of(caller.record.org_id))
    return DetectorList(data=[detector_out(one) for one in found], meta=one_meta(caller))


def detector_out(found: DetectorInForce) -> DetectorOut:
    """Return one detector as clients see it."""
    detector = found.detector
    return DetectorOut(
        id=detector.id,
        title=detector.title,
        alert_type=detector.alert_type,
        severity=detector.severity,
        severity_override=found.severity,
        state=found.state,
        techniques=[TechniqueOut(id=one.id, name=one.name, url=one.url) for one in detector.techniques],
        description=detector.description,
        false_positives=list(detector.false_positives),
        actions=list(detector.actions),
        event_names=sorted(detector.event_names),
        settings=[setting_out(setting) for setting in found.settings],
    )
