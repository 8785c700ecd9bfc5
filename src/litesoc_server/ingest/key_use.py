"""When and from where each key was last used: kept in memory, written down now and then. A crash loses the last seconds."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol, TypeAlias

import msgspec

log = logging.getLogger(__name__)

WRITE_S = 10.0  # between two writes; what is shown is exact to the minute
MINUTE_MS = 60_000
KEYS_MAX = 50_000  # used between two writes and remembered; beyond that a use is not noted


class Use(msgspec.Struct, frozen=True, gc=False):
    """The last use of one key."""

    minute_ms: int  # start of the minute it fell into, Unix ms
    address: str | None  # the client's (personal data); None = not known


Uses: TypeAlias = Mapping[str, Use]  # by key id


class UsesUnavailable(Exception):
    """They cannot be written just now; the next time will do."""


class KeyUseSink(Protocol):
    """The control plane's side. Blocking; called from a worker thread."""

    def write(self, uses: Uses) -> None:
        """Keep ``uses`` where they are later than what is kept, in one statement. Raises UsesUnavailable."""
        ...


class KeyUse:
    """Notes uses from any thread. ``keep_written`` has to run somewhere."""

    def __init__(self, sink: KeyUseSink) -> None:
        self._sink = sink
        self._latest: dict[str, tuple[int, str | None]] = {}  # since the last write
        self._written: dict[str, Use] = {}

    def note(self, key_id: str, address: str | None, now_ms: int) -> None:
        """Remember a use. One assignment: this stands on the way of every event."""
        self._latest[key_id] = (now_ms, address)

    async def keep_written(self) -> None:
        """Write every WRITE_S seconds, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            await asyncio.to_thread(self.write)

    def write(self) -> None:
        """Write what is new since the last time: another minute or another address. Blocking; never raises."""
        latest, self._latest = self._latest, {}
        new: dict[str, Use] = {}
        for key_id, (at_ms, address) in list(latest.items())[:KEYS_MAX]:
            use = Use(at_ms - at_ms % MINUTE_MS, address)
            if self._written.get(key_id) != use:
                new[key_id] = use
        if not new:
            return
        try:
            self._sink.write(new)
        except UsesUnavailable as error:
            log.warning("when keys were last used cannot be noted just now: %s", error)
            return
        except Exception:  # the edge of a background task: a bug here must not stop it
            log.exception("when keys were last used cannot be noted")
            return
        self._written |= new
        while len(self._written) > KEYS_MAX:
            del self._written[next(iter(self._written))]
