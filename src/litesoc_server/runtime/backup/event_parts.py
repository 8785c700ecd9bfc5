"""All events of a store as a sequence of parts, whether this process has the store open or asks the one that has."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from litesoc_server.store.base import EventCopies
from litesoc_server.store.copies import Day


class Plan(msgspec.Struct, frozen=True, tag=True):
    """What is coming."""

    columns: list[str]
    days: list[Day]


class Lines(msgspec.Struct, frozen=True, tag=True):
    """Some events of one day. All of a day follow one another."""

    day_s: int  # Unix s
    text: bytes


class End(msgspec.Struct, frozen=True, tag=True):
    """That was all: without it something broke off."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Why it broke off."""

    reason: str


Part: TypeAlias = Plan | Lines | End | Failed


def parts_of(store: EventCopies) -> Iterator[Part]:
    """Yield the plan, all events, and the end. Raises StoreUnavailable, also midway."""
    plan = Plan(store.event_columns(), store.event_days())
    yield plan
    for day in plan.days:
        for text in store.lines_of(day, plan.columns):
            yield Lines(day.start_s, text)
    yield End()
