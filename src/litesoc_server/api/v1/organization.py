"""`/organization`: the organisation that the caller's key belongs to."""

from typing import Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.organization_changes import NAME_LENGTH_MAX, OrganizationRefused, rename_organization
from litesoc_server.wire.moments import iso_utc

router = Router(tags=["organization"])


class OrganizationOut(Schema):
    """One organisation."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    slug: str = Field(description="In the addresses of its pages.")
    created_at: Moment


class OrganizationIn(Schema):
    """What can be changed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=NAME_LENGTH_MAX)


class OrganizationAnswer(Schema):
    """The organisation."""

    success: Literal[True] = True
    data: OrganizationOut
    meta: Meta


@router.get(
    "/organization",
    auth=KeyAuth(Scope.READ),
    response={200: OrganizationAnswer, **READ_ERRORS},
    summary="Read the organisation",
    operation_id="getOrganization",
)
def read(request: ApiRequest) -> OrganizationAnswer:
    """Answer the one that the key belongs to."""
    return _answer(request, organization_of(request.caller.record.org_id))


@router.patch(
    "/organization",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: OrganizationAnswer, **CHANGE_ERRORS},
    summary="Rename the organisation",
    operation_id="updateOrganization",
)
def change(request: ApiRequest, wanted: OrganizationIn) -> OrganizationAnswer:
    """Its id and the address of its pages stay."""
    org = organization_of(request.caller.record.org_id)
    try:
        rename_organization(org, wanted.name, by=by_of(request))
    except OrganizationRefused as refusal:
        raise Refused(ErrorCode.VALIDATION_FAILED, str(refusal)) from refusal
    return _answer(request, org)


def _answer(request: ApiRequest, org: Organization) -> OrganizationAnswer:
    data = OrganizationOut(id=str(org.pk), name=org.name, slug=org.slug, created_at=iso_utc(org.created_at))
    return OrganizationAnswer(data=data, meta=one_meta(request.caller))
