"""Claims in Redis, for several collectors; as durable as that Redis is set up to be."""

from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from litesoc_server.ingest.idempotency import CLAIM_DECODER, CLAIM_ENCODER, KEPT_MS, Claim, IdempotencyUnavailable

_CONNECTIONS_MAX = 32
_WAIT_S = 1.0  # for a connection, and for its answer
_ATTEMPTS = 3  # a claim may expire between two commands

# KEYS[1]: claim. ARGV[1]: the value that must hold it.
_DELETE_IF_SAME = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisIdempotencyStore:
    """Implements ingest.idempotency.IdempotencyStore. Bound to the event loop that first uses it."""

    def __init__(self, url: str) -> None:
        pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS_MAX,
            timeout=_WAIT_S,
            socket_timeout=_WAIT_S,
            socket_connect_timeout=_WAIT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Any = Redis.from_pool(pool)
        self._delete_if_same: Any = self._redis.register_script(_DELETE_IF_SAME)

    async def claim(self, name: bytes, claim: Claim) -> Claim | None:
        """See IdempotencyStore."""
        try:
            for _ in range(_ATTEMPTS):
                if await self._redis.set(_key(name), CLAIM_ENCODER.encode(claim), nx=True, px=KEPT_MS):
                    return None
                held = cast("bytes | None", await self._redis.get(_key(name)))
                if held is not None:
                    return CLAIM_DECODER.decode(held)
        except RedisError as error:
            raise IdempotencyUnavailable(type(error).__name__) from error
        raise IdempotencyUnavailable("the claim keeps expiring")

    async def complete(self, name: bytes, claim: Claim) -> None:
        """See IdempotencyStore."""
        try:
            await self._redis.set(_key(name), CLAIM_ENCODER.encode(claim), px=KEPT_MS)
        except RedisError as error:
            raise IdempotencyUnavailable(type(error).__name__) from error

    async def abandon(self, name: bytes, claim: Claim) -> None:
        """See IdempotencyStore."""
        try:
            await self._delete_if_same([_key(name)], [CLAIM_ENCODER.encode(claim)])
        except RedisError as error:
            raise IdempotencyUnavailable(type(error).__name__) from error

    async def close(self) -> None:
        """See IdempotencyStore."""
        await self._redis.aclose()


def _key(name: bytes) -> bytes:
    return b"litesoc:idempotency:" + name
