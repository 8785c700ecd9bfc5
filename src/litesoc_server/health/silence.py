"""What went silent that is more than a key: agents on servers, and connected sources. Pure: facts in, notices out."""

from collections.abc import Sequence
from datetime import date

import msgspec

from litesoc_server.health.judge import SILENCE_FACTOR, Notice, Problem
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.policy import DAY_MS

SPAN_DAYS = 28  # in which a source's days with events are looked at
DAYS_MIN = 5  # with events, before a source's silence means anything
NAMES_SHOWN_MAX = 3


class AgentSeen(msgspec.Struct, frozen=True):
    """When an agent was last heard of."""

    name: str  # of its server, as people call it
    last_ms: int  # Unix ms


class SourceSeen(msgspec.Struct, frozen=True):
    """When a source sent events."""

    id: str
    title: str
    days: tuple[date, ...]  # UTC, with events, the oldest first
    last_ms: int  # Unix ms of the last event
    is_refused: bool  # its last delivery was


def judge_agents(agents: Sequence[AgentSeen], *, limit_ms: int, now_ms: int) -> Notice | None:
    """Return one notice for all agents that were not heard of for longer than ``limit_ms``."""
    silent = sorted((agent for agent in agents if now_ms - agent.last_ms > limit_ms), key=lambda agent: agent.last_ms)
    if not silent:
        return None
    shown = [f"{wording.name(agent.name)} for {wording.duration(now_ms - agent.last_ms)}" for agent in silent]
    names = ", ".join(shown[:NAMES_SHOWN_MAX])
    if len(shown) > NAMES_SHOWN_MAX:
        names += f" and {len(shown) - NAMES_SHOWN_MAX} more"
    verb = "was" if len(silent) == 1 else "were"
    return Notice(
        Problem.AGENTS_SILENT,
        None,
        f"{len(silent):,} of {wording.several(len(agents), 'agent')} {verb} not heard of: {names}; "
        f"the limit is {wording.duration(limit_ms)}",
        "see on the server whether the agent runs (systemctl status litesoc-agent) and reaches this server; remove a server "
        "that is gone on the Servers page",
    )


def judge_source(seen: SourceSeen, *, now_ms: int) -> Notice | None:
    """Return a notice if a source is silent for much longer than it ever was while it sent."""
    if len(seen.days) < DAYS_MIN:
        return None
    longest_days = max((later - earlier).days for earlier, later in zip(seen.days, seen.days[1:], strict=False))
    limit_ms = SILENCE_FACTOR * longest_days * DAY_MS
    silent_ms = now_ms - seen.last_ms
    if silent_ms <= limit_ms:
        return None
    if seen.is_refused:
        fix = "its deliveries arrive and are refused: the Integrations page says why"
    else:
        fix = f"see in {seen.title} whether it still delivers, and where to; forget a source that is not used any more"
    return Notice(
        Problem.SILENT,
        None,
        f"{seen.title} is silent for {wording.duration(silent_ms)}, since {wording.utc(seen.last_ms)}; before, it sent on "
        f"{len(seen.days)} days, at least every {wording.several(longest_days, 'day')}; the limit is "
        f"{wording.duration(limit_ms)}",
        fix,
        source=seen.id,
    )
