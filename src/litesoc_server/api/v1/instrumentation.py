"""`/health/instrumentation`: whether what applications send is good enough to detect anything by."""

from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from litesoc_server.api import backend
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Meta
from litesoc_server.health.judge import Notice, Problem
from litesoc_server.health.look import look_at_senders
from litesoc_server.ingest.keys import Scope

router = Router(tags=["health"])


class NoticeOut(Schema):
    """One thing to look at. It is no alert: nobody is attacked."""

    problem: Problem = Field(examples=[Problem.ONE_ADDRESS])
    key_id: str = Field(description="The API key that sent the events.", examples=["17"])
    finding: str = Field(description="What was found, with the numbers and the limit.")
    fix: str = Field(description="What to do about it.")


class NoticeList(Schema):
    """What is wrong; nothing when the list is empty."""

    success: Literal[True] = True
    data: list[NoticeOut]
    meta: Meta


@router.get(
    "/health/instrumentation",
    auth=KeyAuth(Scope.READ),
    response={200: NoticeList, **READ_ERRORS},
    summary="Check what your applications send",
    operation_id="checkInstrumentation",
)
def check_instrumentation(request: ApiRequest) -> NoticeList:
    """Look at the events of the last 7 days, and for silence of the last 28. A test key asks about test events."""
    caller = request.caller
    parts = backend.current()
    notices = look_at_senders(
        parts.reader,
        org_id=caller.record.org_id,
        environment=caller.record.environment,
        now_ms=parts.clock.now_ms(),
    )
    return NoticeList(data=[_notice_out(notice) for notice in notices], meta=one_meta(caller))


def _notice_out(notice: Notice) -> NoticeOut:
    return NoticeOut(problem=notice.problem, key_id=notice.key_id, finding=notice.finding, fix=notice.fix)
