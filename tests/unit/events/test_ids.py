import uuid

from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.ids import draw_event_id_base, event_id_at, event_id_time_ms


@given(now_ms=st.integers(0, 2**48 - 1), index=st.integers(0, 99))
def test_an_id_is_a_uuid_of_version_7_that_carries_the_time(now_ms: int, index: int) -> None:
    base = draw_event_id_base(now_ms)
    event_id = event_id_at(base, index)
    parsed = uuid.UUID(event_id)
    assert str(parsed) == event_id
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int == int.from_bytes(base, "big") + index
    assert event_id_time_ms(event_id) == now_ms
