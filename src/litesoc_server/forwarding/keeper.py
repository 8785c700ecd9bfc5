"""Keeps forwarders going: looks who is due, and gives each a turn in a thread.

Each forwarder is served by one thread at a time, so that a slow one delays no other. Those that fail have a small pool of
their own: however many of them let a request hang until its time is up, those that work never wait for them. Those that hang
for the first time are waited for in a pool with far more threads than may work at the same time.
"""

import logging
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.db import Error
from django.db.models import Q

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.forwarding.turn import MAY_SEND, Turn
from litesoc_server.store.base import EventReader, StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 5.0  # each look writes who looks, and when there was nothing more
READING_MAX = 8  # forwarders that read from the store at the same time; the rest of a turn is waiting for the other side
WORKING_THREADS, FAILING_THREADS = 64, 8  # made as they are needed; a batch of 500 ordinary events takes 1.5 MB


class ForwardingKeeper:
    """Forwards until told to stop."""

    def __init__(self, *, reader: EventReader, clock: Clock, policy: EgressPolicy) -> None:
        self._reader = reader
        self._clock = clock
        self._policy = policy
        self._stop = threading.Event()
        self._busy: set[uuid.UUID] = set()  # forwarders that wait for a thread or have one
        self._lock = threading.Lock()
        self._reading = threading.Semaphore(READING_MAX)
        self._is_away = False

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Look for what is to be sent over and over, until ``stop`` is set."""
        self._stop = stop
        with (
            ThreadPoolExecutor(WORKING_THREADS, thread_name_prefix="forwarding") as working,
            ThreadPoolExecutor(FAILING_THREADS, thread_name_prefix="forwarding-failing") as failing,
        ):
            while not stop.wait(every_s):
                for forwarder_id, is_failing in self.due():
                    with self._lock:
                        if forwarder_id in self._busy:
                            continue
                        self._busy.add(forwarder_id)
                    (failing if is_failing else working).submit(self._serve, forwarder_id)

    def run_once(self) -> None:
        """Serve every forwarder that is due, one after the other."""
        for forwarder_id, _ in self.due():
            self._serve(forwarder_id)

    def due(self) -> Sequence[tuple[uuid.UUID, bool]]:
        """Return the forwarders to look after now, with whether they fail.

        A database that does not answer is asked again the next time.
        """
        now = self._now()
        may_be_tried = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
        try:
            with fresh_connections():
                active = Forwarder.objects.filter(
                    may_be_tried, MAY_SEND, org__is_suspended=False, org__deletion_asked_at__isnull=True
                )
                found = list(active.order_by("last_sent_at").values_list("id", "failing_since"))
        except Error as error:
            if not self._is_away:
                log.warning("events are forwarded later: %s", type(error).__name__)
            self._is_away = True
            return []
        self._is_away = False
        return [(forwarder_id, since is not None) for forwarder_id, since in found]

    def _serve(self, forwarder_id: uuid.UUID) -> None:
        turn = Turn(
            forwarder_id,
            reader=self._reader,
            reading=self._reading,
            policy=self._policy,
            now=self._now,
            is_stopping=self._stop.is_set,
        )
        try:
            with fresh_connections():
                turn.take()
        except (StoreUnavailable, Error) as error:
            log.warning("forwarder %s is served later: %s", forwarder_id, type(error).__name__)
        except Exception:  # the edge of a thread: a bug in one forwarder's data must not end the others
            log.exception("forwarder %s could not be served", forwarder_id)
        finally:
            with self._lock:
                self._busy.discard(forwarder_id)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
