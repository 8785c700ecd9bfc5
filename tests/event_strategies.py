"""Hypothesis strategies for events as normalise and enrich may hand them on, within the bounds that the store promises."""

import uuid

import msgspec
from hypothesis import strategies as st

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, Severity
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.store.base import StoredEvent

YEAR_2000_MS, YEAR_2100_MS = 946_684_800_000, 4_102_444_800_000
MONTH_MS = 28 * 86_400_000

moments_ms = st.integers(YEAR_2000_MS, YEAR_2100_MS - 1)
# In the first, the last and an ordinary month: the store keeps each month by itself, and hundreds of them are slow.
moments_of_few_months_ms = st.builds(
    int.__add__, st.sampled_from([YEAR_2000_MS, 1_777_593_600_000, YEAR_2100_MS - MONTH_MS]), st.integers(0, MONTH_MS - 1)
)
texts = st.text(max_size=40)
maybe_texts = st.none() | texts
maybe_flags = st.none() | st.booleans()
coordinates = st.none() | st.floats(-180, 180)
metadata = st.dictionaries(
    texts, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts | st.lists(texts), max_size=4
)

actors = st.builds(Actor, id=texts, email=maybe_texts, is_redacted=st.booleans())
geos = st.builds(Geo, maybe_texts, maybe_texts, maybe_texts, coordinates, coordinates, maybe_texts)
networks = st.builds(
    Network, st.none() | st.integers(0, 2**32 - 1), maybe_texts, maybe_texts, *(maybe_flags for _flag in range(6))
)
devices = st.builds(Device, *(maybe_texts for _field in range(5)))


@st.composite
def events(draw: st.DrawFn, moments_ms: st.SearchStrategy[int] = moments_ms) -> Event:
    """Draw one event of an organisation of its own, so that examples cannot meet."""
    received_at_ms = draw(moments_ms)
    return Event(
        event_id=event_id_at(draw_event_id_base(received_at_ms), 0),
        org_id=OrgId(str(uuid.uuid4())),
        environment=draw(st.sampled_from(Environment)),
        key_id=draw(texts),
        source=draw(texts),
        occurred_at_ms=draw(st.just(received_at_ms) | moments_ms),
        received_at_ms=received_at_ms,
        name=draw(texts),
        category=draw(texts),
        severity=draw(st.sampled_from(Severity)),
        actor=draw(st.none() | actors),
        user_ip=draw(maybe_texts),
        server_ip=draw(maybe_texts),
        metadata=msgspec.Raw(msgspec.json.encode(draw(metadata))),
        geo=draw(st.none() | geos),
        network=draw(st.none() | networks),
        device=draw(st.none() | devices),
    )


stored_events = st.builds(StoredEvent, events(), st.just(YEAR_2100_MS))
stored_events_of_few_months = st.builds(StoredEvent, events(moments_of_few_months_ms), st.just(YEAR_2100_MS))
