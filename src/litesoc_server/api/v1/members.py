"""`/members`: who belongs to the organisation and as what. A key counts as an admin."""

from typing import Literal, cast

from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.accounts.selectors import name_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.member_requests import (
    PAGE_LIMIT,
    GoneAnswer,
    PageQuery,
    RoleText,
    acting_of,
    done,
    org_of,
    page_of,
    parsed_id,
)
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, ListMeta, Meta, Moment, Pagination
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.member_changes import change_role, remove_member
from litesoc_server.orgs.members import MemberLine, members_of, one_member
from litesoc_server.orgs.models import Role
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["members"])


class MemberOut(Schema):
    """One member."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    email: str
    name: str = Field(description="Their name, or else their address.")
    role: RoleText
    has_second_factor: bool
    last_seen_at: Moment | None = Field(description="Within minutes; null: never.")
    joined_at: Moment


class RoleIn(Schema):
    """What a member becomes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: RoleText


class MemberAnswer(Schema):
    """One member."""

    success: Literal[True] = True
    data: MemberOut
    meta: Meta


class MemberList(Schema):
    """A page of members, owners first, then by name."""

    success: Literal[True] = True
    data: list[MemberOut]
    pagination: Pagination
    meta: ListMeta


@router.get(
    "/members",
    auth=KeyAuth(Scope.MANAGE),
    response={200: MemberList, **READ_ERRORS},
    summary="List members",
    operation_id="listMembers",
)
def list_members(request: ApiRequest, query: Query[PageQuery]) -> MemberList:
    """Owners first. The scope is `manage`, because it says who has no second factor."""
    lines = members_of(org_of(request))
    page, pagination = page_of(lines, query)
    return MemberList(
        data=[_member_out(line) for line in page],
        pagination=pagination,
        meta=list_meta(request.caller, max_limit=PAGE_LIMIT),
    )


@router.patch(
    "/members/{member_id}",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: MemberAnswer, **CHANGE_ERRORS},
    summary="Change a member's role",
    operation_id="updateMember",
)
def change_member(request: ApiRequest, member_id: str, wanted: RoleIn) -> MemberAnswer:
    """In force at once. A key changes no owners and makes none."""
    org, user_id = org_of(request), parsed_id(member_id)
    done(lambda: change_role(org, user_id, Role(wanted.role), acting=acting_of(request)))
    return MemberAnswer(data=_member_out(one_member(org, user_id)), meta=one_meta(request.caller))


@router.delete(
    "/members/{member_id}",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: GoneAnswer, **CHANGE_ERRORS},
    summary="Remove a member",
    operation_id="removeMember",
)
def remove(request: ApiRequest, member_id: str) -> GoneAnswer:
    """At once. A key removes no owners."""
    org, user_id = org_of(request), parsed_id(member_id)
    done(lambda: remove_member(org, user_id, acting=acting_of(request)))
    return GoneAnswer(meta=one_meta(request.caller))


def _member_out(line: MemberLine) -> MemberOut:
    return MemberOut(
        id=str(line.user.pk),
        email=line.user.email,
        name=name_of(line.user),
        role=cast("RoleText", line.role.value),
        has_second_factor=line.has_second_factor,
        last_seen_at=iso_utc_or_none(line.last_seen_at),
        joined_at=iso_utc(line.joined_at),
    )
