"""`/events/{id}/feedback`: "this was me" and "this was not me" for a login."""

from typing import Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server import backend
from litesoc_server.alerts.feedback import FeedbackLimited, FeedbackParts, NotALogin, say_of_login
from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth
from litesoc_server.api.v1.alert_change import NAME_LENGTH_MAX, NOTES_LENGTH_MAX
from litesoc_server.api.v1.events import find_event
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, Meta
from litesoc_server.events.catalog import LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.ingest.admission import feedback_refusal
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED
from litesoc_server.pipeline.normalise.text import clean_text

router = Router(tags=["events"])

Verdict = Literal["confirmed", "denied"]
_NAMES = {"confirmed": LOGIN_CONFIRMED, "denied": LOGIN_DENIED}


class FeedbackIn(Schema):
    """What its owner says of a login."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Verdict = Field(description='"confirmed": this was me. "denied": this was not me.')
    note: str | None = Field(default=None, max_length=NOTES_LENGTH_MAX)
    given_by: str | None = Field(default=None, max_length=NAME_LENGTH_MAX, description="Who says so; else the key's name.")


class FeedbackOut(Schema):
    """What was said."""

    event_id: str = Field(description="The login.", json_schema_extra={"format": "uuid"})
    verdict: Verdict
    feedback_event_id: str = Field(description="The event that says it.", json_schema_extra={"format": "uuid"})


class FeedbackAnswer(Schema):
    """Confirms that feedback is kept."""

    success: Literal[True] = True
    data: FeedbackOut
    meta: Meta


@router.post(
    "/events/{event_id}/feedback",
    auth=KeyAuth(Scope.MANAGE),
    response={200: FeedbackAnswer, **CHANGE_ERRORS},
    summary="Say whether a login was its owner's",
    operation_id="giveFeedback",
)
def give_feedback(request: ApiRequest, event_id: str, feedback: FeedbackIn) -> FeedbackAnswer:
    """Teach the detectors. What is confirmed becomes familiar, what is denied stays suspect; the last word counts.

    An organisation gives feedback at most 1,000 times per clock hour; marking an alert as safe counts as once.
    """
    caller = request.caller
    login = find_event(caller, event_id)
    by = clean_text((feedback.given_by or "").strip()) or caller.record.key_name
    try:
        said = say_of_login(
            login,
            _NAMES[feedback.verdict],
            who=Who(by=by, principal=caller.by.principal, acting=caller.by),
            note=None if not feedback.note else clean_text(feedback.note),
            parts=feedback_parts(caller),
        )
    except NotALogin as error:
        message = f"event_id must be the id of a successful login ({LOGIN_SUCCEEDED}) with an actor; this is {error}"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from error
    except FeedbackLimited as error:
        raise feedback_refusal(error.rate) from error
    return FeedbackAnswer(
        data=FeedbackOut(event_id=login.event_id, verdict=feedback.verdict, feedback_event_id=said), meta=one_meta(caller)
    )


def feedback_parts(caller: Caller) -> FeedbackParts:
    """Return what giving feedback needs."""
    parts = backend.current()
    return FeedbackParts(
        publisher=parts.stream.publisher,
        reader=parts.reader,
        rate_limiter=parts.rate_limiter,
        now_ms=parts.clock.now_ms(),
        not_before_ms=caller.not_before_ms,
    )
