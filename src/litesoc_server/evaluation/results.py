"""What one seed's run comes to: counts only, so that it can travel between processes and be added up."""

import msgspec

from litesoc_server.evaluation.simulator.ledger import Place, Speed


class CampaignResult(msgspec.Struct):
    """What a system made of one campaign."""

    family: str
    speed: Speed
    place: Place
    is_attack: bool
    copies_agent: bool
    is_physical: bool
    events_count: int
    detectors: list[str] = []  # those that fired on it; empty: missed
    incidents_count: int = 0
    events_to_alarm: int | None = None  # how many of its events had come when the first alarm came
    ms_to_alarm: int | None = None  # event time from its first event to that alarm
    successes_count: int = 0  # how often the attacker got in
    flagged_count: int = 0  # of these, how many some alarm named

    @property
    def is_found(self) -> bool:
        """Whether anything fired on it."""
        return bool(self.detectors)


class Tally(msgspec.Struct):
    """Incidents that one detector took part in."""

    true: int = 0  # about an attack
    twin: int = 0  # about a staged benign event
    false_quiet: int = 0  # about nothing, in organisations without attacks
    false_attacked: int = 0  # about nothing, in the others

    @property
    def false(self) -> int:
        """All that are about no attack."""
        return self.twin + self.false_quiet + self.false_attacked


class SystemResult(msgspec.Struct):
    """What one system (ours or a baseline) did in one run."""

    campaigns: list[CampaignResult] = []
    detectors: dict[str, Tally] = {}
    incidents: Tally = msgspec.field(default_factory=Tally)  # whole incidents
    alarms_count: int = 0


class SeedResult(msgspec.Struct):
    """One run."""

    seed: int
    users: int
    days: int
    quiet_user_days: int
    attacked_user_days: int
    orgs_count: int
    events_count: int
    seconds: float  # CPU time of simulation, detection and baselines together
    detect_seconds: float  # CPU time of detection alone
    systems: dict[str, SystemResult]
