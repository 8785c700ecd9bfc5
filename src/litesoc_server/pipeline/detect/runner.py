"""Hands every event to the detectors that want it and carries out what they ask of the state."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeAlias

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.accounts import record_failure
from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.failures import LOGIN_FAILED
from litesoc_server.pipeline.detect.feedback import FEEDBACK_NAMES, record_feedback
from litesoc_server.pipeline.detect.lockstep import in_lockstep, spans_of
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED, record_login
from litesoc_server.pipeline.detect.screen import Screen
from litesoc_server.pipeline.detector_errors import DetectorErrors
from litesoc_server.pipeline.policy import DetectionPolicy, PolicyProvider
from litesoc_server.pipeline.state.base import Answer, AnswersOne, OnceRequest, Request, StateStore, Steps, WrongPrimitive

log = logging.getLogger(__name__)

Result: TypeAlias = tuple[Detection, ...] | Risk | None
Examine: TypeAlias = Callable[[Event, DetectionPolicy], Steps[Result]]
Score: TypeAlias = Callable[[Event, DetectionPolicy], Steps[Risk | None]]
Judgement: TypeAlias = tuple[list[Detection], Risk | None] | None  # of one event; None: nothing to say, by far the most
Ask: TypeAlias = Callable[[Request], Answer]
AnswerAll: TypeAlias = Callable[[Sequence[Request]], list[Answer]]
_LOGIN_HISTORY = "login_history"  # these stand in logs and metrics where a detector's id would
_FAILURES = "failures"
_RISK = "risk"
_REBUILD_BATCH = 5_000  # events; about 10 MB


class Outcome(msgspec.Struct):
    """What was found in some events."""

    detections: list[Detection]
    risks: dict[EventId, Risk]  # of the logins among them


class DetectionRunner:
    """Runs detectors over events. For one thread.

    With a state in this process one event is judged after the other; with one across a network many are, in lockstep.

    Redelivery needs no bookkeeping here: whatever a detector does to the state is idempotent by event id, and detection ids
    derive from events alone. So an event that comes again, to this process or to one whose state was rebuilt from the stored
    events, leads to the same detection ids, whether or not the first ones arrived.
    """

    def __init__(
        self,
        state: StateStore,
        detectors: Sequence[Detector],
        policies: PolicyProvider,
        score: Score | None = None,
        *,
        errors: DetectorErrors | None = None,
    ) -> None:
        self._state = state
        self._errors = errors
        self._ask: Ask | None = state.answer_one if isinstance(state, AnswersOne) else None
        self._policies = policies
        self._screens: dict[OrgId, Screen] = {}
        self._examiners: dict[str, tuple[tuple[str, Examine], ...]] = {
            name: tuple((detector.id, detector.examine) for detector in detectors if name in detector.event_names)
            for name in frozenset[str]().union(FEEDBACK_NAMES, *(detector.event_names for detector in detectors))
        }
        # Logins are recorded before anyone looks at them, whichever detectors are on.
        of_logins = self._examiners.get(LOGIN_SUCCEEDED, ())
        scorers = () if score is None else ((_RISK, score),)
        self._examiners[LOGIN_SUCCEEDED] = ((_LOGIN_HISTORY, record_login), *scorers, *of_logins)
        if LOGIN_FAILED in self._examiners:
            self._examiners[LOGIN_FAILED] = ((_FAILURES, record_failure), *self._examiners[LOGIN_FAILED])
        for name in FEEDBACK_NAMES:
            self._examiners[name] = ((_LOGIN_HISTORY, record_feedback), *self._examiners[name])
        self._session_examiners = tuple((detector.id, detector.examine) for detector in detectors if detector.wants_sessions)
        order = {detector.id: place for place, detector in enumerate(detectors)}
        self._examiners_with_session = {  # of one event, each detector once and in their order
            name: tuple(sorted(dict([*examiners, *self._session_examiners]).items(), key=lambda one: order.get(one[0], -1)))
            for name, examiners in self._examiners.items()
        }

    @property
    def event_names(self) -> frozenset[str]:
        """The events that leave traces in the state by their name; those that name a session may do so, too."""
        return frozenset(self._examiners)

    def run(self, events: Sequence[Event]) -> Outcome:
        """Return what fires on ``events``, in their order, and how risky the logins among them are.

        A detector that raises is counted, logged by id and skipped for that event; StateUnavailable is passed on.
        """
        outcome = self._run(events, is_rebuild=False)
        self._save_errors()
        return outcome

    def rebuild(self, events: Iterable[Event]) -> int:
        """Bring the state to where it was after ``events`` and announce nothing; returns how many there were.

        Nothing is claimed either: what the lost process had announced or not, it is announced again under the same ids.
        Raises StateUnavailable.
        """
        count = 0
        rest = iter(events)
        while batch := list(islice(rest, _REBUILD_BATCH)):
            self._run(batch, is_rebuild=True)
            self._save_errors()
            count += len(batch)
        return count

    def _run(self, events: Sequence[Event], *, is_rebuild: bool) -> Outcome:
        outcome = Outcome([], {})
        if self._ask is not None:
            ask = _without_claims(self._ask) if is_rebuild else self._ask
            for event in events:
                judging = self.judging(event)
                if judging is not None:
                    _add(outcome, event, _one_by_one(judging, ask))
            return outcome
        answer = _all_without_claims(self._state.answer) if is_rebuild else self._state.answer
        found: dict[int, Judgement] = {}
        for span in spans_of(events):
            judged = [(index, judging) for index in span if (judging := self.judging(events[index])) is not None]
            found.update(
                zip((index for index, _ in judged), in_lockstep((judging for _, judging in judged), answer), strict=True)
            )
        for index in sorted(found):
            _add(outcome, events[index], found[index])
        return outcome

    def judging(self, event: Event) -> Steps[Judgement] | None:
        """Return the steps that judge an event, for who answers their questions; None if nobody wants to see it."""
        if event.session_id is None or event.source == FEEDBACK_SOURCE:  # that names the session of its login
            examiners = self._examiners.get(event.name)
        else:
            examiners = self._examiners_with_session.get(event.name, self._session_examiners)
        if not examiners:
            return None
        screen = self._screen_of(event.org_id)
        if screen.exempts_some and screen.exempts(event):
            return None
        return self._judge(event, examiners, screen)

    def _judge(self, event: Event, examiners: tuple[tuple[str, Examine], ...], screen: Screen) -> Steps[Judgement]:
        """Let one after the other examine an event: those that come first mark what later ones look for.

        Once its risk is known, the event carries it to all that follow.
        """
        detections: list[Detection] | None = None
        risk: Risk | None = None
        for detector_id, examine in examiners:
            if detector_id in screen.muted:
                continue
            try:
                found = yield from examine(event, screen.policy)
            except Exception as error:  # noqa: BLE001 - the edge: a detector's bug must cost neither event nor others
                self._report(detector_id, event, error)
                continue
            if isinstance(found, Risk):
                risk = found
                event = msgspec.structs.replace(event, risk=risk)
            elif found:
                detections = [*(detections or ()), *map(screen.settle, found)]
        return None if detections is None and risk is None else (detections or [], risk)

    def _report(self, detector_id: str, event: Event, error: Exception) -> None:
        """Count and log a detector that raised: by ids and type only, an error's text or trace may hold personal data."""
        telemetry.DETECTOR_ERRORS.labels(detector_id).inc()
        if self._errors is not None:
            self._errors.add(detector_id)
        extra = {"detector": detector_id, "event_id": event.event_id, "error": type(error).__name__}
        log.error("a detector raised and was skipped for one event", extra=extra)

    def _save_errors(self) -> None:
        if self._errors is not None:
            self._errors.save()

    def _screen_of(self, org_id: OrgId) -> Screen:
        policy = self._policies.policy_for(org_id)
        screen = self._screens.get(org_id)
        if screen is None or screen.policy is not policy:
            screen = self._screens[org_id] = Screen(policy)
        return screen


def _one_by_one(judging: Steps[Judgement], ask: Ask) -> Judgement:
    try:
        request = next(judging)
        while True:
            try:
                answer = ask(request)
            except WrongPrimitive as error:
                request = judging.throw(error)
            else:
                request = judging.send(answer)
    except StopIteration as stop:
        return stop.value


def _add(outcome: Outcome, event: Event, judgement: Judgement) -> None:
    if judgement is not None:
        detections, risk = judgement
        outcome.detections.extend(detections)
        if risk is not None:
            outcome.risks[event.event_id] = risk


def _without_claims(ask: Ask) -> Ask:
    return lambda request: False if type(request) is OnceRequest else ask(request)


def _all_without_claims(answer: AnswerAll) -> AnswerAll:
    """Return what answers all requests but claims, which it refuses."""

    def answer_others(requests: Sequence[Request]) -> list[Answer]:
        others = iter(answer([request for request in requests if type(request) is not OnceRequest]))
        return [False if type(request) is OnceRequest else next(others) for request in requests]

    return answer_others
