"""What stands behind a key and how each request is carried out on it: the same on every backend, so they cannot differ."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias, assert_never

import msgspec

from litesoc_server.events.mentions import Mentions
from litesoc_server.pipeline.state.base import (
    Answer,
    CountRequest,
    DecayedRequest,
    DistinctRequest,
    LastRequest,
    OnceRequest,
    RememberRequest,
    Request,
    Seen,
    SeenRequest,
    Window,
    WrongPrimitive,
)
from litesoc_server.pipeline.state.histories import NEVER_SEEN, Claims, DecayedCounter, LatestValues, SeenSet
from litesoc_server.pipeline.state.windows import NO_WINDOW, CountWindow, DistinctWindow, keep_ms_for

_HALF_LIVES_KEPT = 32  # after so many half-lives a decayed counter is nothing

Entry: TypeAlias = CountWindow | DistinctWindow | DecayedCounter | Claims | LatestValues | SeenSet
# entry type, new entry, carry out on an entry, answer of a look at a key that is not there, whether it is a history (the
# rest soon ends). A tuple: it is unpacked for every request.
Kind: TypeAlias = tuple[type[Entry], Callable[[Any], Entry], Callable[[Any, Any], Answer], Answer, bool]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def wrong_primitive(request: Request) -> WrongPrimitive:
    """Return the error for a request on a key of another primitive: a key belongs to the one that made it."""
    return WrongPrimitive(f"{type(request).__name__} on a key that belongs to another primitive")


def refuse(request: Request) -> NoReturn:
    """Raise WrongPrimitive."""
    raise wrong_primitive(request)


def _count(window: CountWindow, request: CountRequest) -> Window:
    if request.is_read_only:
        return window.peek(request.at_ms, request.window_ms)
    return window.add(request.at_ms, request.member, request.window_ms)


def _distinct(window: DistinctWindow, request: DistinctRequest) -> int:
    if request.is_read_only:
        return window.peek(request.at_ms, request.window_ms)
    return window.add(request.at_ms, request.value, request.window_ms)


def _decayed(counter: DecayedCounter, request: DecayedRequest) -> float:
    return counter.add(request.at_ms, request.member, request.amount, request.half_life_ms)


def _once(claims: Claims, request: OnceRequest) -> bool:
    return claims.claim(request.at_ms, request.member, request.ttl_ms)


def _last(latest: LatestValues, request: LastRequest) -> Answer:
    return latest.nearest(request.at_ms, request.k)


def _remember(latest: LatestValues, request: RememberRequest) -> int | None:
    return latest.remember(request.at_ms, request.member, request.value, request.ttl_ms)


def _seen(known: SeenSet, request: SeenRequest) -> Seen:
    if request.is_read_only:
        return known.ask(request.value, request.at_ms, request.member)
    return known.add(request.value, request.at_ms, request.member, request.ttl_ms)


KINDS: dict[type[Request], Kind] = {
    CountRequest: (CountWindow, lambda request: CountWindow(keep_ms_for(request.window_ms)), _count, NO_WINDOW, False),
    DistinctRequest: (DistinctWindow, lambda request: DistinctWindow(keep_ms_for(request.window_ms)), _distinct, 0, False),
    DecayedRequest: (
        DecayedCounter,
        lambda request: DecayedCounter(_HALF_LIVES_KEPT * request.half_life_ms),
        _decayed,
        0.0,
        False,
    ),
    OnceRequest: (Claims, lambda request: Claims(request.ttl_ms), _once, False, False),
    LastRequest: (LatestValues, refuse, _last, (), True),  # only looks
    RememberRequest: (LatestValues, lambda request: LatestValues(request.ttl_ms), _remember, None, True),
    SeenRequest: (SeenSet, lambda request: SeenSet(request.ttl_ms), _seen, NEVER_SEEN, True),
}


def without(entry: Entry, mentions: Mentions) -> Entry | None:
    """Return ``entry`` without what names somebody: itself where nothing does, None where nothing else is left.

    What was folded into a number stays in it.
    """
    match entry:
        case CountWindow() | DistinctWindow():
            kept = [at for at, label in enumerate(entry.labels) if not mentions.is_in(label)]
            if len(kept) == len(entry.labels):
                return entry
            times, labels = [entry.times[at] for at in kept], [entry.labels[at] for at in kept]
            return type(entry)(entry.keep_ms, times=times, labels=labels) if kept else None
        case LatestValues():
            values = tuple(one for one in entry.values if not mentions.is_in(one.value) and not mentions.is_in(one.member))
            return _with_values(entry, values)
        case SeenSet():
            return _with_values(entry, {name: one for name, one in entry.values.items() if not mentions.is_in(name)})
        case DecayedCounter() | Claims():
            return entry  # members are ids of events
        case _:
            assert_never(entry)


def _with_values(entry: LatestValues | SeenSet, values: Any) -> Entry | None:  # noqa: ANN401 # of the kind of the entry
    if len(values) == len(entry.values):
        return entry
    return type(entry)(entry.keep_ms, values=values) if values else None


def encode(entry: Entry) -> bytes:
    """Return an entry as bytes. What can be computed again is left out."""
    if type(entry) is not DistinctWindow or entry.tally is None:
        return _encoder.encode(entry)
    tally, entry.tally = entry.tally, None
    try:
        return _encoder.encode(entry)
    finally:
        entry.tally = tally  # whoever goes on with this entry would have to make it again


def decode(data: bytes | memoryview) -> Entry:
    """Return the entry that ``encode`` made ``data`` from. Raises msgspec.MsgspecError."""
    return _decoder.decode(data)
