"""Empties test environments: store, dead letters, state, alerts and servers, until nothing is left.

Each step can be done again, and that it is done is noted last: whatever ends the process in between, the next round begins
anew and finishes. Events go only once they are counted for the quota (orgs.usage), within about a minute of their arrival.
"""

import logging
import threading
from datetime import timedelta

from django.db import Error
from django.utils import timezone

from litesoc_server.alerts.emptying import delete_alerts_of
from litesoc_server.database import fresh_connections
from litesoc_server.events.envelope import Environment
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.emptying import note_emptied, to_be_emptied
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.usage import counted_until_s
from litesoc_server.pipeline.state.base import StateStore, StateUnavailable
from litesoc_server.servers.change_server import forget_servers
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.remains import is_drained, remove_dead_letters

log = logging.getLogger(__name__)

EVERY_S = 5.0
# How long it waits for a minute in which nothing new comes. Then it goes ahead, and what came in the last minute stays in
# lists without being in the sums.
PATIENCE = timedelta(minutes=10)


class EnvironmentEmptier:
    """Looks for test environments to empty until told to stop. For one thread; several processes may do the same work."""

    def __init__(self, *, store: EventStore, stream: Stream, state: StateStore) -> None:
        self._store = store
        self._stream = stream
        self._state = state

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look over and over until ``stop`` is set."""
        while not stop.wait(every_s):
            self.run_once()

    def run_once(self) -> None:
        """Empty what can be emptied now. What does not answer is tried again the next time."""
        try:
            with fresh_connections():
                for org in to_be_emptied():
                    self._empty(org)
        except (StoreUnavailable, StreamUnavailable, StateUnavailable, Error) as error:
            log.warning("a test environment is emptied later: %s", type(error).__name__)

    def _empty(self, org: Organization) -> None:
        if org.emptying_asked_at is None or not is_drained(self._stream, org.emptying_asked_at.timestamp() * 1000):
            return
        org_id, counted_s = OrgId(str(org.pk)), counted_until_s()
        is_patient = timezone.now() < org.emptying_asked_at + PATIENCE
        if is_patient and self._has_uncounted(org_id, counted_s):
            return
        self._stream.scrub()  # or the next start would deliver again, and store, what was acknowledged a moment ago
        self._store.remove_environment(org_id=org_id, environment=Environment.TEST, taken_before_s=counted_s)
        remove_dead_letters(self._stream.dead_letters, org_id=org_id, environment=Environment.TEST)
        self._state.forget(org_id, only_test=True)
        delete_alerts_of(org, Environment.TEST)
        forget_servers(org, Environment.TEST)
        note_emptied(org)
        log.info("the test environment of organisation %s is empty", org_id)

    def _has_uncounted(self, org_id: OrgId, counted_s: int) -> bool:
        now_s = self._store.taken_span(since_s=counted_s).now_s
        taken = self._store.taken_by_key(from_s=counted_s, to_s=now_s + 1, org_id=org_id)
        return any(one.environment is Environment.TEST for one in taken)
