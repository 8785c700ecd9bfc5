"""Forwarders, what they send, and the keeper that serves them, as tests need them."""

import itertools
from typing import Any

from control_factories import NOW_MS
from forward_receivers import Authority, HttpReceiver, SyslogReceiver
from litesoc_server.audit.by import By
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.forwarding import batches
from litesoc_server.forwarding.changes import add_forwarder
from litesoc_server.forwarding.keeper import ForwardingKeeper
from litesoc_server.forwarding.models import Forwarder, What
from litesoc_server.orgs.models import Organization
from litesoc_server.store.base import EventStore
from management_api import make_event
from notify_factories import LOOPBACK

BY = By.operator()


def make_forwarder(org: Organization, store: EventStore, kind: str = "http", **changes: Any) -> Forwarder:
    now_s = batches.store_now_s(store, str(org.id))  # type: ignore[arg-type]
    wanted = {"what": What.EVENTS, "name": "SIEM", **changes}
    return add_forwarder(org, Environment.LIVE, kind=kind, store_now_s=now_s - 2, by=BY, **wanted)


def to_http(receiver: HttpReceiver, authority: Authority, **more: str) -> dict[str, str]:
    return {"url": receiver.url, "ca_pem": authority.pem, **more}


def to_syslog(receiver: SyslogReceiver, authority: Authority, **more: str) -> dict[str, str]:
    return {"address": f"127.0.0.1:{receiver.port}", "ca_pem": authority.pem, **more}


def make_keeper(store: EventStore, clock: ManualClock) -> ForwardingKeeper:
    return ForwardingKeeper(reader=store, clock=clock, policy=LOOPBACK)


_moments = itertools.count(NOW_MS)


def many(org: Organization, count: int) -> list[Event]:
    """Return events whose ids come after those of before, as ids of later seconds do."""
    return [make_event(org, occurred_at_ms=next(_moments)) for _ in range(count)]


def uids(receiver: HttpReceiver) -> list[str]:
    return [record["metadata"]["uid"] for record in receiver.records]
