"""Much more data exported, read or deleted in an hour than the actor usually does."""

from collections.abc import Iterator

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.busy_hours import Hour, Usual, count_units, note_hour, usual_of
from litesoc_server.pipeline.detect.details import details_of
from litesoc_server.pipeline.detect.firing import Evidence, Finding, beat, claim, detection_of
from litesoc_server.pipeline.detect.login_history import is_from_elsewhere
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, actor_subject
from litesoc_server.pipeline.policy import HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import Steps

ID = "mass_data_access"
EXPORT = "data.export"
_DELETION_NAMES = frozenset({"data.bulk_delete", "admin.user_deleted"})
_READING_NAMES = frozenset({EXPORT, "data.download", "data.sensitive_access"})
_SHARE_OF_DAYS = 0.05  # what is left beyond a 95th percentile


class _Class(msgspec.Struct, frozen=True):
    """One kind of unit. Each has a threshold and a usual amount of its own."""

    id: str
    noun: str  # in the singular
    done: str  # as in "5,000 rows were <done>"
    family: str  # of the incident
    is_harm_in_itself: bool = False  # then the first time counts as well


_DELETIONS = _Class("deletions", "record", "deleted", "data_deletion", is_harm_in_itself=True)
_ROWS = _Class("rows", "row", "read or exported", "data_exfiltration")
_EXPORTS = _Class("exports", "export", "made", "data_exfiltration")


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Count what the event says was exported, read or deleted, each for itself."""
    actor, counted = actor_of(event), tuple(_units_of(event, policy))
    if actor is None or not counted:
        return ()
    is_elsewhere = yield from is_from_elsewhere(event, actor, policy)
    detections: list[Detection] = []
    for kind, units, floor in counted:
        hour = yield from _count(event, policy, actor, kind, units, floor, is_elsewhere=is_elsewhere)
        if hour.units >= floor:
            detections += yield from _weigh(event, policy, actor, kind, hour, floor, is_elsewhere=is_elsewhere)
    return tuple(detections)


def _units_of(event: Event, policy: DetectionPolicy) -> Iterator[tuple[_Class, int, int]]:
    """Yield the classes an event belongs to, how many units it is of each, and the floor of the class."""
    records = details_of(event).records_count
    if event.name in _DELETION_NAMES:
        units = 1 if records is None else records
        if units:
            yield _DELETIONS, units, policy.mass_data_access_deletions_count
        return
    if records:
        yield _ROWS, records, policy.mass_data_access_rows_count
    if event.name == EXPORT:
        yield _EXPORTS, 1, policy.mass_data_access_exports_count


def _count(
    event: Event, policy: DetectionPolicy, actor: str, kind: _Class, units: int, floor: int, *, is_elsewhere: bool
) -> Steps[Hour]:
    """Count an event and return its hour.

    What comes from elsewhere (see ``is_from_elsewhere``) is counted for itself and makes nothing usual: it may be an
    intruder.
    """
    if is_elsewhere:
        return (yield from count_units(event, f"{kind.id} elsewhere|{actor}", units))
    own, role = f"{kind.id}|{actor}", details_of(event).role
    hour = yield from count_units(event, own, units)
    least = int(floor / (2 * max(policy.mass_data_access_own_factor, policy.mass_data_access_peers_factor)))
    yield from note_hour(event, own, hour, least)
    if role is not None:
        yield from note_hour(event, _peers(kind, role), hour, least)
    return hour


def _peers(kind: _Class, role: str) -> str:
    return f"{kind.id} by role|{role}"


def _weigh(
    event: Event, policy: DetectionPolicy, actor: str, kind: _Class, hour: Hour, floor: int, *, is_elsewhere: bool
) -> Steps[list[Detection]]:
    """Hold an hour against what is usual."""
    usual = yield from usual_of(event, f"{kind.id}|{actor}", hour.units / policy.mass_data_access_own_factor)
    # What its owner is used to destroying says nothing of somebody who comes from elsewhere.
    if not (usual.is_rare(_SHARE_OF_DAYS) or (kind.is_harm_in_itself and is_elsewhere)):
        return []
    of_peers, role = None, details_of(event).role
    if role is not None:
        of_peers = yield from usual_of(event, _peers(kind, role), hour.units / policy.mass_data_access_peers_factor)
        if not of_peers.is_rare(_SHARE_OF_DAYS):
            return []
    case = _Case(policy, actor, kind, floor, hour, usual, role, of_peers, is_elsewhere)
    if hour.units < case.limit:
        return []
    key, current = f"{kind.id}{' elsewhere' if is_elsewhere else ''}|{actor}", beat(hour.last_ms, hour.units)
    if not (yield from claim(event, detector=ID, key=key, window=current)):
        return []
    return [detection_of(case.told(event), event, origin_of(event), key=key, window=current)]


class _Case(msgspec.Struct, frozen=True):
    """One hour that was too much."""

    policy: DetectionPolicy
    actor: str
    kind: _Class
    floor: int
    hour: Hour
    usual: Usual
    role: str | None
    of_peers: Usual | None
    is_elsewhere: bool  # all of it, from a network or a device that is new to the account

    @property
    def has_usual(self) -> bool:
        """Whether there are enough earlier days to compare with."""
        return self.usual.days_count >= self.policy.mass_data_access_days_count

    @property
    def is_usual(self) -> bool:
        """Whether the account did as much before; it is a case all the same if that was not from there."""
        return not self.usual.is_rare(_SHARE_OF_DAYS)

    @property
    def limit(self) -> int:
        """From where on the hour counts: more where it is done for the first time, from where its actor always is."""
        if self.has_usual or self.is_elsewhere or self.kind.is_harm_in_itself:
            return self.floor
        return int(self.policy.mass_data_access_first_factor * self.floor)

    def told(self, event: Event) -> Finding:
        """Put the case into words."""
        hour, kind, who = self.hour, self.kind, wording.name(self.actor)
        amount = wording.exactly(hour.units, kind.noun)
        time = wording.span(hour.first_ms, hour.last_ms) if hour.event_count > 1 else "at once"
        where = f", the last from {event.user_ip} ({wording.where(event.geo, event.network)})" if event.user_ip else ""
        return Finding(
            detector=ID,
            alert_type=DETECTOR.alert_type,
            severity=AlertSeverity.HIGH if self.has_usual or self.is_elsewhere else AlertSeverity.MEDIUM,
            incident_key=f"{kind.family}|{actor_subject(self.actor)}",
            title=f"{amount} {kind.done} {time} by {who}",
            description=(
                f"Until {wording.utc(hour.last_ms)}, {amount} {'was' if hour.units == 1 else 'were'} {kind.done} {time} by "
                f"{who}, in {wording.several(hour.event_count, 'event')}{where}. {self._usual_in_words()}"
            ),
            reasons=tuple(self._reasons(amount)),
            facts=(
                Fact(f"{kind.id}_count", hour.units, self.limit),
                Fact("days_count", self.usual.days_count, self.policy.mass_data_access_days_count),
                Fact("busy_days_count", self.usual.busy_days_count, int(_SHARE_OF_DAYS * self.usual.days_count)),
                Fact("window_ms", HOUR_MS),
            ),
            ruled_out=tuple(self._ruled_out()),
            actions=DETECTOR.actions,
            evidence=Evidence(
                event_ids=hour.event_ids,
                event_count=hour.event_count,
                first_ms=hour.first_ms,
                last_ms=hour.last_ms,
            ),
        )

    def _usual_in_words(self) -> str:
        if not self.usual.days_count:
            return f"Nothing of the kind is on record for this account in the last {wording.duration(30 * 24 * HOUR_MS)}."
        return f"{self._days(self.usual)}."

    def _days(self, usual: Usual) -> str:
        days = wording.several(usual.days_count, "earlier day")
        noun = self.kind.noun
        return f"On {usual.busy_days_count or 'none'} of {days} an hour came to {wording.exactly(usual.amount, noun)}"

    def _reasons(self, amount: str) -> Iterator[str]:
        factor = f"{self.policy.mass_data_access_own_factor:g}"
        yield f"{amount} {self.kind.done} in an hour; the limit is {self.limit:,}"
        if self.is_elsewhere:
            yield "the network or the device was new to the account: no login with it is known from a day before"
        if not self.usual.days_count:
            yield f"the account has no earlier day with as much as one {self.kind.noun} to compare with"
            return
        own = self._days(self.usual)
        told = f"{own[0].lower()}{own[1:]}"
        if self.is_usual:
            yield f"that much is usual for the owner ({told}), but it came from where the owner is not known to be"
        else:
            yield f"more than {factor} times the account's usual busy hour: {told}; the limit is 5 % of them"

    def _ruled_out(self) -> Iterator[str]:
        yield "Repeated delivery: every event was counted once, by its id."
        if self.has_usual and not self.is_usual:
            yield "A job that does this every day: the account's own busy hours were far smaller."
        if self.of_peers is not None and self.of_peers.days_count and self.role is not None:
            peers = self._days(self.of_peers)
            yield f"What others in the role {wording.name(self.role)} do: {peers[0].lower()}{peers[1:]} by one of them."


DETECTOR = Detector(
    id=ID,
    title="Mass export or deletion",
    group=DetectorGroup.AFTER_LOGIN,
    alert_type=AlertType.DATA_EXFILTRATION,
    severity=AlertSeverity.HIGH,
    techniques=(
        AttackTechnique("T1530", "Data from Cloud Storage"),
        AttackTechnique("T1567", "Exfiltration Over Web Service"),
        AttackTechnique("T1485", "Data Destruction"),
    ),
    description=(
        "Adds up what one actor does within an hour: records deleted (data.bulk_delete, admin.user_deleted), rows read or "
        "exported (data.export, data.download, data.sensitive_access) and exports made (data.export). The number of records "
        "is read from metadata (records, rows, count, record_count, row_count, records_deleted, …; a list counts by its "
        "length); a deletion without one is one record, rows count only where a number is sent. Fires from 100 deleted "
        "records, 1,000 rows or 10 exports on, unless that much is usual: it must be more than 8 times what the actor's "
        "busiest hours come to (what at most one day in twenty exceeds, of the last 30 to 60 days, rounded up to a power of "
        "two) and, where events name a role, more than 4 times that of the role. Service accounts are so held against "
        "themselves. What comes from a network or a device that is new to an account with a history of logins is counted "
        "for itself, makes nothing usual, and what is usual for the owner does not excuse a deletion there. In usual places "
        "reading and exporting must come to 20 times as much (20,000 rows, 200 exports) where fewer than 5 earlier days say "
        "what is usual: the first report of the year and the first night of a new job are no alert. High; medium when the "
        "amount is all there is. Incident: data_exfiltration|actor:<id> or data_deletion|actor:<id>, shared with the "
        "instant alerts of these events."
    ),
    false_positives=(
        "A migration, an audit or a clean-up that is done once.",
        "A nightly job whose data has grown eightfold, or a new one that moves twenty times the limit.",
        "An owner downloads everything before leaving a service.",
    ),
    actions=(
        "Ask the actor, through another channel, what the data was for.",
        "If there is no good reason: end the actor's sessions, revoke its keys, and find out where the data went.",
        "For deletions: stop further ones and check the newest backup.",
    ),
    event_names=_DELETION_NAMES | _READING_NAMES,
    examine=examine,
)
