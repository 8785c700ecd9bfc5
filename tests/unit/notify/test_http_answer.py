"""What an answer means: whether it is about what was sent, and what Retry-After asks for."""

import pytest

from litesoc_server.egress.http import RETRY_AFTER_S_MAX, Answer
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.http_answer import judge, seconds_in


@pytest.mark.parametrize(
    ("status", "is_400_about_setup", "is_refused"),
    [(400, False, True), (400, True, False), (413, True, True), (422, False, True)]
    + [(status, False, False) for status in (401, 403, 404, 408, 429, 500)],
)
def test_what_the_receiver_cannot_take_is_told_from_what_somebody_can_mend(
    status: int, is_400_about_setup: bool, is_refused: bool
) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        judge(Answer(status, {}, ""), Sent(""), is_400_about_setup=is_400_about_setup)
    assert (failed.value.is_refused, failed.value.is_permanent) == (is_refused, False)


def wait_s(value: str) -> float | None:
    with pytest.raises(DeliveryFailed) as failed:
        judge(Answer(429, {"retry-after": value}, ""), Sent(""))
    return failed.value.retry_after_s


def test_it_is_seconds_or_a_date_up_to_a_day() -> None:
    assert wait_s("120") == 120
    assert wait_s("9" * 400) == RETRY_AFTER_S_MAX
    assert wait_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert wait_s("Fri, 31 Dec 9999 23:59:59 GMT") == RETRY_AFTER_S_MAX


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "1 Jan 9298999999 1:1:1 +0000", "Mon, 32 Jan 2026 00:00:00 GMT"])
def test_nonsense_counts_as_absent(value: str) -> None:
    assert wait_s(value) is None


def test_what_a_body_asks_for_is_bounded_too() -> None:
    assert [seconds_in(value) for value in (41.5, 7, -1, 10**400, float("inf"))] == [
        *(41.5, 7, 0, RETRY_AFTER_S_MAX, RETRY_AFTER_S_MAX)
    ]
    assert [seconds_in(value) for value in ("7", None, [7])] == [None] * 3
