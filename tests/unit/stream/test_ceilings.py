from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.stream.ceilings import share_out
from litesoc_server.stream.subjects import Subject


@given(st.integers(1024**2, 2**45))
def test_the_shares_add_up_to_the_whole_and_raw_gets_most(max_bytes: int) -> None:
    ceilings = share_out(max_bytes)

    assert set(ceilings.subjects) == set(Subject)
    assert sum(ceilings.subjects.values()) + ceilings.dead_letters == max_bytes
    assert ceilings.subjects[Subject.RAW] > max_bytes // 2
