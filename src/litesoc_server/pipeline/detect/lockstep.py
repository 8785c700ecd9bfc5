"""Judging many events at a time, for a state across a network: their requests travel together, in few round trips.

All events of one span take their first step, then all of them their second one, and so on. Within a span that changes
nothing, for the set of incidents does not depend on the order of events within LATENESS_MS: a detector writes down what
it observed before it reads what others did, so of two events the one that finishes writing last sees the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from litesoc_server.events.event import Event
from litesoc_server.pipeline.state.base import LATENESS_MS, Answer, Request, Steps, WrongPrimitive

T = TypeVar("T")


def spans_of(events: Sequence[Event]) -> Iterator[list[int]]:
    """Yield the indices of ``events`` in spans to be judged one after the other.

    In a span no two events of one organisation are further apart in time than LATENESS_MS, and what an organisation sent
    later stands in a later span or the same. Organisations share spans: none affects another.
    """
    by_org: dict[str, list[list[int]]] = {}
    bounds: dict[str, tuple[int, int]] = {}  # of the last span of each
    for index, event in enumerate(events):
        org_id, at_ms = event.org_id, event.occurred_at_ms
        earliest_ms, latest_ms = bounds.get(org_id, (at_ms, at_ms))
        earliest_ms, latest_ms = min(earliest_ms, at_ms), max(latest_ms, at_ms)
        if org_id in by_org and latest_ms - earliest_ms <= LATENESS_MS:
            by_org[org_id][-1].append(index)
            bounds[org_id] = (earliest_ms, latest_ms)
        else:
            by_org.setdefault(org_id, []).append([index])
            bounds[org_id] = (at_ms, at_ms)
    for spans in zip_longest(*by_org.values(), fillvalue=()):
        yield sorted(index for span in spans for index in span)


def in_lockstep(chains: Iterable[Steps[T]], answer: Callable[[Sequence[Request]], list[Answer]]) -> list[T]:
    """Run all ``chains`` to their ends, one request of each per call of ``answer``; return their results in order.

    A WrongPrimitive is raised in the chain that asked, and affects no other.
    """
    waiting = list(chains)
    results: dict[int, T] = {}
    places = list(range(len(waiting)))
    answers: Sequence[Answer] = [None] * len(waiting)  # the first send starts a generator
    while places:
        requests: list[Request] = []
        still: list[int] = []
        for place, given in zip(places, answers, strict=True):
            try:
                chain = waiting[place]
                requests.append(chain.throw(given) if isinstance(given, WrongPrimitive) else chain.send(given))
            except StopIteration as stop:
                results[place] = stop.value
            else:
                still.append(place)
        places = still
        answers = answer(requests) if requests else ()
    return [results[place] for place in range(len(waiting))]
