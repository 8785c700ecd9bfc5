"""What `/members` and `/members/invitations` have in common: roles, pages, who acts, and how refusals are answered."""

import uuid
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from ninja import Schema

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.schemas import Limit, Meta, Offset, Pagination
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.member_changes import Acting, MemberRefused
from litesoc_server.orgs.models import Membership, Organization

PAGE_LIMIT = 500  # rows

RoleText = Literal["owner", "admin", "analyst", "viewer"]
Done = TypeVar("Done")
Row = TypeVar("Row")


class PageQuery(Schema):
    """Which part of the list."""

    limit: Limit = PAGE_LIMIT
    offset: Offset = 0


class GoneAnswer(Schema):
    """It is done."""

    success: Literal[True] = True
    meta: Meta


def org_of(request: ApiRequest) -> Organization:
    """Return the organisation that the key belongs to."""
    return organization_of(request.caller.record.org_id)


def acting_of(request: ApiRequest) -> Acting:
    """Return the key as who changes members."""
    return Acting.key(by_of(request))


def done(act: Callable[[], Done]) -> Done:
    """Do it. Raises Refused when the rules forbid it, or there is no such member here."""
    try:
        return act()
    except MemberRefused as refusal:
        raise Refused(ErrorCode.VALIDATION_FAILED, str(refusal)) from refusal
    except Membership.DoesNotExist as error:
        raise not_found() from error


def parsed_id(text: str) -> uuid.UUID:
    """Return an id. Raises Refused for what is none: there is no such thing here."""
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise not_found() from error


def page_of(rows: Sequence[Row], query: PageQuery) -> tuple[Sequence[Row], Pagination]:
    """Return the rows that were asked for, and where they stand."""
    limit = min(query.limit, PAGE_LIMIT)
    page = rows[query.offset : query.offset + limit]
    has_more = query.offset + len(page) < len(rows)
    return page, Pagination(total=len(rows), limit=limit, offset=query.offset, has_more=has_more)
