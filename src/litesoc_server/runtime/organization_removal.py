"""Removes organisations whose grace period is over, from everywhere: store, dead letters, state, control database.

Each step can be done again, and the organisation's own row goes last, in the transaction that records it: whatever ends the
process in between, the next round begins anew and finishes.
"""

import logging
import threading
from datetime import timedelta

from django.db import Error
from django.utils import timezone

from litesoc_server.database import fresh_connections
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.deletion import due_for_removal, remove_rows
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.state.base import StateStore, StateUnavailable
from litesoc_server.store.base import EventWriter, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.remains import is_drained, remove_dead_letters

log = logging.getLogger(__name__)

EVERY_S = 60.0
# Keys are refused within 5 s of the moment that deletion was asked for, by clocks that may differ a little.
REFUSED_AFTER = timedelta(seconds=30)


class OrganizationRemover:
    """Looks for organisations to remove until told to stop. For one thread; several processes may do the same work."""

    def __init__(self, *, store: EventWriter, stream: Stream, state: StateStore) -> None:
        self._store = store
        self._stream = stream
        self._state = state

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look over and over until ``stop`` is set."""
        while not stop.wait(every_s):
            self.run_once()

    def run_once(self) -> None:
        """Remove what is due now. What does not answer is tried again the next time."""
        try:
            with fresh_connections():
                for org in due_for_removal(timezone.now()):
                    if self._is_drained(org):
                        self._remove(org)
        except (StoreUnavailable, StreamUnavailable, StateUnavailable, Error) as error:
            log.warning("an organisation is removed later: %s", type(error).__name__)

    def _is_drained(self, org: Organization) -> bool:
        """Return whether all events that its keys could send are out of the stream, and so removed with the rest."""
        if org.deletion_asked_at is None:
            return False
        refused_at = org.deletion_asked_at + REFUSED_AFTER
        return timezone.now() >= refused_at and is_drained(self._stream, refused_at.timestamp() * 1000)

    def _remove(self, org: Organization) -> None:
        org_id = OrgId(str(org.pk))
        self._stream.scrub()  # or the next start would deliver again, and store, what was acknowledged a moment ago
        self._store.remove_organization(org_id=org_id)
        remove_dead_letters(self._stream.dead_letters, org_id=org_id)
        self._state.forget(org_id)
        remove_rows(org)
        log.info("organisation %s is removed", org_id)
