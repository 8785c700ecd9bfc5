"""Erases actors from everywhere: store, state, alerts, settings, dead letters, audit log, and the disk.

Each step can be done again, and that it is done is noted after it: whatever ends the process in between, the next round goes
on. The actor's names are kept from the moment that the store told them until the last record is rid of them.
"""

import logging
import threading
from datetime import datetime, timedelta

import msgspec
from django.db import Error
from django.utils import timezone

from litesoc_server.database import fresh_connections, scrub_control_database
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.policy_changes import PolicyConflict
from litesoc_server.orgs.usage import counted_until_s
from litesoc_server.pipeline.state.base import StateStore, StateUnavailable
from litesoc_server.privacy.dead_letters import remove_from_dead_letters
from litesoc_server.privacy.erasures import finish_records, go_on_to, note_done, to_be_carried_out
from litesoc_server.privacy.find import held_of
from litesoc_server.privacy.models import Erasure, Step
from litesoc_server.privacy.removal import remove_from_control_database
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.remains import is_drained

log = logging.getLogger(__name__)

EVERY_S = 2.0
RETRY_S = 30.0  # after something did not answer: files are written anew whole, so not over and over
SKEW = timedelta(seconds=2)  # by which the clocks of the server and of the stream may differ
PATIENCE = timedelta(minutes=10)  # with the count for the quota; then the events go uncounted


class ActorEraser:
    """Looks for actors to erase until told to stop. For one thread; several processes may do the same work."""

    def __init__(self, *, store: EventStore, stream: Stream, state: StateStore) -> None:
        self._store = store
        self._stream = stream
        self._state = state
        self._old_parts: dict[object, set[str]] = {}  # of erasures that wait for the disk

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look over and over until ``stop`` is set."""
        wait_s = every_s
        while not stop.wait(wait_s):
            wait_s = every_s if self.run_once() else max(every_s, RETRY_S)

    def run_once(self) -> bool:
        """Do what can be done now. Returns whether all of it could be; what could not is tried again the next time."""
        try:
            with fresh_connections():
                went_on = [self._try(erasure) for erasure in to_be_carried_out()]
        except Error as error:
            log.warning("actors are erased later: %s", type(error).__name__)
            return False
        return all(went_on)

    def _try(self, erasure: Erasure) -> bool:
        try:
            self._go_on(erasure)
        except (StoreUnavailable, StreamUnavailable, StateUnavailable, PolicyConflict, Error) as error:
            log.warning("erasure %s goes on later: %s", erasure.pk, type(error).__name__)
            return False
        except Exception:  # a bug with one actor must not hold up the others, let alone end the process
            log.exception("erasure %s cannot go on", erasure.pk)
            return False
        return True

    def _go_on(self, erasure: Erasure) -> None:
        """Take the next steps, up to one that has to wait."""
        while True:
            before = erasure.step
            match Step(erasure.step):
                case Step.WAITING:
                    self._wait(erasure)
                case Step.COUNTING:
                    self._count(erasure)
                case Step.REMOVING:
                    self._remove(erasure)
                case Step.SETTLING:
                    self._settle(erasure)
                case Step.SCRUBBING:
                    self._scrub(erasure)
                case Step.DONE:
                    return
            erasure.refresh_from_db()
            if erasure.step == before:
                return

    def _wait(self, erasure: Erasure) -> None:
        """Let all from before be stored, with no message left that a start would deliver again; learn the names."""
        if not self._is_drained(erasure.asked_at):
            return
        self._stream.scrub()
        assert erasure.actor_id is not None
        names = self._store.actor_names(org_id=_org_id(erasure), actor_id=erasure.actor_id)
        held = held_of(erasure.org, names, reader=self._store, letters=self._stream.dead_letters)
        counts: dict[str, int] = {}
        for one in held:
            counts[one.place] = counts.get(one.place, 0) + one.count
        now_s = self._store.taken_span(since_s=int(timezone.now().timestamp())).now_s
        go_on_to(erasure, Step.COUNTING, names=msgspec.to_builtins(names), counts=counts, stored_until_s=now_s)

    def _count(self, erasure: Erasure) -> None:
        """Let the events be counted for the quota before they go (orgs.usage), which is done within about a minute."""
        assert erasure.stored_until_s is not None
        counted_s = counted_until_s()
        is_patient = timezone.now() < erasure.asked_at + PATIENCE
        if is_patient and counted_s <= erasure.stored_until_s:
            until_s = erasure.stored_until_s + 1
            if self._store.taken_by_key(from_s=counted_s, to_s=until_s, org_id=_org_id(erasure)):
                return
        go_on_to(erasure, Step.REMOVING)

    def _remove(self, erasure: Erasure) -> None:
        names = erasure.known_names
        self._store.remove_actor(org_id=_org_id(erasure), names=names)
        self._state.forget_actor(_org_id(erasure), names.mentions)
        go_on_to(erasure, Step.SETTLING, removed_at=timezone.now())

    def _settle(self, erasure: Erasure) -> None:
        """Once the detections that the state could still make are alerts, remove what the control database holds."""
        assert erasure.removed_at is not None
        if not self._is_drained(erasure.removed_at):
            return
        names = erasure.known_names
        remove_from_control_database(erasure.org, names)
        remove_from_dead_letters(self._stream.dead_letters, _org_id(erasure), names.mentions)
        finish_records(erasure)

    def _scrub(self, erasure: Erasure) -> None:
        """Have nothing left in files: what the store rewrote leaves by itself, the others are written anew."""
        now_there = self._store.old_parts()
        left = self._old_parts[erasure.pk] = self._old_parts.get(erasure.pk, now_there) & now_there
        if left:
            return
        self._stream.scrub()
        scrub_control_database()
        note_done(erasure)
        del self._old_parts[erasure.pk]
        log.info("erasure %s is done", erasure.pk)

    def _is_drained(self, asked_at: datetime) -> bool:
        moment = asked_at + SKEW
        return timezone.now() >= moment and is_drained(self._stream, moment.timestamp() * 1000)


def _org_id(erasure: Erasure) -> OrgId:
    return OrgId(str(erasure.org_id))
