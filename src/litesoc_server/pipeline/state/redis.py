"""The state of several processes, in Redis or Valkey.

Each key holds its entry as a blob: 8 bytes that name the write (its stamp), then the entry in msgpack, the very classes
that the memory backend uses. A batch of requests is carried out here, on copies that this process remembers, and then
exchanged in one round trip: for every key the script compares the stamp that the copy had. Where it is the same, the new
blob is stored; where it is not, the blob held there comes back and the requests of that key are carried out again, on
that. So no update is lost whoever else writes, a wrong copy costs one more round trip, and what only looks is checked as
well but never writes. docs/decisions/0018 has the figures.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, cast

import msgspec
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from litesoc_server import telemetry
from litesoc_server.events.ids import OrgId
from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.base import Answer, Request, StateLost, StateUnavailable
from litesoc_server.pipeline.state.entries import KINDS, Entry, decode, encode, without, wrong_primitive
from litesoc_server.pipeline.state.key_parts import is_named_by
from litesoc_server.pipeline.state.redis_scripts import BEGIN_REBUILD, END_REBUILD, EXCHANGE, REPLACE, Begin

FORMAT = 1  # of the blobs; a release that changes it finds no state and rebuilds it
PREFIX = f"litesoc:state:{FORMAT}:"
# Keys live for this long beyond what their windows need, so a pipeline that stood still for less goes on where it was.
STANDSTILL_MS = 3_600_000
REBUILD_LOCK_MS = 60_000  # each batch of a rebuild renews it; a worker that died holds up the others no longer

_TIMEOUT_S = 2.0  # for a connection, and for an answer
_STAMP_BYTES = 8
_KEYS_MAX = 1_000  # per script call: about 3 ms in which Redis answers nobody else
_BLOB_BYTES_MAX = 4_000_000  # the same for large blobs
_ATTEMPTS_MAX = 100  # of one batch, while others keep changing its keys; each time at least one of them gets on
_SCANNED_AT_ONCE = 1_000  # keys looked at per call, for whose time Redis answers nobody else
_COPIES_MAX = 100_000  # remembered by this process, about 1 KB each

_Copy: TypeAlias = tuple[bytes, Entry | None]  # the stamp of the blob, and what is in it; None: nothing that can be read
_Places: TypeAlias = dict[str, list[int]]  # key -> where its requests stand in the batch
_ABSENT = b""


class RedisState:
    """A StateStore for several processes; one thread of each may use it.

    Bounds: every key ends when it was idle for what its window needs and STANDSTILL_MS more; what one entry may hold is
    bounded as in memory. The number of keys is bounded by Redis's ``maxmemory`` with ``maxmemory-policy volatile-ttl``: when
    it is full the shortest windows go first. Without a reachable Redis every method raises StateUnavailable.
    """

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        # One retry: a connection that was idle may have been cut. An exchange that arrives twice is found out by its stamps.
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
        )
        self._exchange_script: Script = self._redis.register_script(EXCHANGE)
        self._begin_script: Script = self._redis.register_script(BEGIN_REBUILD)
        self._end_script: Script = self._redis.register_script(END_REBUILD)
        self._replace_script: Script = self._redis.register_script(REPLACE)
        self._prefix = prefix
        self._marker, self._lock = f"{prefix}used at", f"{prefix}rebuild"
        self._owner = os.urandom(_STAMP_BYTES)
        self._rebuild_owner = _ABSENT  # our name while we rebuild
        self._stamp = int.from_bytes(os.urandom(_STAMP_BYTES))
        self._copies = _Copies(_COPIES_MAX)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """See StateStore. Raises StateUnavailable; then some of the requests may have been carried out."""
        answers: list[Answer] = [None] * len(requests)
        pending: _Places = {}
        for place, request in enumerate(requests):
            places = pending.get(request.key)
            if places is None:
                pending[request.key] = [place]
            else:
                places.append(place)
        try:
            for _ in range(_ATTEMPTS_MAX):
                pending = self._attempt(pending, requests, answers)
                if not pending:
                    return answers
        except BaseException:
            self._copies.clear()  # they hold what Redis may not
            raise
        msg = f"{len(pending)} keys were changed by others {_ATTEMPTS_MAX} times in a row"
        raise StateUnavailable(msg)

    def forget(self, org_id: OrgId, *, only_test: bool = False) -> None:
        """See StateStore. Copies that this process has of them are of no use any more, and go as others come."""
        scope = f"{self._prefix}{org_id}|test|" if only_test else f"{self._prefix}{org_id}|"
        try:
            for name in self._redis.scan_iter(match=f"{scope}*", count=_SCANNED_AT_ONCE):
                self._redis.unlink(name)
        except RedisError as error:
            msg = f"Redis: {type(error).__name__}"
            raise StateUnavailable(msg) from error

    def forget_actor(self, org_id: OrgId, mentions: Mentions) -> None:
        """See StateStore. Whoever has copies of what changes finds out by the stamps."""
        try:
            for name in self._redis.scan_iter(match=f"{self._prefix}{org_id}|*", count=_SCANNED_AT_ONCE):
                self._forget_in(name, mentions)
        except RedisError as error:
            msg = f"Redis: {type(error).__name__}"
            raise StateUnavailable(msg) from error

    def _forget_in(self, name: bytes, mentions: Mentions) -> None:
        """Take out of one key what names somebody; again when another process changes it at the same time."""
        if is_named_by(name.decode("utf-8", "surrogatepass").removeprefix(self._prefix), mentions):
            self._redis.unlink(name)
            return
        while (blob := self._redis.get(name)) is not None:
            entry = _read(blob)
            left = None if entry is None else without(entry, mentions)
            if left is entry:
                return
            fresh = b"" if left is None else os.urandom(_STAMP_BYTES) + encode(left)
            if self._replace_script([name], [blob[:_STAMP_BYTES], fresh]):
                return

    @contextmanager
    def rebuilding(self) -> Generator[bool, None, None]:
        """Yield whether the state is lost (or was unused for too long) and this process is to rebuild it inside.

        Raises StateUnavailable, also when another process is at it.
        """
        stand = Begin(
            self._call(self._begin_script, [self._marker, self._lock], [self._owner, REBUILD_LOCK_MS, STANDSTILL_MS])
        )
        if stand is Begin.BY_ANOTHER:
            msg = "another worker rebuilds the state"
            raise StateUnavailable(msg)
        if stand is Begin.NOT_NEEDED:
            yield False
            return
        self._rebuild_owner, is_done = self._owner, 0
        try:
            yield True
            is_done = 1
        finally:
            self._rebuild_owner = _ABSENT
            with suppress(StateUnavailable):  # the lock ends by itself, and a marker that is missing is found out
                self._call(self._end_script, [self._marker, self._lock], [self._owner, is_done])

    def _attempt(self, pending: _Places, requests: Sequence[Request], answers: list[Answer]) -> _Places:
        """Carry out the requests of ``pending`` on our copies, exchange them, and return those whose copies were wrong."""
        self._stamp = (self._stamp + 1) % 2 ** (8 * _STAMP_BYTES)
        stamp = self._stamp.to_bytes(_STAMP_BYTES)
        wrong: _Places = {}
        keys: list[str] = []
        arguments: list[bytes | int] = []
        blob_bytes = 0
        for key, places in pending.items():
            expected, entry = self._copies.get(key) or (_ABSENT, None)
            entry, is_changed = _carry_out(entry, places, requests, answers)
            keys.append(key)
            if entry is not None and is_changed:
                blob = stamp + encode(entry)
                arguments += (expected, blob, entry.keep_ms + STANDSTILL_MS)
                self._copies.put(key, (stamp, entry))
                blob_bytes += len(blob)
            else:
                arguments += (expected, b"", 0)
            if len(keys) >= _KEYS_MAX or blob_bytes >= _BLOB_BYTES_MAX:
                self._exchange(keys, arguments, pending, wrong)
                keys, arguments, blob_bytes = [], [], 0
        if keys:
            self._exchange(keys, arguments, pending, wrong)
        return wrong

    def _exchange(self, keys: list[str], arguments: list[bytes | int], pending: _Places, wrong: _Places) -> None:
        """Store what changed; learn the truth about keys of which our copies were wrong, and add those to ``wrong``."""
        guard = self._lock if self._rebuild_owner else self._marker
        prefix = self._prefix
        names = [guard, *[prefix + key for key in keys]]
        found = self._call(self._exchange_script, names, [self._rebuild_owner, REBUILD_LOCK_MS, *arguments])
        if found is None:
            msg = "the state in Redis is gone, or another worker rebuilds it"
            raise StateLost(msg)
        for at in range(0, len(found), 2):
            key, blob = keys[found[at]], cast("bytes | None", found[at + 1])
            wrong[key] = pending[key]
            if blob is None:
                self._copies.drop(key)
            else:
                self._copies.put(key, (blob[:_STAMP_BYTES], _read(blob)))

    def _call(self, script: Script, keys: list[str], arguments: list[bytes | int]) -> Any:  # noqa: ANN401 # by script
        try:
            return script(keys, arguments)
        except RedisError as error:
            msg = f"Redis: {type(error).__name__}"
            raise StateUnavailable(msg) from error


def _read(blob: bytes) -> Entry | None:
    """Return the entry in a blob. What is none (another program's, another release's, cut short) counts as nothing known.

    The next change then takes its place: what is lost is one key's memory, and no event.
    """
    try:
        return decode(memoryview(blob)[_STAMP_BYTES:])
    except msgspec.MsgspecError:
        telemetry.STATE_UNREADABLE.inc()
        return None


def _carry_out(
    entry: Entry | None, places: list[int], requests: Sequence[Request], answers: list[Answer]
) -> tuple[Entry | None, bool]:
    """Carry out the requests of one key on its entry; return it, or the one they made, and whether it is to be stored."""
    is_changed = False
    for place in places:
        request = requests[place]
        entry_type, make, carry_out, nothing, _ = KINDS[type(request)]
        if entry is None:
            if request.is_read_only:
                answers[place] = nothing
                continue
            entry = make(request)
        elif type(entry) is not entry_type:
            answers[place] = wrong_primitive(request)
            continue
        answers[place] = carry_out(entry, request)
        is_changed = is_changed or not request.is_read_only
    return entry, is_changed


class _Copies:
    """Copies of entries, the more recently used half of them at least: two dictionaries that change places."""

    def __init__(self, count_max: int) -> None:
        self._half_max = count_max // 2
        self._young: dict[str, _Copy] = {}
        self._old: dict[str, _Copy] = {}

    def get(self, key: str) -> _Copy | None:
        copy = self._young.get(key)
        if copy is None:
            copy = self._old.get(key)
            if copy is not None:
                self.put(key, copy)
        return copy

    def put(self, key: str, copy: _Copy) -> None:
        young = self._young
        young[key] = copy
        if len(young) > self._half_max:
            self._old, self._young = young, {}

    def drop(self, key: str) -> None:
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self._young, self._old = {}, {}
