"""Delivers what is due: the only place that sends, but for the test button and the command line.

One thread looks for channels with something due and hands each to a pool: there a channel's deliveries go out one after the
other. Channels that fail, or whose other side is slow to answer, have a small pool of their own, so that however many of
them let a request hang until its time is up, those that work never wait for them.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.db import Error

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.notify import lease
from litesoc_server.notify.attempt import attempt
from litesoc_server.notify.due import due_channels, next_due
from litesoc_server.notify.sum_up import sum_up_if_many
from litesoc_server.notify.wake import wait_to_be_woken, wake

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # for what another process put into the outbox, and for what is due again
RETRY_S = 2.0  # while the database is away
WORKING_THREADS, FAILING_THREADS = 12, 4
SLOW_S = 3.0  # an attempt that takes longer ends the channel's turn: the vendors' own endpoints answer within one
SLOW_MAX = 10_000  # channels remembered as slow
AT_ONCE = 50  # deliveries through one channel before others have their turn


class Deliverer:
    """Delivers until told to stop. Its threads end with the process."""

    def __init__(self, *, clock: Clock, is_alone: bool = False) -> None:
        """``is_alone``: no other process delivers, so that nothing has to be leased: three writes less for each alert."""
        self._clock = clock
        self._is_alone = is_alone
        self._working = ThreadPoolExecutor(WORKING_THREADS, thread_name_prefix="deliver")
        self._failing = ThreadPoolExecutor(FAILING_THREADS, thread_name_prefix="deliver-failing")
        self._busy: set[uuid.UUID] = set()  # channels that wait for a thread or have one
        self._slow: dict[uuid.UUID, None] = {}  # channels whose last attempt took long, in the order of becoming so
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set. What is being sent then is written down if it comes to an end in time."""
        is_away = False
        while not stop.is_set():
            wait_to_be_woken(LOOK_EVERY_S)
            try:
                self.look()
                is_away = False
            except Error as error:
                if not is_away:
                    log.warning("deliveries wait, the control database does not answer: %s", type(error).__name__)
                is_away = True
                stop.wait(RETRY_S)
        self.close()

    def look(self) -> None:
        """Hand every channel with something due to a thread, unless it has one. Raises django.db.Error."""
        with fresh_connections():
            found = due_channels(self._now(), is_alone=self._is_alone)
        for channel_id, is_failing in found:
            with self._lock:
                if channel_id in self._busy:
                    continue
                self._busy.add(channel_id)
                is_trouble = is_failing or channel_id in self._slow
            (self._failing if is_trouble else self._working).submit(self._drain_guarded, channel_id)

    def close(self) -> None:
        """Begin nothing more, and wait for nothing: whatever is under way is due again after its lease."""
        self._stop.set()
        self._working.shutdown(wait=False, cancel_futures=True)
        self._failing.shutdown(wait=False, cancel_futures=True)

    def drain(self, channel_id: uuid.UUID) -> int:
        """Deliver what is due through one channel, if nobody else does; return how many attempts that took.

        Raises django.db.Error.
        """
        if self._is_alone:
            return self._deliver_all(channel_id, lambda: True)
        held = lease.take(channel_id, self._now())
        if held is None:
            return 0
        try:
            return self._deliver_all(channel_id, lambda: held.renew(self._now()))
        finally:
            held.give_back()

    def _deliver_all(self, channel_id: uuid.UUID, may_go_on: Callable[[], bool]) -> int:
        attempts = 0
        sum_up_if_many(channel_id, self._now())
        while attempts < AT_ONCE and not self._stop.is_set():
            delivery = next_due(channel_id, self._now())
            if delivery is None or not may_go_on():
                break
            began_s = time.monotonic()
            attempt(delivery, self._now())
            attempts += 1
            if self._note_pace(channel_id, is_slow=time.monotonic() - began_s > SLOW_S):
                break
        return attempts

    def _note_pace(self, channel_id: uuid.UUID, *, is_slow: bool) -> bool:
        """Remember whether a channel is slow; return it."""
        with self._lock:
            self._slow.pop(channel_id, None)
            if is_slow:
                self._slow[channel_id] = None
                if len(self._slow) > SLOW_MAX:
                    del self._slow[next(iter(self._slow))]
        return is_slow

    def _drain_guarded(self, channel_id: uuid.UUID) -> None:
        attempts = 0
        try:
            with fresh_connections():
                attempts = self.drain(channel_id)
        except Error as error:
            log.warning("deliveries of channel %s wait for the control database: %s", channel_id, type(error).__name__)
        except Exception:  # the edge of a thread: one channel's trouble is not the others'
            log.exception("deliveries of channel %s broke off", channel_id)
        finally:
            with self._lock:
                self._busy.discard(channel_id)
            if attempts:  # something may have been put into the outbox between the last look and the end
                wake()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC)
