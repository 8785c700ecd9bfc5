"""Keeps what was found wrong for a few minutes: each look reads the events of up to 28 days."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from litesoc_server.clock import Clock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice
from litesoc_server.health.look import look_at_senders
from litesoc_server.pipeline.policy import MINUTE_MS
from litesoc_server.store.base import EventReader

KEPT_MS = 5 * MINUTE_MS  # what is judged are days of events: minutes change nothing
KEPT_MAX = 1_024  # organisations and environments; a few kB each


@dataclass(frozen=True)
class Look:
    """What was wrong when somebody looked."""

    at_ms: int  # Unix ms
    notices: tuple[Notice, ...]


@dataclass
class _Sight:
    """The last look at one organisation's senders, and the right to take the next one."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    look: Look | None = None


class RecentLooks:
    """Looks at the senders of an organisation and environment at most every KEPT_MS. Safe for any thread.

    Who asks while somebody looks waits for what that one finds.
    """

    def __init__(self, reader: EventReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._lock = threading.Lock()
        self._sights: OrderedDict[tuple[OrgId, Environment], _Sight] = OrderedDict()  # who asked last stands last

    def of(self, *, org_id: OrgId, environment: Environment) -> Look:
        """Return a look of within the last KEPT_MS. Raises StoreUnavailable, which is not kept."""
        sight = self._sight(org_id, environment)
        with sight.lock:
            now_ms = self._clock.now_ms()
            look = sight.look
            if look is None or not 0 <= now_ms - look.at_ms < KEPT_MS:  # below 0: the clock was set back
                found = look_at_senders(self._reader, org_id=org_id, environment=environment, now_ms=now_ms)
                look = sight.look = Look(now_ms, found)
            return look

    def _sight(self, org_id: OrgId, environment: Environment) -> _Sight:
        key = (org_id, environment)
        with self._lock:
            sight = self._sights.setdefault(key, _Sight())
            self._sights.move_to_end(key)
            if len(self._sights) > KEPT_MAX:
                self._sights.popitem(last=False)
            return sight
