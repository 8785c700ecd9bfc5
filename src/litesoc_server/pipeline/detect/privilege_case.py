"""What speaks against one grant of rights, how much it weighs, and how it is told."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from litesoc_server.events.detection import AlertSeverity, Fact
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.login_history import risky_login_id
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import actor_key, actor_subject, address_of, address_subject
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import Remembered, Window


class Cause(StrEnum):
    """Why a grant is suspicious."""

    ESCALATION = "escalation"  # the application says so itself
    SELF = "self"
    RISKY = "risky"  # after a suspicious login
    FRESH = "fresh"  # to a new account
    SERIES = "series"


_SEVERITIES = {
    Cause.ESCALATION: AlertSeverity.HIGH,
    Cause.SELF: AlertSeverity.HIGH,
    Cause.RISKY: AlertSeverity.HIGH,
    Cause.FRESH: AlertSeverity.MEDIUM,
    Cause.SERIES: AlertSeverity.MEDIUM,
}


class GrantCase:
    """The case against one grant; causes are added one by one."""

    def __init__(self, grant: Origin, policy: DetectionPolicy, *, right: str | None = None) -> None:
        self.grant = grant
        self.right = right  # the role or permission, None: not said
        self.causes: list[Cause] = []
        self.reasons: list[str] = []
        self.facts: list[Fact] = []
        self.evidence: dict[str, int] = {grant.event_id: grant.at_ms}  # event id -> event time
        self.grants_count = 1  # by the same actor, within the policy's window
        self.is_first_act = False
        self._policy = policy

    @property
    def subject(self) -> str:
        """What its incident is grouped by: the actor, else the address, else one for all the rest."""
        if self.grant.actor_id:
            return actor_subject(actor_key(self.grant.actor_id))
        return address_subject(address_of(self.grant.ip)) if self.grant.ip is not None else "unknown"

    @property
    def severity(self) -> AlertSeverity:
        """The gravest cause's; one step more when anything else speaks against the grant too."""
        gravest = max((_SEVERITIES[cause] for cause in self.causes), key=lambda severity: severity.rank)
        if len(self.causes) + self.is_first_act == 1:
            return gravest
        return list(AlertSeverity)[min(gravest.rank + 1, AlertSeverity.CRITICAL.rank)]

    def add_escalation(self) -> None:
        """Add that the application itself calls it an escalation."""
        self._add(Cause.ESCALATION, "the application itself reported a privilege escalation")

    def add_self(self) -> None:
        """Add that the actor is the one who gains."""
        self._add(Cause.SELF, "the account that acts is the account that gains")

    def add_age(self, target: str, created_ms: int, creation_id: str) -> None:
        """Add that the receiving account was created shortly before."""
        if Cause.FRESH in self.causes:
            return
        age_ms, limit_ms = self.grant.at_ms - created_ms, self._policy.privilege_escalation_fresh_account_age_ms
        who, age = wording.name(target), wording.duration(age_ms)
        reason = f"the receiving account {who} was {age} old; the limit is {wording.duration(limit_ms)}"
        self._add(Cause.FRESH, reason, Fact("account_age_ms", age_ms, limit_ms))
        self.evidence[creation_id] = created_ms

    def add_series(self, window: Window) -> None:
        """Add the actor's grants within the policy's window; they are a cause only if there are enough of them."""
        self.grants_count = window.count
        limit = self._policy.privilege_escalation_grants_count
        if window.count < limit:
            return
        grants = f"{wording.several(window.count, 'grant')} {wording.span(window.first_ms, window.last_ms)} by one actor"
        reason = f"{grants}; the limit is {limit} within {wording.duration(self._policy.privilege_escalation_window_ms)}"
        self._add(Cause.SERIES, reason, Fact("grants_count", window.count, limit))
        self.evidence = dict.fromkeys(window.members, window.first_ms) | {window.members[-1]: window.last_ms} | self.evidence

    def add_login(self, login: Remembered) -> None:
        """Add that the actor had logged in suspiciously; ``login`` is the mark of it."""
        gap_ms, limit_ms = self.grant.at_ms - login.at_ms, self._policy.risky_login_window_ms
        what = f"the actor had logged in suspiciously ({login.value.replace('_', ' ')}) {wording.duration(gap_ms)} before"
        self._add(
            Cause.RISKY,
            f"{what}; the limit is {wording.duration(limit_ms)}",
            Fact("since_risky_login_ms", gap_ms, limit_ms),
        )
        self.evidence[risky_login_id(login)] = login.at_ms

    def _add(self, cause: Cause, reason: str, *facts: Fact) -> None:
        self.causes.append(cause)
        self.reasons.append(reason)
        self.facts.extend(facts)


class Story(msgspec.Struct, frozen=True):
    """A case as it is told."""

    title: str
    description: str
    reasons: tuple[str, ...]
    ruled_out: tuple[str, ...]
    event_ids: tuple[str, ...]  # oldest first


def tell(case: GrantCase) -> Story:
    """Put a case into words."""
    grant = case.grant
    who = wording.name(grant.actor_id or grant.ip or "an unknown actor")
    reasons = [*case.reasons]
    if case.is_first_act:
        reasons.append(f"it is the first administrative act known of {who}")
    what = "escalated privileges" if Cause.ESCALATION in case.causes else "granted rights"
    right = f" ({wording.name(case.right)})" if case.right else ""
    where = f"{grant.ip} ({wording.place(grant.geo)})" if grant.ip is not None else "an address that was not sent"
    ruled_out = ["A right of no weight: it is an administrative one, or was not named."]
    if Cause.SERIES not in case.causes:
        ruled_out.append(f"A series of grants: {wording.several(case.grants_count, 'grant')} by this actor at that time.")
    return Story(
        title=_title(case.causes, who),
        description=f"At {wording.utc(grant.at_ms)} {who}, from {where}, {what}{right}: {'; '.join(reasons)}.",
        reasons=tuple(reasons),
        ruled_out=tuple(ruled_out),
        event_ids=tuple(sorted(case.evidence, key=lambda event_id: (case.evidence[event_id], event_id))),
    )


def _title(causes: Sequence[Cause], who: str) -> str:
    if Cause.ESCALATION in causes:
        return f"Privilege escalation by {who}"
    if Cause.SELF in causes:
        return f"{who} granted itself rights"
    if Cause.RISKY in causes:
        return f"{who} granted rights after a suspicious login"
    if Cause.SERIES in causes:
        return f"Series of grants by {who}"
    return f"{who} granted rights to a new account"
