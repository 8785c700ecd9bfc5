"""Hands every event to the detectors that want it and carries out what they ask of the state."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.detection import Detection
from litesoc_server.events.errors import Backpressure
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.feedback import FEEDBACK_NAMES, record_feedback
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED, record_login
from litesoc_server.pipeline.detect.screen import Screen
from litesoc_server.pipeline.policy import DetectionPolicy, PolicyProvider
from litesoc_server.pipeline.state.base import Answer, AnswersOne, OnceRequest, Request, StateStore, Steps

log = logging.getLogger(__name__)

Result: TypeAlias = tuple[Detection, ...] | Risk | None
Examine: TypeAlias = Callable[[Event, DetectionPolicy], Steps[Result]]
Score: TypeAlias = Callable[[Event, DetectionPolicy], Steps[Risk | None]]
Ask: TypeAlias = Callable[[Request], Answer]
_LOGIN_HISTORY = "login_history"  # these two stand in logs and metrics where a detector's id would
_RISK = "risk"


class Outcome(msgspec.Struct):
    """What was found in some events."""

    detections: list[Detection]
    risks: dict[EventId, Risk]  # of the logins among them


class DetectionRunner:
    """Runs detectors over events, one event after the other. For one thread.

    Redelivery needs no bookkeeping here: whatever a detector does to the state is idempotent by event id, and detection ids
    derive from events alone. So an event that comes again, to this process or to one whose state was rebuilt from the stored
    events, leads to the same detection ids, whether or not the first ones arrived.
    """

    def __init__(
        self, state: StateStore, detectors: Sequence[Detector], policies: PolicyProvider, score: Score | None = None
    ) -> None:
        self._ask: Ask = state.answer_one if isinstance(state, AnswersOne) else lambda request: state.answer((request,))[0]
        self._policies = policies
        self._screens: dict[OrgId, Screen] = {}
        self._examiners: dict[str, tuple[tuple[str, Examine], ...]] = {
            name: tuple((detector.id, detector.examine) for detector in detectors if name in detector.event_names)
            for name in frozenset[str]().union(FEEDBACK_NAMES, *(detector.event_names for detector in detectors))
        }
        self._session_examiners = tuple((detector.id, detector.examine) for detector in detectors if detector.wants_sessions)
        # Logins are recorded before anyone looks at them, whichever detectors are on.
        of_logins = self._examiners.get(LOGIN_SUCCEEDED, ())
        scorers = () if score is None else ((_RISK, score),)
        self._examiners[LOGIN_SUCCEEDED] = ((_LOGIN_HISTORY, record_login), *scorers, *of_logins)
        for name in FEEDBACK_NAMES:
            self._examiners[name] = ((_LOGIN_HISTORY, record_feedback), *self._examiners[name])

    @property
    def event_names(self) -> frozenset[str]:
        """The events that leave traces in the state by their name; those that name a session may do so, too."""
        return frozenset(self._examiners)

    def run(self, events: Sequence[Event]) -> Outcome:
        """Return what fires on ``events``, in their order, and how risky the logins among them are.

        A detector that raises is counted, logged by id and skipped for that event; Backpressure from the state is passed on.
        """
        return self._run(events, self._ask)

    def rebuild(self, events: Iterable[Event]) -> int:
        """Bring the state to where it was after ``events`` and announce nothing; returns how many there were.

        Nothing is claimed either: what the lost process had announced or not, it is announced again under the same ids.
        """
        count = 0

        def counted() -> Iterable[Event]:
            nonlocal count
            for event in events:
                count += 1
                yield event

        self._run(counted(), self._ask_without_claims)
        return count

    def _ask_without_claims(self, request: Request) -> Answer:
        return False if type(request) is OnceRequest else self._ask(request)

    def _run(self, events: Iterable[Event], ask: Ask) -> Outcome:  # noqa: C901 - one loop, the hottest
        outcome = Outcome([], {})
        examiners_of = self._examiners
        org_id: str | None = None
        screen = _NO_SCREEN
        for event in events:
            examiners = examiners_of.get(event.name, ())
            examiners = examiners if event.session_id is None else examiners + self._session_examiners
            if not examiners:
                continue
            if event.org_id != org_id:
                org_id, screen = event.org_id, self._screen_of(event.org_id)
            if screen.exempts_some and screen.exempts(event):
                continue
            for detector_id, examine in examiners:
                if detector_id in screen.muted:
                    continue
                steps = examine(event, screen.policy)
                try:
                    request = next(steps)
                    while True:
                        request = steps.send(ask(request))
                except StopIteration as stop:
                    if type(stop.value) is Risk:
                        outcome.risks[event.event_id] = stop.value
                    elif stop.value:
                        outcome.detections.extend(map(screen.settle, stop.value))
                except Backpressure:
                    raise
                except Exception as error:  # noqa: BLE001 - the edge: a detector's bug must cost neither event nor others
                    _report(detector_id, event, error)
        return outcome

    def _screen_of(self, org_id: OrgId) -> Screen:
        policy = self._policies.policy_for(org_id)
        screen = self._screens.get(org_id)
        if screen is None or screen.policy is not policy:
            screen = self._screens[org_id] = Screen(policy)
        return screen


_NO_SCREEN = Screen(DetectionPolicy())


def _report(detector_id: str, event: Event, error: Exception) -> None:
    """Count and log a detector that raised: by ids and type only, an error's text or trace may hold personal data."""
    telemetry.DETECTOR_ERRORS.labels(detector_id).inc()
    extra = {"detector": detector_id, "event_id": event.event_id, "error": type(error).__name__}
    log.error("a detector raised and was skipped for one event", extra=extra)
