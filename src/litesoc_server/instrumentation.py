"""Everything that is wrong with what comes in: what keys send, and which sources and agents went silent."""

import uuid

from litesoc_server import backend
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice
from litesoc_server.health.recent import Look
from litesoc_server.inbound.silence import silent_sources
from litesoc_server.servers.silence import silent_agents


def find_silences(org_id: OrgId, environment: Environment, now_ms: int) -> tuple[Notice, ...]:
    """Return which sources and agents of an organisation went silent, from the control database."""
    org = uuid.UUID(org_id)
    return (*silent_agents(org, environment, now_ms), *silent_sources(org, environment, now_ms))


def look(org_id: OrgId, environment: Environment) -> Look:
    """Return all that is wrong; what keys send is looked at every few minutes only. Raises StoreUnavailable."""
    serving = backend.current()
    of_keys = serving.looks_at_senders.of(org_id=org_id, environment=environment)
    return Look(of_keys.at_ms, (*find_silences(org_id, environment, serving.clock.now_ms()), *of_keys.notices))
