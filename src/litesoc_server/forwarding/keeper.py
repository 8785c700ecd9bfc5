"""Keeps forwarders going: reads what each has to send, sends it, and remembers how far it has come.

Before a batch is sent its end is written down, and after it was taken the place moves there: so what a crash interrupts is
sent again under the same batch id, and nothing is passed over. Each forwarder is served by one thread at a time, so that a
slow one delays no other.
"""

import logging
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import Error
from django.db.models import F, Q, QuerySet

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.batches import Position, next_position, position_of, read_batch
from litesoc_server.forwarding.forwarder_settings import read_settings
from litesoc_server.forwarding.kinds import KINDS, SendFailed
from litesoc_server.forwarding.models import ERROR_LENGTH_MAX, Forwarder
from litesoc_server.store.base import EventReader, StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 5.0  # each look writes who looks, and when there was nothing more
THREADS = 16  # as many forwarders are served at the same time; a dead one holds its thread for kinds.WITHIN_S
LEASE = timedelta(minutes=2)  # longer than a batch takes; a worker that died is succeeded after it
BATCHES_PER_TURN = 25
RETRY_FIRST_S, RETRY_MAX_S = 2.0, 300.0
_JITTER = 0.2  # of the pause, so that forwarders to one receiver do not come back all at once
_DECODER = msgspec.json.Decoder(Position)


class ForwardingKeeper:
    """Forwards until told to stop."""

    def __init__(self, *, reader: EventReader, clock: Clock, policy: EgressPolicy) -> None:
        self._reader = reader
        self._clock = clock
        self._policy = policy
        self._stop = threading.Event()
        self._busy: set[uuid.UUID] = set()
        self._lock = threading.Lock()
        self._is_away = False

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look for what is to be sent over and over, until ``stop`` is set."""
        self._stop = stop
        with ThreadPoolExecutor(THREADS, thread_name_prefix="forwarding") as pool:
            while not stop.wait(every_s):
                for forwarder_id in self.due():
                    with self._lock:
                        if forwarder_id in self._busy:
                            continue
                        self._busy.add(forwarder_id)
                    pool.submit(self._serve, forwarder_id)

    def run_once(self) -> None:
        """Serve every forwarder that is due, one after the other."""
        for forwarder_id in self.due():
            self._serve(forwarder_id)

    def due(self) -> list[uuid.UUID]:
        """Return the forwarders to look after now. A database that does not answer is asked again the next time."""
        now = self._now()
        may_be_tried = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
        try:
            with fresh_connections():
                active = Forwarder.objects.filter(
                    may_be_tried, is_paused=False, org__is_suspended=False, org__deletion_asked_at__isnull=True
                )
                found = list(active.order_by("last_sent_at").values_list("id", flat=True))
        except Error as error:
            if not self._is_away:
                log.warning("events are forwarded later: %s", type(error).__name__)
            self._is_away = True
            return []
        self._is_away = False
        return found

    def _serve(self, forwarder_id: uuid.UUID) -> None:
        try:
            with fresh_connections():
                self._serve_leased(forwarder_id)
        except (StoreUnavailable, Error) as error:
            log.warning("forwarder %s is served later: %s", forwarder_id, type(error).__name__)
        except Exception:  # the edge of a thread: a bug in one forwarder's data must not end the others
            log.exception("forwarder %s could not be served", forwarder_id)
        finally:
            with self._lock:
                self._busy.discard(forwarder_id)

    def _serve_leased(self, forwarder_id: uuid.UUID) -> None:
        """Send batch after batch while there are some, this worker being the only one that does."""
        lease_id = uuid.uuid4()
        mine = Forwarder.objects.filter(pk=forwarder_id, lease_id=lease_id)
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=self._now())
        if not Forwarder.objects.filter(free, pk=forwarder_id).update(lease_id=lease_id, leased_until=self._now() + LEASE):
            return
        try:
            for _ in range(BATCHES_PER_TURN):
                forwarder = mine.select_related("org").filter(is_paused=False).first()
                if forwarder is None or self._stop.is_set() or not self._send_next(forwarder, lease_id):
                    return
                mine.update(leased_until=self._now() + LEASE)
        finally:
            mine.update(lease_id=None, leased_until=None)

    def _send_next(self, forwarder: Forwarder, lease_id: uuid.UUID) -> bool:
        """Send one batch and return whether to go on."""
        mine = Forwarder.objects.filter(pk=forwarder.pk, lease_id=lease_id)
        here = position_of(forwarder)
        end = _DECODER.decode(forwarder.pending_end) if forwarder.pending_end else None
        if end is None:
            end = next_position(forwarder, self._reader, self._now())
            if end == here:
                _note_success(mine, here, sent_count=0, now=self._now(), caught_up=True)
                return False
            mine.update(pending_end=msgspec.json.encode(end).decode())
        batch = read_batch(forwarder, self._reader, end)
        if batch.records:
            try:
                KINDS[forwarder.kind].send(batch, read_settings(forwarder), self._policy)
            except (SendFailed, SecretUnreadable, KeysUnusable) as error:
                self._note_failure(mine, forwarder, _words(error))
                return False
        return _note_success(mine, end, sent_count=len(batch.records), now=self._now(), caught_up=False)

    def _note_failure(self, mine: QuerySet[Forwarder], forwarder: Forwarder, reason: str) -> None:
        now = self._now()
        mine.update(
            failures_count=F("failures_count") + 1,
            failing_since=forwarder.failing_since or now,
            last_error=reason[:ERROR_LENGTH_MAX],
            last_error_at=now,
            retry_at=now + timedelta(seconds=pause_s(forwarder.failures_count)),
        )
        if forwarder.failing_since is None:
            log.warning("forwarder %s does not get through: it is tried again", forwarder.pk)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)


def pause_s(failures_count: int) -> float:
    """Return how long to wait after that many failures before this one: doubled each time up to RETRY_MAX_S, with jitter."""
    pause = min(RETRY_FIRST_S * float(1 << min(failures_count, 10)), RETRY_MAX_S)
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 # no secret


def _note_success(mine: QuerySet[Forwarder], end: Position, *, sent_count: int, now: datetime, caught_up: bool) -> bool:
    """Move a forwarder's place to ``end``; return False when somebody else serves it by now."""
    changes: dict[str, object] = {
        "event_taken_s": end.taken_s,
        "event_id": end.event_id,
        "detection_row": end.detection_row,
        "transition_row": end.transition_row,
        "pending_end": "",
    }
    if sent_count:
        changes |= {"sent_count": F("sent_count") + sent_count, "last_sent_at": now}
        changes |= {"failures_count": 0, "failing_since": None, "retry_at": None}
    if caught_up:
        changes["caught_up_at"] = now
    return bool(mine.update(**changes))


def _words(error: Exception) -> str:
    if isinstance(error, SendFailed):
        return str(error)
    return "the settings cannot be decrypted: enter them again"
