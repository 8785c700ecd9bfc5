"""Holds every organisation to its retention: rows of the event store, alerts, and keys that nothing names any more."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from django.db import Error

from litesoc_server.alerts.expiry import delete_expired
from litesoc_server.apikeys.purge_keys import KEPT_DAYS_MIN, purge_ended_keys
from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.events.ids import OrgId
from litesoc_server.forwarding.changes import delete_removed_forwarders
from litesoc_server.notify.channel_changes import delete_removed_channels
from litesoc_server.notify.expiry import delete_old_deliveries
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.pipeline.policy import HOUR_MS
from litesoc_server.store.base import EventStore, StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 10.0  # a shorter retention begins to be carried out within this
LOOKED_AGAIN_MS = 6 * HOUR_MS  # rows written meanwhile by a worker that had not heard of it yet


class RetentionKeeper:
    """Carries retentions out until told to stop. For one thread.

    What was begun before a crash is gone on with: at its start it looks at every organisation.
    """

    def __init__(self, *, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._carried_out: dict[OrgId, tuple[int, int]] = {}  # days, and when, Unix ms
        self._cleaned_ms = 0  # the delivery log of channels, Unix ms
        self._is_away = False

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look over and over until ``stop`` is set."""
        while not stop.wait(every_s):
            self.run_once()

    def run_once(self) -> None:
        """Look at every organisation now. What does not answer is logged, once, and looked at again the next time."""
        try:
            with fresh_connections():
                plans = plans_in_force()
                for org in Organization.objects.all():
                    self._hold(org, plan_of(org, plans).retention_days)
                self._clean_up()
        except (StoreUnavailable, Error) as error:
            if not self._is_away:
                log.warning("retention is carried out later: %s", type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False

    def _clean_up(self) -> None:
        now_ms = self._clock.now_ms()
        if now_ms - self._cleaned_ms >= HOUR_MS:
            now = datetime.fromtimestamp(now_ms / 1000, UTC)
            delete_removed_forwarders(now)
            delete_removed_channels(now)
            deleted = delete_old_deliveries(now)
            if deleted:
                log.info("forgot %d deliveries of channels that are older than the log is kept", deleted)
            self._cleaned_ms = now_ms

    def _hold(self, org: Organization, days: int) -> None:
        org_id, now_ms = OrgId(str(org.id)), self._clock.now_ms()
        before_days, at_ms = self._carried_out.get(org_id, (0, 0))
        if before_days == days and now_ms - at_ms < LOOKED_AGAIN_MS:
            return
        rows = self._store.shorten_expiry(org_id=org_id, days=days)
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        alerts = delete_expired(org, before=now - timedelta(days=days))
        keys = purge_ended_keys(org, ended_before=now - timedelta(days=max(days, KEPT_DAYS_MIN)))
        if rows or alerts:
            log.info("retention is carried out, %d days: %d rows of events and sums, %d alerts", days, rows, alerts)
        if keys:
            log.info("forgot %d keys that ended more than %d days ago", keys, max(days, KEPT_DAYS_MIN))
        self._carried_out[org_id] = (days, now_ms)
