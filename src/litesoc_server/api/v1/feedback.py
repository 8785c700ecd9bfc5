"""`/events/{id}/feedback`: "this was me" and "this was not me" for a login."""

from typing import Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server import backend
from litesoc_server.alerts.feedback import Speaker, publish_feedback
from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth
from litesoc_server.api.v1.alert_change import NAME_LENGTH_MAX, NOTES_LENGTH_MAX
from litesoc_server.api.v1.events import find_event
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, Meta
from litesoc_server.events.catalog import LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.ingest.admission import feedback_refusal
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
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
    if login.name != LOGIN_SUCCEEDED or login.actor is None or login.actor.is_redacted:
        what = "a login whose actor is not named" if login.name == LOGIN_SUCCEEDED else login.name
        message = f"event_id must be the id of a successful login ({LOGIN_SUCCEEDED}) with an actor; this is {what}"
        raise Refused(ErrorCode.VALIDATION_FAILED, message)
    admit_feedback(caller)
    said = publish_feedback(
        backend.current().publisher,
        login,
        _NAMES[feedback.verdict],
        speaker=speaker_of(caller, feedback.given_by),
        note=None if not feedback.note else clean_text(feedback.note),
    )
    return FeedbackAnswer(
        data=FeedbackOut(event_id=login.event_id, verdict=feedback.verdict, feedback_event_id=said), meta=one_meta(caller)
    )


def admit_feedback(caller: Caller) -> None:
    """Count one piece of feedback. Raises Refused when the organisation has given too much of it in this hour."""
    rate = backend.current().rate_limiter.hit_feedback(caller.record)
    if not rate.is_allowed:
        raise feedback_refusal(rate)


def speaker_of(caller: Caller, name: str | None) -> Speaker:
    """Return who gives feedback: as they say, or as their key is called."""
    by = clean_text((name or "").strip()) or caller.record.key_name
    return Speaker(by=by, key_id=caller.record.key_id, now_ms=backend.current().clock.now_ms())
