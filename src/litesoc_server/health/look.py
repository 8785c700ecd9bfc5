"""Asks the store about one organisation's senders and has the answers judged."""

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice, judge
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventReader

FACTS_SPAN_MS = 7 * DAY_MS
HOURS_SPAN_MS = 28 * DAY_MS  # so that a silence of one week can still be held against what was before


def look_at_senders(reader: EventReader, *, org_id: OrgId, environment: Environment, now_ms: int) -> tuple[Notice, ...]:
    """Return what is wrong with what the organisation's keys sent of late. Raises StoreUnavailable."""
    facts = reader.sender_facts(org_id=org_id, environment=environment, from_ms=now_ms - FACTS_SPAN_MS, to_ms=now_ms + 1)
    hours = reader.sender_hours(org_id=org_id, environment=environment, from_ms=now_ms - HOURS_SPAN_MS, to_ms=now_ms + 1)
    return judge(facts, hours, now_ms)
