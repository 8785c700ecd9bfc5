from datetime import UTC, datetime, timedelta

import pytest

from litesoc_server.pipeline.normalise.timestamps import IgnoredBecause, OccurredAt, occurred_at
from litesoc_server.sources.timestamps import AHEAD_MAX_MS, BACKDATE_MAX_MS

RECEIVED_AT_MS = 1_790_000_000_123
DAY_MS = 86_400_000


def text_of(at_ms: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("at_ms", "ignored_because"),
    [
        (RECEIVED_AT_MS, None),
        (RECEIVED_AT_MS - BACKDATE_MAX_MS, None),
        (RECEIVED_AT_MS - BACKDATE_MAX_MS - 1, IgnoredBecause.TOO_OLD),
        (RECEIVED_AT_MS + AHEAD_MAX_MS, None),
        (RECEIVED_AT_MS + AHEAD_MAX_MS + 1, IgnoredBecause.TOO_FAR_AHEAD),
    ],
)
def test_the_window_of_backfill_keys(at_ms: int, ignored_because: IgnoredBecause | None) -> None:
    decided = occurred_at(text_of(at_ms), received_at_ms=RECEIVED_AT_MS, may_backdate=True)
    assert decided == OccurredAt(RECEIVED_AT_MS if ignored_because else at_ms, ignored_because)
    assert (BACKDATE_MAX_MS, AHEAD_MAX_MS) == (400 * DAY_MS, 300_000)


def test_other_keys_and_other_texts_get_our_time() -> None:
    good = text_of(RECEIVED_AT_MS - DAY_MS)
    without_scope = occurred_at(good, received_at_ms=RECEIVED_AT_MS, may_backdate=False)
    assert without_scope == OccurredAt(RECEIVED_AT_MS, IgnoredBecause.NO_BACKFILL_SCOPE)
    wrong = occurred_at("yesterday", received_at_ms=RECEIVED_AT_MS, may_backdate=True)
    assert wrong == OccurredAt(RECEIVED_AT_MS, IgnoredBecause.NOT_RFC3339)
    assert occurred_at(f" {good} ", received_at_ms=RECEIVED_AT_MS, may_backdate=True).at_ms == RECEIVED_AT_MS - DAY_MS
