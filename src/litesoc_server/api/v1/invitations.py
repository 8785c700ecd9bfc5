"""`/members/invitations`: who is asked to join. Its router stands before that of `/members/{member_id}`."""

from typing import Literal, cast

from django.conf import settings
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
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
from litesoc_server.orgs.invitation_links import send_link
from litesoc_server.orgs.invitations import (
    Issued,
    get_open_invitation,
    invite,
    open_invitations,
    renew_invitation,
    withdraw_invitation,
)
from litesoc_server.orgs.models import Invitation, Role
from litesoc_server.wire.moments import iso_utc

router = Router(tags=["members"])
EMAIL_LENGTH_MAX = 254  # characters, RFC 5321


class InvitationOut(Schema):
    """One open invitation."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    email: str
    role: RoleText
    state: Literal["open", "expired"]
    sent_at: Moment
    expires_at: Moment
    link: str | None = Field(
        default=None, description="Only in the answer that made it, and only where the server sends no mail: pass it on."
    )


class InvitationIn(Schema):
    """Who is invited, as what."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: str = Field(max_length=EMAIL_LENGTH_MAX, examples=["nia@shop.example"])
    role: RoleText


class InvitationAnswer(Schema):
    """One invitation."""

    success: Literal[True] = True
    data: InvitationOut
    meta: Meta


class InvitationList(Schema):
    """A page of open and expired invitations, newest first."""

    success: Literal[True] = True
    data: list[InvitationOut]
    pagination: Pagination
    meta: ListMeta


@router.get(
    "/members/invitations",
    auth=KeyAuth(Scope.MANAGE),
    response={200: InvitationList, **READ_ERRORS},
    summary="List invitations",
    operation_id="listInvitations",
)
def list_invitations(request: ApiRequest, query: Query[PageQuery]) -> InvitationList:
    """Those that were neither accepted nor withdrawn, newest first."""
    page, pagination = page_of(list(open_invitations(org_of(request))), query)
    return InvitationList(
        data=[_invitation_out(one) for one in page],
        pagination=pagination,
        meta=list_meta(request.caller, max_limit=PAGE_LIMIT),
    )


@router.post(
    "/members/invitations",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: InvitationAnswer, **CHANGE_ERRORS},
    summary="Invite somebody",
    operation_id="inviteMember",
)
def create_invitation(request: ApiRequest, wanted: InvitationIn) -> InvitationAnswer:
    """Send a link that works once, for seven days. Whether the address has an account makes no difference."""
    org = org_of(request)
    issued = done(lambda: invite(org, wanted.email, Role(wanted.role), acting=acting_of(request)))
    return _sent(request, issued)


@router.post(
    "/members/invitations/{invitation_id}/resend",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: InvitationAnswer, **CHANGE_ERRORS},
    summary="Send an invitation again",
    operation_id="resendInvitation",
)
def resend_invitation(request: ApiRequest, invitation_id: str) -> InvitationAnswer:
    """Make a new link for another seven days; the one before ends. At most once a minute."""
    found = _invitation(request, invitation_id)
    return _sent(request, done(lambda: renew_invitation(found, acting=acting_of(request))))


@router.delete(
    "/members/invitations/{invitation_id}",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: GoneAnswer, **CHANGE_ERRORS},
    summary="Withdraw an invitation",
    operation_id="withdrawInvitation",
)
def withdraw(request: ApiRequest, invitation_id: str) -> GoneAnswer:
    """Its link is of no use any more."""
    found = _invitation(request, invitation_id)
    done(lambda: withdraw_invitation(found, acting=acting_of(request)))
    return GoneAnswer(meta=one_meta(request.caller))


def _invitation(request: ApiRequest, invitation_id: str) -> Invitation:
    try:
        return get_open_invitation(org_of(request), parsed_id(invitation_id))
    except Invitation.DoesNotExist as error:
        raise not_found() from error


def _sent(request: ApiRequest, issued: Issued) -> InvitationAnswer:
    base_url = settings.PUBLIC_URL or request.build_absolute_uri("/")
    link = send_link(issued, inviter=issued.invitation.org.name, base_url=base_url)
    return InvitationAnswer(data=_invitation_out(issued.invitation, link=link), meta=one_meta(request.caller))


def _invitation_out(invitation: Invitation, *, link: str | None = None) -> InvitationOut:
    return InvitationOut(
        id=str(invitation.id),
        email=invitation.email,
        role=cast("RoleText", invitation.role),
        state="expired" if invitation.state == "expired" else "open",
        sent_at=iso_utc(invitation.sent_at),
        expires_at=iso_utc(invitation.expires_at),
        link=link,
    )
