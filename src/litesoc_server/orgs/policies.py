"""Detection policies per organisation, for the pipeline: always an answer at once, kept fresh in the background."""

import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db import Error
from django.utils import timezone

from litesoc_server.database import fresh_connections
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization, StoredPolicy, Suppression
from litesoc_server.orgs.plan_gates import detectors_left_out
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.orgs.plans import Plan
from litesoc_server.orgs.policy_changes import FIRST_VERSION, PolicyState
from litesoc_server.orgs.policy_values import usable
from litesoc_server.orgs.privacy import rules_by_org
from litesoc_server.orgs.suppressions import as_pipeline_suppression
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.privacy import PrivacyRules

log = logging.getLogger(__name__)

REFRESH_S = 2.0  # a change is in force within 5 s: this, and the reading itself
# An expired suppression still holds for events of before its end that arrive late: at most a day.
KEPT_AFTER_EXPIRY = timedelta(days=1)
_NOBODY_CHANGED_IT = PolicyState(version=FIRST_VERSION, overrides={})


class _Read(NamedTuple):
    """All that an organisation's policy is made of; equal readings make the same policy."""

    plan: Plan
    stored: PolicyState
    privacy: PrivacyRules
    suppressions: tuple[tuple[object, ...], ...]


class OrgPolicyProvider:
    """Knows every organisation's policy; implements pipeline.policy.PolicyProvider.

    The pipeline never waits for the database: `keep_fresh` reads all policies every REFRESH_S in a thread of its own, so
    that also the first event after a pause meets the policy of now. While the database is down the last known ones hold. An
    organisation that is not known yet gets the defaults.
    """

    def __init__(self) -> None:
        self._default = DetectionPolicy()
        self._policies: Mapping[OrgId, DetectionPolicy] = {}
        self._reads: Mapping[OrgId, _Read] = {}
        self._is_database_down = False
        self.refresh()

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        """Return the policy in force. Never blocks and never raises."""
        return self._policies.get(org_id, self._default)

    def keep_fresh(self, stop: threading.Event, *, every_s: float = REFRESH_S) -> None:
        """Read all policies over and over until ``stop`` is set."""
        while not stop.wait(every_s):
            self.refresh()

    def refresh(self) -> None:
        """Read all policies now. Blocks; a database in trouble is logged, once, and changes nothing."""
        try:
            with fresh_connections():
                organizations, plans = list(Organization.objects.all()), plans_in_force()
                stored = {row.org_id: row for row in StoredPolicy.objects.all()}
                suppressions, privacy = _suppressions_by_org(), rules_by_org()
        except Error as error:
            if not self._is_database_down:
                log.warning("policies stay as they are, the control database does not answer: %s", type(error).__name__)
            self._is_database_down = True
            return
        self._is_database_down = False
        reads: dict[OrgId, _Read] = {}
        policies: dict[OrgId, DetectionPolicy] = {}
        for organization in organizations:
            org_id, row = OrgId(str(organization.id)), stored.get(organization.id)
            state = _NOBODY_CHANGED_IT if row is None else PolicyState(version=row.version, overrides=row.overrides)
            rows = suppressions.get(organization.id, ())
            read = _Read(
                plan=plan_of(organization, plans),
                stored=state,
                privacy=privacy.get(organization.id, PrivacyRules()),
                suppressions=tuple((row.id, row.expires_at, row.owner, row.reason) for row in rows),
            )
            reads[org_id] = read
            is_known = self._reads.get(org_id) == read
            policies[org_id] = self._policies[org_id] if is_known else _policy(organization, read, rows)
        self._reads, self._policies = reads, policies


def _suppressions_by_org() -> dict[uuid.UUID, list[Suppression]]:
    found: dict[uuid.UUID, list[Suppression]] = defaultdict(list)
    in_force = Suppression.objects.filter(ended_at__isnull=True, expires_at__gt=timezone.now() - KEPT_AFTER_EXPIRY)
    for suppression in in_force.order_by("created_at", "id"):
        found[suppression.org_id].append(suppression)
    return found


def _policy(organization: Organization, read: _Read, suppressions: Sequence[Suppression]) -> DetectionPolicy:
    fields, problems = usable(read.stored.overrides)
    if problems:
        # Their texts quote values, which can be personal data: names only.
        names = ", ".join(problem.setting for problem in problems)
        log.warning(
            "the stored policy of organisation %s does not fit this release in: %s; see `litesoc doctor`",
            organization.slug,
            names,
        )
    muted = fields.pop("muted_detectors", frozenset())
    return DetectionPolicy(
        **fields,
        version=read.stored.version,
        retention_days=read.plan.retention_days,
        privacy=read.privacy,
        muted_detectors=muted | detectors_left_out(read.plan),
        suppressions=tuple(map(as_pipeline_suppression, suppressions)),
    )
