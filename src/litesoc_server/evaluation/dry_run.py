"""Asks what the score of a login would be, without the login leaving a trace in the state."""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.runner import Score
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import (
    Answer,
    AnswersOne,
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    OnceRequest,
    RememberRequest,
    Request,
    SeenRequest,
)


def dry_risk(score: Score, event: Event, policy: DetectionPolicy, state: AnswersOne) -> Risk | None:
    """Return the risk of ``event`` as ``score`` sees it now; whatever it would write is left out."""
    steps = score(event, policy)
    try:
        request = next(steps)
        while True:
            request = steps.send(_read(request, state))
    except StopIteration as stop:
        risk: Risk | None = stop.value
        return risk


def _read(request: Request, state: AnswersOne) -> Answer:
    match request:
        case CountRequest() | DistinctRequest() | SeenRequest():
            return state.answer_one(msgspec.structs.replace(request, is_read_only=True))
        case RememberRequest():
            return None
        case OnceRequest():
            return True
        case DecayedRequest():
            return state.answer_one(msgspec.structs.replace(request, amount=0.0))
        case _:
            return state.answer_one(request)
