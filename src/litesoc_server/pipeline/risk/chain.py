"""Memories that build on each other: one value of the state holds all that is known, and costs one request to read.

Each memo holds what was known when it was written (its *base*) and the one observation it was written for. What is
known at a later time is the base of the latest final memo and the observations since. Time is cut into spells of
LATENESS_MS. An event looks at memos that are two spells or more behind it: those have arrived by now, in whatever order
events arrive, and were written before this event was looked at. So what an event learns from the chain is final.

Equal observations of one spell are one observation: a busy service learns no more from a hundred equal logins in five
minutes than from one, and does not push its own past out of the state.
"""

from collections.abc import Sequence

from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, Remembered


def spell_of(at_ms: int) -> int:
    """Return the number of the spell that a moment lies in."""
    return at_ms // LATENESS_MS


def spell_start_ms(at_ms: int) -> int:
    """Return when the spell of a moment begins: the time that memos are remembered at."""
    return spell_of(at_ms) * LATENESS_MS


def final_memos(remembered: Sequence[Remembered], at_ms: int) -> Sequence[Remembered]:
    """Return the memo to build on, and before it those whose observation its base lacks; oldest first, empty if none.

    ``remembered`` is what the state holds around ``at_ms``, oldest first. The base to build on is the last one's.
    Where so much happened lately that all the state holds is not final yet, the oldest memo serves: nearly final.
    """
    not_final_ms = spell_start_ms(at_ms) - LATENESS_MS
    end = len(remembered)
    while end and remembered[end - 1].at_ms >= not_final_ms:
        end -= 1
    if not end:
        return remembered[:1] if len(remembered) >= LAST_MAX else ()
    in_base_ms = remembered[end - 1].at_ms - LATENESS_MS  # what its base holds is older than that
    start = end - 1
    while start and remembered[start - 1].at_ms >= in_base_ms:
        start -= 1
    return remembered[start:end]


def holds(remembered: Sequence[Remembered], member: str) -> bool:
    """Return whether a memo is there already, which remembering it again would leave as it is."""
    for memo in remembered:  # noqa: SIM110 - on every login: a generator costs four times as much
        if memo.member == member:
            return True
    return False
