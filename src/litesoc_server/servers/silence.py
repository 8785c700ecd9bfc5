"""Which agents were not heard of for too long."""

import uuid
from datetime import UTC, datetime, timedelta

from litesoc_server.events.envelope import Environment
from litesoc_server.health.judge import Notice
from litesoc_server.health.silence import AgentSeen, judge_agents
from litesoc_server.servers.heartbeat import FORGOTTEN_AFTER
from litesoc_server.servers.models import STALE_FOR, Server

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def silent_agents(org_id: uuid.UUID, environment: Environment, now_ms: int) -> list[Notice]:
    """Return a notice if there are any. One that is silent for longer than FORGOTTEN_AFTER is taken for gone."""
    since = _EPOCH + now_ms * _MS - FORGOTTEN_AFTER
    found = Server.objects.filter(org_id=org_id, environment=environment.value, last_seen_at__gt=since)
    rows = found.only("name", "hostname", "last_seen_at")
    agents = [AgentSeen(row.shown_name, (row.last_seen_at - _EPOCH) // _MS) for row in rows]
    notice = judge_agents(agents, limit_ms=STALE_FOR // _MS, now_ms=now_ms)
    return [] if notice is None else [notice]
