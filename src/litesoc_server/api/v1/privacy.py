"""`/privacy`: how long things are kept, and what is taken out of events before they are stored."""

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.privacy import (
    PrivacyRefused,
    checked_days,
    checked_keys,
    most_days,
    privacy_of,
    set_privacy,
    set_retention,
)

router = Router(tags=["privacy"])


class PrivacyIn(Schema):
    """What is to be changed; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    retention_days: int | None = Field(
        default=None, description="Fewer days delete, for good, what is older; `deletes_older` has to be true then."
    )
    deletes_older: bool = Field(default=False, description="That older events and alerts may be deleted.")
    redacted_keys: list[str] | None = Field(default=None, description="Keys of the metadata, at any depth.")
    truncates_addresses: bool | None = Field(default=None, description="Store the network in place of the address.")


class PrivacyOut(Schema):
    """What holds."""

    retention_days: int
    retention_days_max: int = Field(description="That the plan includes.")
    redacted_keys: list[str]
    truncates_addresses: bool


class PrivacyAnswer(Schema):
    """What holds."""

    data: PrivacyOut
    meta: Meta


@router.get(
    "/privacy", auth=KeyAuth(Scope.READ), response={200: PrivacyAnswer, **READ_ERRORS}, summary="Retention and privacy"
)
def get_privacy(request: ApiRequest) -> PrivacyAnswer:
    """Return how long things are kept, and what is taken out of events before they are stored."""
    return _answer(request, _org(request))


@router.patch(
    "/privacy",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: PrivacyAnswer, **CHANGE_ERRORS},
    summary="Change retention and privacy",
)
def change_privacy(request: ApiRequest, wanted: PrivacyIn) -> PrivacyAnswer:
    """Change what is given. The audit log has it."""
    org, by = _org(request), by_of(request)
    now = privacy_of(org)
    try:
        keys = now.redacted_keys if wanted.redacted_keys is None else checked_keys(wanted.redacted_keys)
        if wanted.retention_days is not None:
            checked_days(org, wanted.retention_days)
            if wanted.retention_days < plan_of(org).retention_days and not wanted.deletes_older:
                message = "retention_days: fewer days delete what is older: set deletes_older to true if that is wanted"
                raise Refused(ErrorCode.VALIDATION_FAILED, message)
            set_retention(org, wanted.retention_days, by=by)
        set_privacy(
            org,
            redacted_keys=keys,
            truncates_addresses=(
                now.truncates_addresses if wanted.truncates_addresses is None else wanted.truncates_addresses
            ),
            by=by,
        )
    except PrivacyRefused as refusal:
        field = {"days": "retention_days", "keys": "redacted_keys"}[refusal.field]
        raise Refused(ErrorCode.VALIDATION_FAILED, f"{field}: {refusal}") from refusal
    return _answer(request, org)


def _org(request: ApiRequest) -> Organization:
    return organization_of(OrgId(request.caller.record.org_id))


def _answer(request: ApiRequest, org: Organization) -> PrivacyAnswer:
    found = privacy_of(org)
    shown = PrivacyOut(
        retention_days=plan_of(org).retention_days,
        retention_days_max=most_days(org),
        redacted_keys=list(found.redacted_keys),
        truncates_addresses=found.truncates_addresses,
    )
    return PrivacyAnswer(data=shown, meta=one_meta(request.caller))
