"""`/health/instrumentation`: whether what applications send is good enough to detect anything by."""

from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from litesoc_server import instrumentation
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Meta
from litesoc_server.health.judge import Notice, Problem
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import iso_ms

router = Router(tags=["health"])


class NoticeOut(Schema):
    """One thing to look at. It is no alert: nobody is attacked."""

    problem: Problem = Field(examples=[Problem.ONE_ADDRESS])
    key_id: str | None = Field(
        description="The API key that sent the events; null where it is about a source or about agents.", examples=["17"]
    )
    source: str | None = Field(description="The source that went silent, by its id.", examples=["auth0"])
    finding: str = Field(description="What was found, with the numbers and the limit.")
    fix: str = Field(description="What to do about it.")


class NoticeList(Schema):
    """What is wrong; nothing when the list is empty."""

    success: Literal[True] = True
    data: list[NoticeOut]
    looked_at: str = Field(
        description="When the events of keys were looked at; what was found is used again for 5 minutes.",
        json_schema_extra={"format": "date-time"},
    )
    meta: Meta


@router.get(
    "/health/instrumentation",
    auth=KeyAuth(Scope.READ),
    response={200: NoticeList, **READ_ERRORS},
    summary="Check what your applications send",
    operation_id="checkInstrumentation",
)
def check_instrumentation(request: ApiRequest) -> NoticeList:
    """Look at the events of the last 7 days, and for silence of the last 28. A test key asks about test events.

    Agents and connected sources that went silent are found each time; an organisation's events are looked at at most every
    5 minutes, and `looked_at` says when.
    """
    caller = request.caller
    look = instrumentation.look(caller.record.org_id, caller.record.environment)
    return NoticeList(
        data=[_notice_out(notice) for notice in look.notices], looked_at=iso_ms(look.at_ms), meta=one_meta(caller)
    )


def _notice_out(notice: Notice) -> NoticeOut:
    return NoticeOut(
        problem=notice.problem, key_id=notice.key_id, source=notice.source, finding=notice.finding, fix=notice.fix
    )
