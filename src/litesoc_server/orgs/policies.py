"""Detection policies per organisation, for the pipeline: always an answer at once, refreshed behind its back."""

import logging
import threading
from collections.abc import Mapping

from django.db import Error

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plans import plan_of
from litesoc_server.pipeline.policy import DetectionPolicy

log = logging.getLogger(__name__)

FRESH_MS = 5_000  # a change is in force after this time


class OrgPolicyProvider:
    """Knows every organisation's policy; implements pipeline.policy.PolicyProvider.

    The policies are read in a thread of their own when an answer is older than FRESH_MS, so the pipeline never waits for the
    database. While that is down, the last known ones hold. An organisation that is not known yet gets the defaults.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._default = DetectionPolicy()
        self._policies: Mapping[OrgId, DetectionPolicy] = {}
        self._read_at_ms: int | None = None
        self._reading = threading.Lock()
        self.refresh()

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        """Return the policy in force. Never blocks and never raises."""
        is_stale = self._read_at_ms is None or self._clock.now_ms() - self._read_at_ms >= FRESH_MS
        if is_stale and self._reading.acquire(blocking=False):
            # Counted from the attempt: a database that is down is not asked more often than one that answers.
            self._read_at_ms = self._clock.now_ms()
            threading.Thread(target=self._refresh_and_release, name="policies", daemon=True).start()
        return self._policies.get(org_id, self._default)

    def refresh(self) -> None:
        """Read all policies now. Blocks; a database in trouble is logged and changes nothing."""
        try:
            with fresh_connections():
                organizations = list(Organization.objects.all())
        except Error as error:
            log.warning("policies stay as they are, the control database does not answer: %s", type(error).__name__)
            return
        self._policies = {
            OrgId(str(organization.id)): DetectionPolicy(retention_days=plan_of(organization).retention_days)
            for organization in organizations
        }
        self._read_at_ms = self._clock.now_ms()

    def _refresh_and_release(self) -> None:
        try:
            self.refresh()
        finally:
            self._reading.release()
