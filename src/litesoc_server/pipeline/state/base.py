"""The state primitives, the only memory a detector may have.

A detector does not call the state: it *yields* a request and is resumed with the answer, as in
``window = yield from state.count(...)``. So the same detector runs on memory, on Redis (where the requests of a batch travel
together) and in a replay.
Semantics are fixed by tests/contract/test_state.py, which every backend passes.

Time is event time, in Unix milliseconds. ``member`` is what makes an observation idempotent (nearly always the event id):
observing the same member again changes nothing. Late observations are inserted at their own time.
"""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.events.mentions import Mentions

MEMBERS_MAX = 50  # newest members that a window returns as evidence
SEEN_MAX = 64  # members remembered per `seen` key; the least recently seen goes first
VALUE_LENGTH_MAX = 1_024  # bytes of UTF-8 in one remembered value
LAST_MAX = 8  # values remembered per `last` key
_UTF8_LENGTH_MAX = 4  # bytes per character
LATENESS_MS = 5 * 60_000  # the set of detections does not depend on the order of arrival within this span


class CountRequest(msgspec.Struct, frozen=True, gc=False):
    """Add ``member`` at ``at_ms`` to the sliding window of ``key``, then ask for the fullest window that contains it."""

    key: str
    window_ms: int
    at_ms: int
    member: str
    is_read_only: bool = False  # look at the window that ends at at_ms without adding to it


class Window(msgspec.Struct, frozen=True, gc=False):
    """The fullest window of the asked length that contains the observation (for one in order: the window that ends at it).

    Taking the fullest, not the one that ends at the observation, is what makes the answer independent of arrival order.
    """

    count: int
    first_ms: int  # time of its oldest member
    last_ms: int  # time of its newest member
    members: tuple[str, ...]  # its newest MEMBERS_MAX members, oldest first


class DistinctRequest(msgspec.Struct, frozen=True, gc=False):
    """Like CountRequest, but counts how many different ``value`` the window holds."""

    key: str
    window_ms: int
    at_ms: int
    value: str
    member: str
    is_read_only: bool = False


class LastRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask for the ``k`` values of ``key`` nearest in event time on either side of ``at_ms``."""

    is_read_only: ClassVar[bool] = True

    key: str
    at_ms: int
    k: int = 3


class RememberRequest(msgspec.Struct, frozen=True, gc=False):
    """Store ``value`` (an opaque text) at ``at_ms`` among the latest LAST_MAX values of ``key``.

    The answer is the time of the latest value before it, if that is the same and nothing later is known; None otherwise.
    Making one with a value of more than VALUE_LENGTH_MAX raises ValueError: whoever writes values knows how to shorten them.
    """

    is_read_only: ClassVar[bool] = False

    key: str
    at_ms: int
    member: str
    value: str
    ttl_ms: int

    def __post_init__(self) -> None:
        """Refuse a value that is too long."""
        if (
            len(self.value) > VALUE_LENGTH_MAX // _UTF8_LENGTH_MAX
            and (length := len(self.value.encode())) > VALUE_LENGTH_MAX
        ):
            msg = f"a value of {length} bytes; the state takes at most {VALUE_LENGTH_MAX}"
            raise ValueError(msg)


class Remembered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One remembered value."""

    at_ms: int
    member: str
    value: str


class SeenRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask what is known of ``value`` in the set of ``key``; with ``is_read_only`` False also add it at ``at_ms``."""

    key: str
    value: str
    at_ms: int
    member: str
    ttl_ms: int
    is_read_only: bool = False


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What was known of a value *before* this observation, and how many different values the set held then."""

    count: int  # observations of this value; 0 = never seen
    first_ms: int | None
    last_ms: int | None
    set_size: int  # different values in the set
    set_count: int  # observations of all values in the set


class DecayedRequest(msgspec.Struct, frozen=True, gc=False):
    """Add ``amount`` at ``at_ms`` to the exponentially decayed counter of ``key`` and ask for its value at ``at_ms``."""

    is_read_only: ClassVar[bool] = False

    key: str
    half_life_ms: int
    at_ms: int
    amount: float
    member: str


class OnceRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask whether this is the first claim of ``key`` within ``ttl_ms`` of event time (cool-down, redelivery)."""

    is_read_only: ClassVar[bool] = False

    key: str
    at_ms: int
    ttl_ms: int
    member: str  # a claim by the member that holds it is the first one again, so that redelivery repeats the answer


Request: TypeAlias = (
    CountRequest | DistinctRequest | LastRequest | RememberRequest | SeenRequest | DecayedRequest | OnceRequest
)


class WrongPrimitive(TypeError):
    """A request for a key that another primitive made: a bug of whoever asks, and nobody else's affair."""


Answer: TypeAlias = Window | int | tuple[Remembered, ...] | Seen | float | bool | WrongPrimitive | None
T = TypeVar("T")
Steps: TypeAlias = Generator[Request, Answer, T]


class StateUnavailable(Exception):
    """The state cannot be asked just now: events go on without detection, and are caught up with later."""


class StateLost(StateUnavailable):
    """The state can be reached but is empty or being rebuilt: it has to be rebuilt before it is asked again."""


class StateStore(Protocol):
    """A backend. Keys are already scoped by organisation; the backend bounds its memory by LRU and TTL."""

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out ``requests`` in order and return their answers in the same order. Raises StateUnavailable.

        A request for a key of another primitive changes nothing, and its answer is a WrongPrimitive.
        """
        ...

    def forget(self, org_id: OrgId, *, only_test: bool = False) -> None:
        """Drop what is remembered of an organisation, or of its test environment only.

        For any thread. Raises StateUnavailable; then some may be left.
        """
        ...

    def forget_actor(self, org_id: OrgId, mentions: Mentions) -> None:
        """Drop what is remembered of one actor: keys that name them, and in others what does. For any thread.

        Raises StateUnavailable; then some may be left.
        """
        ...

    def rebuilding(self) -> AbstractContextManager[bool]:
        """Return a context that tells whether to feed the stored events to this state again, to be done inside it.

        Leaving it without an exception means that the state is complete. Raises StateUnavailable.
        """
        ...


@runtime_checkable
class AnswersOne(Protocol):
    """A backend that need not be asked in batches, being in this very process; half the time per request."""

    def answer_one(self, request: Request) -> Answer:
        """Carry out one request and return its answer. Raises WrongPrimitive."""
        ...


def _expect(answer: object, kind: type[T]) -> T:
    if not isinstance(answer, kind):
        msg = f"state answered {type(answer).__name__} where {kind.__name__} belongs"
        raise TypeError(msg)
    return answer


def count(*, key: str, window_ms: int, at_ms: int, member: str) -> Steps[Window]:
    """Add an observation to a sliding window and return the fullest window that contains it."""
    return _expect((yield CountRequest(key, window_ms, at_ms, member)), Window)


def peek(*, key: str, window_ms: int, at_ms: int) -> Steps[Window]:
    """Return the window of ``key`` that ends at ``at_ms`` without adding to it (count 0: nothing there)."""
    return _expect((yield CountRequest(key, window_ms, at_ms, "", is_read_only=True)), Window)


def distinct(*, key: str, window_ms: int, at_ms: int, value: str, member: str) -> Steps[int]:
    """Add an observation of ``value`` and return how many different values its fullest window holds."""
    return _expect((yield DistinctRequest(key, window_ms, at_ms, value, member)), int)


def peek_distinct(*, key: str, window_ms: int, at_ms: int) -> Steps[int]:
    """Return how many different values the window of ``key`` that ends at ``at_ms`` holds, without adding to it."""
    return _expect((yield DistinctRequest(key, window_ms, at_ms, "", "", is_read_only=True)), int)


def last(*, key: str, at_ms: int, k: int = 3) -> Steps[tuple[Remembered, ...]]:
    """Return up to ``k`` remembered values before (or at) ``at_ms`` and up to ``k`` after it, by time."""
    found: tuple[Remembered, ...] = _expect((yield LastRequest(key, at_ms, k)), tuple)
    return found


def remember(*, key: str, at_ms: int, member: str, value: str, ttl_ms: int) -> Steps[None]:
    """Store a value among the latest of ``key``."""
    yield RememberRequest(key, at_ms, member, value, ttl_ms)


def seen(*, key: str, value: str, at_ms: int, member: str, ttl_ms: int) -> Steps[Seen]:
    """Add ``value`` to a set with history and return what was known of it before."""
    return _expect((yield SeenRequest(key, value, at_ms, member, ttl_ms)), Seen)


def known(*, key: str, value: str, at_ms: int) -> Steps[Seen]:
    """Return what is known of ``value`` without adding it."""
    return _expect((yield SeenRequest(key, value, at_ms, "", 0, is_read_only=True)), Seen)


def decayed(*, key: str, half_life_ms: int, at_ms: int, amount: float, member: str) -> Steps[float]:
    """Add to a decayed counter and return its value."""
    return _expect((yield DecayedRequest(key, half_life_ms, at_ms, amount, member)), float)


def once(*, key: str, at_ms: int, ttl_ms: int, member: str) -> Steps[bool]:
    """Return True for the first claim of ``key`` within ``ttl_ms``, and for the same member again."""
    return _expect((yield OnceRequest(key, at_ms, ttl_ms, member)), bool)
