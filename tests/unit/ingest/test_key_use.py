import logging

import pytest

from ingest_server import NOW_MS, UseTable
from litesoc_server.ingest.key_use import MINUTE_MS, KeyUse, Use, Uses, UsesUnavailable

MINUTE = NOW_MS - NOW_MS % MINUTE_MS


class Failing:
    """A sink that fails as often as it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls: list[Uses] = []

    def write(self, uses: Uses) -> None:
        self.calls.append(uses)
        raise self.error


def test_the_last_use_of_each_key_is_written_to_the_minute() -> None:
    table = UseTable()
    key_use = KeyUse(table)
    key_use.note("a", "203.0.113.7", NOW_MS)
    key_use.note("a", "203.0.113.8", NOW_MS + 1)
    key_use.note("b", None, NOW_MS)
    key_use.write()
    assert table.uses == {"a": Use(MINUTE, "203.0.113.8"), "b": Use(MINUTE, None)}


def test_only_news_are_written() -> None:
    table = UseTable()
    key_use = KeyUse(table)
    key_use.note("a", "203.0.113.7", NOW_MS)
    key_use.write()
    table.uses = {}
    key_use.note("a", "203.0.113.7", NOW_MS + 1)
    key_use.write()
    key_use.write()
    assert table.uses == {}
    key_use.note("a", "203.0.113.7", NOW_MS + MINUTE_MS)
    key_use.write()
    assert table.uses == {"a": Use(MINUTE + MINUTE_MS, "203.0.113.7")}


@pytest.mark.parametrize("error", [UsesUnavailable("down"), ValueError("a bug")])
def test_what_cannot_be_written_is_logged_and_left(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    sink = Failing(error)
    key_use = KeyUse(sink)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            key_use.note("a", "203.0.113.7", NOW_MS)
            key_use.write()
    assert len(sink.calls) == 2  # it counts as news until it is written
    assert "203.0.113.7" not in caplog.text
