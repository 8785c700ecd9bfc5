"""What the server needs and may be away for a while."""

from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.store.base import StoreUnavailable

_WHAT: dict[type[Exception], str] = {
    StoreUnavailable: "the event store",
    StreamUnavailable: "the stream",
    DatabaseError: "the control database",
    RedisError: "the store that counts attempts to sign in",  # without it nobody may try: it fails closed
}


def what_is_away(error: BaseException | None) -> str | None:
    """Return in words what did not answer, None when ``error`` is something else."""
    return next((what for kind, what in _WHAT.items() if isinstance(error, kind)), None)
