"""Logins for tests of the risk score, and a runner that scores them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from detection_streams import Policies
from factories import make_event
from litesoc_server.events.event import Event, Network, NetworkKind
from litesoc_server.events.ids import EventId
from litesoc_server.events.risk import Risk
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

DAY_S, HOUR_S = 86_400, 3_600
HOME: dict[str, Any] = {"ip": "81.166.1.7", "geo": "Oslo", "asn": 2119, "as_org": "Telenor", "ua": "Firefox/Linux"}
SAME_PROVIDER = HOME | {"ip": "88.90.3.3"}
OTHER_PROVIDER = HOME | {"ip": "80.203.5.5", "asn": 29695, "as_org": "Lyse"}
ABROAD = HOME | {"ip": "133.11.93.1", "geo": "Tokyo", "asn": 2501, "as_org": "UTnet"}


def login(at: float, number: int, *, actor_id: str = "mira", kind: NetworkKind | None = None, **origin: Any) -> Event:
    """Return a successful login, from home unless another origin is given."""
    event = make_event(name="auth.login_success", at=at, number=number, actor_id=actor_id, **(HOME | origin))
    if kind is None:
        return event
    network = msgspec.structs.replace(event.network or Network(), kind=kind)
    return msgspec.structs.replace(event, network=network)


def habits(count: int, *, actor_id: str = "mira", first_number: int = 1, **origin: Any) -> list[Event]:
    """Return one login a day, the last one a day before T0."""
    return [login(-DAY_S * (count - n), first_number + n, actor_id=actor_id, **origin) for n in range(count)]


def scoring_runner(**changes: Any) -> DetectionRunner:
    return DetectionRunner(MemoryState(), DETECTORS, Policies(**changes), score)


def risks(events: Iterable[Event], **changes: Any) -> dict[EventId, Risk]:
    """Score ``events`` in their order, from an empty state."""
    return scoring_runner(**changes).run(list(events)).risks


def risk_of(event: Event, history: Iterable[Event] = (), **changes: Any) -> Risk:
    """Return the risk of ``event`` after ``history``."""
    return risks([*history, event], **changes)[event.event_id]


def weights(risk: Risk) -> dict[str, float]:
    return {one.feature: one.weight for one in risk.contributions}


def texts_of_familiarity(risk: Risk) -> set[str]:
    """Return what is said of how well the actor is known: this depends on no order of arrival."""
    return {one.text for one in risk.contributions if one.feature in {"network", "agent", "device_id", "idle"}}
