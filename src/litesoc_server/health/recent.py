"""Keeps what was found wrong for a few minutes: each look reads the events of up to 28 days."""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass

from litesoc_server.clock import Clock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice
from litesoc_server.health.look import look_at_senders
from litesoc_server.pipeline.policy import MINUTE_MS
from litesoc_server.store.base import EventReader, StoreUnavailable

WAIT_MAX_S = 3.0  # each who waits takes one of the places that the API has for all organisations
KEPT_MS = 5 * MINUTE_MS  # what is judged are days of events: minutes change nothing
KEPT_MAX = 1_024  # organisations and environments; a few kB each


@dataclass(frozen=True)
class Look:
    """What was wrong when somebody looked."""

    at_ms: int  # Unix ms
    notices: tuple[Notice, ...]


@dataclass
class _Sight:
    """The last look at one organisation's senders, and the one that somebody is taking."""

    look: Look | None = None
    pending: Future[Look] | None = None

    def recent_look(self, now_ms: int) -> Look | None:
        """Return the last look if it is recent enough. One of later than ``now_ms`` is not: the clock was set back."""
        return self.look if self.look is not None and 0 <= now_ms - self.look.at_ms < KEPT_MS else None


class RecentLooks:
    """Looks at the senders of an organisation and environment at most every KEPT_MS. Safe for any thread.

    Who asks while somebody looks waits for what that one finds, up to WAIT_MAX_S, and shares a failure, too: a slow or
    failing store is asked once for all of them. A failure is not kept: who asks after it looks anew.
    """

    def __init__(self, reader: EventReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._lock = threading.Lock()  # never held while the store is asked
        self._sights: OrderedDict[tuple[OrgId, Environment], _Sight] = OrderedDict()  # who asked last stands last

    def of(self, *, org_id: OrgId, environment: Environment) -> Look:
        """Return a look of within the last KEPT_MS. Raises StoreUnavailable, also when another's look takes too long."""
        with self._lock:
            now_ms = self._clock.now_ms()
            sight = self._sight(org_id, environment)
            if (look := sight.recent_look(now_ms)) is not None:
                return look
            is_first = sight.pending is None
            pending = sight.pending = sight.pending or Future[Look]()
        if is_first:
            self._look(sight, pending, org_id, environment, now_ms)
        return _result_of(pending)

    def _sight(self, org_id: OrgId, environment: Environment) -> _Sight:
        key = (org_id, environment)
        sight = self._sights.setdefault(key, _Sight())
        self._sights.move_to_end(key)
        if len(self._sights) > KEPT_MAX:
            self._sights.popitem(last=False)
        return sight

    def _look(self, sight: _Sight, pending: Future[Look], org_id: OrgId, environment: Environment, now_ms: int) -> None:
        """Take a look and tell all who wait for it what came of it."""
        look = None
        try:
            look = Look(now_ms, look_at_senders(self._reader, org_id=org_id, environment=environment, now_ms=now_ms))
            pending.set_result(look)
        except BaseException as error:  # noqa: BLE001 # whatever it is: they must not wait for nothing
            pending.set_exception(error)
        with self._lock:
            sight.look, sight.pending = look, None


def _result_of(pending: Future[Look]) -> Look:
    try:
        return pending.result(timeout=WAIT_MAX_S)
    except TimeoutError as error:
        msg = f"the event store has not answered the same question within {WAIT_MAX_S:g} s"
        raise StoreUnavailable(msg) from error
