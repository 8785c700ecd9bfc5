"""Removes organisations whose grace period is over, from everywhere: store, dead letters, state, control database.

Each step can be done again, and the organisation's own row goes last, in the transaction that records it: whatever ends the
process in between, the next round begins anew and finishes.
"""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta

import msgspec
from django.db import Error
from django.utils import timezone

from litesoc_server.database import fresh_connections
from litesoc_server.events.detection import DETECTION_DECODER
from litesoc_server.events.envelope import ENVELOPE_DECODER
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.deletion import due_for_removal, remove_rows
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.state.base import StateStore, StateUnavailable
from litesoc_server.store.base import EventWriter, StoreUnavailable
from litesoc_server.stream.base import DeadLetter, Stream
from litesoc_server.stream.subjects import Subject

log = logging.getLogger(__name__)

EVERY_S = 60.0
LETTERS_AT_ONCE = 1_000
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
        if timezone.now() < refused_at:
            return False
        backlogs = [self._stream.backlog(subject).oldest_ms for subject in Subject]
        return all(oldest_ms is None or oldest_ms > refused_at.timestamp() * 1000 for oldest_ms in backlogs)

    def _remove(self, org: Organization) -> None:
        org_id = OrgId(str(org.pk))
        self._store.remove_organization(org_id=org_id)
        letters = self._stream.dead_letters
        for some in self._dead_letters():
            letters.remove([letter.id for letter in some if _org_of(letter) == org_id])
        self._state.forget(org_id)
        remove_rows(org)
        log.info("organisation %s is removed", org_id)

    def _dead_letters(self) -> Iterator[list[DeadLetter]]:
        after: str | None = None
        while some := self._stream.dead_letters.list(LETTERS_AT_ONCE, after=after):
            yield some
            after = some[-1].id


def _org_of(letter: DeadLetter) -> OrgId | None:
    """Return whose message it was; None when it cannot be read, so that nobody knows."""
    try:
        match letter.subject:
            case Subject.RAW:
                return ENVELOPE_DECODER.decode(letter.payload).org_id
            case Subject.DETECTIONS:
                return DETECTION_DECODER.decode(letter.payload).org_id
    except msgspec.MsgspecError:
        return None
