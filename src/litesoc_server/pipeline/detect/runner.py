"""Hands every event to the detectors that want it and carries out what they ask of the state."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from litesoc_server import telemetry
from litesoc_server.events.detection import Detection
from litesoc_server.events.errors import Backpressure
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.login_history import LOGIN_SUCCEEDED, record_login
from litesoc_server.pipeline.policy import DetectionPolicy, PolicyProvider
from litesoc_server.pipeline.state.base import Answer, AnswersOne, OnceRequest, Request, StateStore, Steps

log = logging.getLogger(__name__)

Examine: TypeAlias = Callable[[Event, DetectionPolicy], Steps[tuple[Detection, ...] | None]]
Ask: TypeAlias = Callable[[Request], Answer]
_LOGIN_HISTORY = "login_history"  # stands in logs and metrics where a detector's id would


class DetectionRunner:
    """Runs detectors over events, one event after the other. For one thread.

    Redelivery needs no bookkeeping here: whatever a detector does to the state is idempotent by event id, and detection ids
    derive from events alone. So an event that comes again, to this process or to one whose state was rebuilt from the stored
    events, leads to the same detection ids, whether or not the first ones arrived.
    """

    def __init__(self, state: StateStore, detectors: Sequence[Detector], policies: PolicyProvider) -> None:
        self._ask: Ask = state.answer_one if isinstance(state, AnswersOne) else lambda request: state.answer((request,))[0]
        self._policies = policies
        self._examiners: dict[str, tuple[tuple[str, Examine], ...]] = {
            name: tuple((detector.id, detector.examine) for detector in detectors if name in detector.event_names)
            for name in frozenset[str]().union(*(detector.event_names for detector in detectors))
        }
        # Logins are recorded before anyone looks at them, whichever detectors are on.
        of_logins = self._examiners.get(LOGIN_SUCCEEDED, ())
        self._examiners[LOGIN_SUCCEEDED] = ((_LOGIN_HISTORY, record_login), *of_logins)

    @property
    def event_names(self) -> frozenset[str]:
        """The events that leave traces in the state: a rebuild needs no others."""
        return frozenset(self._examiners)

    def run(self, events: Sequence[Event]) -> list[Detection]:
        """Return what fires on ``events``, in their order.

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

    def _run(self, events: Iterable[Event], ask: Ask) -> list[Detection]:  # noqa: C901 - one loop, the hottest
        found: list[Detection] = []
        examiners_of, policy_for = self._examiners, self._policies.policy_for
        org_id: str | None = None
        policy, muted = DetectionPolicy(), frozenset[str]()
        for event in events:
            examiners = examiners_of.get(event.name)
            if examiners is None:
                continue
            if event.org_id != org_id:
                org_id, policy = event.org_id, policy_for(event.org_id)
                muted = policy.muted_detectors
            for detector_id, examine in examiners:
                if muted and detector_id in muted:
                    continue
                steps = examine(event, policy)
                try:
                    request = next(steps)
                    while True:
                        request = steps.send(ask(request))
                except StopIteration as stop:
                    if stop.value:
                        found.extend(stop.value)
                except Backpressure:
                    raise
                except Exception as error:  # noqa: BLE001 - the edge: a detector's bug must cost neither event nor others
                    _report(detector_id, event, error)
        return found


def _report(detector_id: str, event: Event, error: Exception) -> None:
    """Count and log a detector that raised: by ids and type only, an error's text or trace may hold personal data."""
    telemetry.DETECTOR_ERRORS.labels(detector_id).inc()
    extra = {"detector": detector_id, "event_id": event.event_id, "error": type(error).__name__}
    log.error("a detector raised and was skipped for one event", extra=extra)
