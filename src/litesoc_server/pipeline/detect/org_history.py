"""What is known of an organisation's logins as a whole: which devices its people use, and in which countries.

A newcomer to an account is less strange if colleagues have been seen so before. What one intruder brings must not vouch
for the next, so only what was there a day earlier counts.
"""

import msgspec

from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect.labels import family_label
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.subjects import scope_of
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.base import LATENESS_MS, Seen, SeenRequest, Steps, known

NO_COUNTRY = ""


class OrgView(msgspec.Struct, frozen=True):
    """How a login looks beside those of the whole organisation."""

    logins_count: int  # known ones: of each account's network and device one a week
    has_history: bool  # enough are known to call something new
    is_device_new: bool  # nobody was seen with this browser on this system
    is_pair_new: bool  # nobody was seen with it in this country


def record_for_org(event: Event, policy: DetectionPolicy) -> Steps[None]:
    """Remember a login for the organisation. To be asked once in a while per account, network and device."""
    scope, at_ms, ttl_ms = scope_of(event), event.occurred_at_ms, policy.login_memory_ms
    device = family_label(event.device)
    yield SeenRequest(f"{scope}org devices", device, at_ms, event.event_id, ttl_ms)
    country = event.geo.country_code if event.geo is not None else None
    if country is not None:
        yield SeenRequest(f"{scope}org places|{country}", device, at_ms, event.event_id, ttl_ms)


def org_view(event: Event, login: Origin, policy: DetectionPolicy) -> Steps[OrgView]:
    """Return how ``login`` looks beside what was known of the organisation."""
    scope, before_ms = scope_of(event), login.at_ms - LATENESS_MS
    device, country = family_label(login.device), _country(login)
    devices = yield from known(key=f"{scope}org devices", value=device, at_ms=before_ms)
    pairs = yield from known(key=f"{scope}org places|{country}", value=device, at_ms=before_ms)
    latest_ms = login.at_ms - policy.org_familiar_after_ms
    return OrgView(
        logins_count=devices.set_count,
        has_history=devices.set_count >= policy.org_history_count,
        is_device_new=_is_new(devices, latest_ms),
        is_pair_new=_is_new(pairs, latest_ms),
    )


def is_first_of_kind(event: Event, kind: NetworkKind, policy: DetectionPolicy) -> Steps[bool]:
    """Remember a login through a kind of network; return whether the organisation had none more than a while before."""
    key, at_ms = f"{scope_of(event)}org kinds", event.occurred_at_ms
    yield SeenRequest(key, kind, at_ms, event.event_id, policy.login_memory_ms)
    earlier = yield from known(key=key, value=kind, at_ms=at_ms - LATENESS_MS)
    return earlier.count == 0


def _is_new(seen: Seen, latest_ms: int) -> bool:
    return seen.first_ms is None or seen.first_ms > latest_ms


def _country(login: Origin) -> str:
    return (login.geo.country_code if login.geo is not None else None) or NO_COUNTRY
