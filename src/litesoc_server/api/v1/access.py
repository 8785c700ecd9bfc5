"""`/access`: from which addresses and web pages an organisation's keys may be used."""

from typing import Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta
from litesoc_server.apikeys.allow_lists import set_org_allow_list
from litesoc_server.apikeys.authorise_origins import set_origins
from litesoc_server.apikeys.selectors import access_rules_of
from litesoc_server.ingest.allow_list import TEXT_LENGTH_MAX
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.origins import ORIGIN_LENGTH_MAX, ORIGINS_MAX
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization

router = Router(tags=["keys"])


class AllowListIn(Schema):
    """The list, and whether it is in force."""

    model_config = ConfigDict(extra="forbid", strict=True)

    is_on: bool
    allow_list: str = Field(
        max_length=TEXT_LENGTH_MAX,
        description="One address or range a line, IPv4 or IPv6; # begins a comment. It is kept as written.",
        examples=["203.0.113.7 # Oslo\n2001:db8::/48\n"],
    )
    insist: bool = Field(default=False, description="Take it although it leaves out addresses that are in use.")


class OriginsIn(Schema):
    """The web pages."""

    model_config = ConfigDict(extra="forbid", strict=True)

    origins: list[str] = Field(
        max_length=ORIGINS_MAX,
        description=f"Origins of at most {ORIGIN_LENGTH_MAX} characters; * stands for names in front.",
        examples=[["https://app.shop.example", "https://*.shop.example"]],
    )


class AccessOut(Schema):
    """From where the organisation's keys may be used."""

    is_allow_list_on: bool
    allow_list: str
    origins: list[str]


class AccessAnswer(Schema):
    """The rules."""

    success: Literal[True] = True
    data: AccessOut
    meta: Meta


@router.get(
    "/access",
    auth=KeyAuth(Scope.READ),
    response={200: AccessAnswer, **READ_ERRORS},
    summary="Say from where keys may be used",
    operation_id="getAccess",
)
def get_access(request: ApiRequest) -> AccessAnswer:
    """Answer the organisation's IP allow-list and authorised origins."""
    return _answer(request, organization_of(request.caller.record.org_id))


@router.patch(
    "/access/allow-list",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: AccessAnswer, **CHANGE_ERRORS},
    summary="Set the IP allow-list",
    operation_id="setAllowList",
)
def change_allow_list(request: ApiRequest, wanted: AllowListIn) -> AccessAnswer:
    """In force within 5 seconds, for every request that carries a key of the organisation."""
    org = organization_of(request.caller.record.org_id)
    set_org_allow_list(org, wanted.allow_list, is_on=wanted.is_on, by=by_of(request), is_insisted=wanted.insist)
    return _answer(request, org)


@router.patch(
    "/access/origins",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: AccessAnswer, **CHANGE_ERRORS},
    summary="Authorise origins",
    operation_id="setOrigins",
)
def change_origins(request: ApiRequest, wanted: OriginsIn) -> AccessAnswer:
    """Authorise exactly these, within 5 seconds. http://localhost:3000 and https://127.0.0.1:3000 always are."""
    org = organization_of(request.caller.record.org_id)
    set_origins(org, wanted.origins, by=by_of(request))
    return _answer(request, org)


def _answer(request: ApiRequest, org: Organization) -> AccessAnswer:
    rules = access_rules_of(org)
    data = AccessOut(is_allow_list_on=rules.is_allow_list_on, allow_list=rules.allow_list, origins=list(rules.origins))
    return AccessAnswer(data=data, meta=one_meta(request.caller))
