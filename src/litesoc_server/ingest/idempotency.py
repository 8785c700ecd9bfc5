"""The Idempotency-Key header: the same key and body give the same answer for 24 hours and store nothing twice.

A claim is durable before the events are appended and carries the ids and the time they get. A retry that finds the claim of
a request that died appends the same ids again, marked as a repeat, and the pipeline drops what the store holds already.
"""

import asyncio
import hashlib
import logging
import string
import zlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode, Refused, unavailable

log = logging.getLogger(__name__)

KEPT_MS = 86_400_000
OWNER_BYTES = 8
_PACKED_ABOVE_BYTES, _PACKING_LEVEL = 512, 1
_PACKED_PREFIX = b"\x78\x01"  # RFC 1950 section 2.2, of that level
KEY_LENGTH_MAX = 255  # characters
_KEY_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation + " ")


class IdempotencyUnavailable(Exception):
    """Claims cannot be read or written: the request gets 503, because its sender asked for a guarantee."""


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """One request's claim to its key. New fields go to the end and have defaults."""

    body_hash: bytes  # of path and body, see hash_request
    event_id_base: bytes  # 16 bytes, see events.ids
    received_at_ms: int  # Unix ms; also the start of the 24 hours
    status: int = 0  # HTTP status of the answer; 0 while there is none
    answer: bytes = b""  # body of the answer, see packed_answer
    owner: bytes = b""  # whose it is, see owner_of: so that one organisation does not take the room of all

    @property
    def is_done(self) -> bool:
        """Whether it was answered."""
        return self.status != 0


CLAIM_ENCODER = msgspec.msgpack.Encoder()
CLAIM_DECODER = msgspec.msgpack.Decoder(Claim)


class IdempotencyStore(Protocol):
    """Claims by name. Every method raises IdempotencyUnavailable. Passes tests/contract/test_idempotency.py."""

    async def claim(self, name: bytes, claim: Claim) -> Claim | None:
        """Store ``claim`` durably if nobody holds ``name``; return None then, else the claim that holds it."""
        ...

    async def complete(self, name: bytes, claim: Claim) -> None:
        """Replace what holds ``name`` with ``claim``, which has its answer."""
        ...

    async def abandon(self, name: bytes, claim: Claim) -> None:
        """Free ``name`` if exactly ``claim`` holds it: its request was refused, so a retry is a new request."""
        ...

    async def close(self) -> None:
        """Release everything."""
        ...


def parse_key(header: bytes) -> str | None:
    """Return the key in an Idempotency-Key header, None when it is not 1 to 255 printable ASCII characters."""
    key = header.decode("latin-1").strip()
    return key if 0 < len(key) <= KEY_LENGTH_MAX and _KEY_CHARACTERS.issuperset(key) else None


def claim_name(org_id: OrgId, environment: Environment, key: str) -> bytes:
    """Return the name under which a claim is stored: a hash, because keys are made of whatever the sender likes."""
    return hashlib.sha256("\x1f".join((org_id, environment.value, key)).encode()).digest()


def owner_of(org_id: OrgId) -> bytes:
    """Return by what a store counts the claims of an organisation."""
    return hashlib.sha256(org_id.encode()).digest()[:OWNER_BYTES]


def packed_answer(body: bytes) -> bytes:
    """Return the body of an answer as it is kept: a batch of which 99 events are refused says 99 times the same."""
    return body if len(body) <= _PACKED_ABOVE_BYTES else zlib.compress(body, _PACKING_LEVEL)


def unpacked_answer(kept: bytes) -> bytes:
    """Return the body that ``packed_answer`` was given. No JSON begins like what zlib writes."""
    return zlib.decompress(kept) if kept.startswith(_PACKED_PREFIX) else kept


def hash_request(*, is_batch_path: bool, body: bytes) -> bytes:
    """Return the hash that tells whether a retry is the same request."""
    return hashlib.sha256((b"batch\n" if is_batch_path else b"collect\n") + body).digest()


class Answer(NamedTuple):
    """What a request was answered, without headers: those are of the moment."""

    status: int
    body: bytes


Take = Callable[[Claim, bool], Awaitable[Answer]]


class OnceOnly:
    """Sees to it that requests with the same key are taken once. Lives on one event loop."""

    def __init__(self, store: IdempotencyStore) -> None:
        self._store = store
        self._in_flight: dict[bytes, tuple[bytes, asyncio.Task[Answer]]] = {}

    async def run(self, name: bytes, mine: Claim, take: Take) -> Answer:
        """Return the answer of the first request under ``name``: kept, awaited, or had by ``take(claim, is_repeat)`` now.

        ``take`` uses the ids and the time of the claim it is given; ``is_repeat`` says that they may have been appended
        before. Raises what ``take`` raises, and Refused when the key was used for another body or claims cannot be kept.
        """
        running = self._in_flight.get(name)
        if running is None:
            running = mine.body_hash, asyncio.get_running_loop().create_task(self._claim_and_take(name, mine, take))
            self._in_flight[name] = running
            running[1].add_done_callback(lambda _: self._in_flight.pop(name))
        body_hash, task = running
        _require_same(body_hash, mine)
        return await asyncio.shield(task)

    async def _claim_and_take(self, name: bytes, mine: Claim, take: Take) -> Answer:
        try:
            held = await self._store.claim(name, mine)
        except IdempotencyUnavailable as error:
            raise unavailable("idempotency keys are") from error
        if held is not None:
            _require_same(held.body_hash, mine)
            if held.is_done:
                return Answer(held.status, unpacked_answer(held.answer))
        claim = mine if held is None else held
        try:
            answer = await take(claim, held is not None)
        except Refused as refused:
            # After a failed append nobody can be sure that nothing was stored, so the claim keeps its ids for the retry.
            if held is None and refused.code is not ErrorCode.SERVICE_UNAVAILABLE:
                await self._abandon(name, claim)
            raise
        await self._complete(name, msgspec.structs.replace(claim, status=answer.status, answer=packed_answer(answer.body)))
        return answer

    async def _abandon(self, name: bytes, claim: Claim) -> None:
        try:
            await self._store.abandon(name, claim)
        except IdempotencyUnavailable:
            log.warning("a refused request's claim stays; its key cannot be used for another body for 24 hours")

    async def _complete(self, name: bytes, claim: Claim) -> None:
        try:
            await self._store.complete(name, claim)
        except IdempotencyUnavailable:
            # The events are durable and the claim still holds their ids: a retry repeats them and stores nothing twice.
            log.warning("an answer could not be kept; a retry of its request is appended again under the same ids")


def _require_same(body_hash: bytes, mine: Claim) -> None:
    if body_hash != mine.body_hash:
        raise Refused(
            ErrorCode.IDEMPOTENCY_CONFLICT,
            "this Idempotency-Key was used for another request in the last 24 hours: use a new key for each request",
        )
