from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.stream.framing import GROUP_PAYLOADS_MAX, decode_group, encode_group, split_into_groups

PAYLOADS = st.lists(st.binary(max_size=60), max_size=40)


@given(PAYLOADS.filter(bool))
def test_a_group_comes_back_as_it_was(payloads: list[bytes]) -> None:
    assert decode_group(encode_group(payloads)) == payloads


@given(PAYLOADS, st.integers(20, 300))
def test_groups_cover_all_payloads_in_order_and_keep_the_ceiling(payloads: list[bytes], max_record_bytes: int) -> None:
    groups = [payloads[part] for part in split_into_groups(payloads, max_record_bytes)]

    assert [payload for group in groups for payload in group] == payloads
    assert all(groups)
    assert all(len(encode_group(group)) <= max_record_bytes or len(group) == 1 for group in groups)


@given(PAYLOADS.filter(bool), st.integers(20, 300))
def test_no_two_neighbouring_groups_would_have_fitted_into_one(payloads: list[bytes], max_record_bytes: int) -> None:
    groups = [payloads[part] for part in split_into_groups(payloads, max_record_bytes)]

    for group, following in pairwise(groups):
        with_headers = sum(len(payload) + 5 for payload in [*group, following[0]]) + 5
        assert with_headers > max_record_bytes


def test_a_group_never_has_more_payloads_than_the_ceiling() -> None:
    parts = list(split_into_groups([b"x"] * (GROUP_PAYLOADS_MAX + 1), 10**9))

    assert [part.stop - part.start for part in parts] == [GROUP_PAYLOADS_MAX, 1]


@given(st.binary(max_size=50))
def test_anything_can_be_decoded(record: bytes) -> None:
    assert decode_group(record)


def test_what_is_no_group_is_handed_on_whole() -> None:
    for record in (b"", b"hello", b"\x90", b"\x92\xc4\x01a", encode_group([b"a"]) + b"more"):
        assert decode_group(record) == [record]
