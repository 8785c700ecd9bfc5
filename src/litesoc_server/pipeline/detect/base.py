"""What a detector is: a description that docs and the dashboard are generated from, and one function over one event."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import Steps


class AttackTechnique(msgspec.Struct, frozen=True):
    """A MITRE ATT&CK technique, https://attack.mitre.org/techniques/."""

    id: str  # e.g. "T1110.001"
    name: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://attack.mitre.org/techniques/{self.id.replace('.', '/')}/"


class DetectorGroup(StrEnum):
    """What detectors are listed under: what is attacked, in the order of an attack. The values are headings."""

    PASSWORDS = "Guessing of passwords"
    LOGINS = "Unusual logins"
    SESSIONS = "Sessions and second factors"
    AFTER_LOGIN = "What is done with an account"
    EVENTS = "Critical events"


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One detector. ``id`` is also its file name, its golden folder and its anchor in the docs."""

    id: str
    title: str
    group: DetectorGroup
    alert_type: AlertType
    severity: AlertSeverity  # its usual one; a detection may carry another, the description says when
    techniques: tuple[AttackTechnique, ...]
    description: str  # what it finds and how, in plain words
    false_positives: tuple[str, ...]  # benign behaviour that can look like it
    actions: tuple[str, ...]  # what to do about a true one
    event_names: frozenset[str]  # the events it wants to see; no others are handed to it
    examine: Callable[[Event, DetectionPolicy], Steps[tuple[Detection, ...]]]  # several when a late event completes several
    wants_sessions: bool = False  # it sees every event that names its session as well, whatever the event's name
