"""How a detector's text is shown: moments in the reader's zone, all else as it is."""

from litesoc_server.web.templatetags.alert_words import with_times

SUNDAY_NOON_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z


def test_a_moment_becomes_a_time() -> None:
    shown = '<time datetime="2026-03-01T12:00:00Z" data-show="short">2026-03-01 12:00:00 UTC</time>'
    assert with_times("at 2026-03-01T12:00:00Z, <b>") == f"at {shown}, &lt;b&gt;"


def test_an_hour_of_the_week_becomes_the_latest_such_hour() -> None:
    shown = with_times("usual hour (Sunday 03:00 UTC), then", SUNDAY_NOON_MS)
    assert '(<time datetime="2026-03-01T03:00:00Z" data-show="hour">Sunday 03:00 UTC</time>), then' in shown
    assert 'datetime="2026-03-01T12:00:00Z"' in with_times("Sunday 12:00 UTC", SUNDAY_NOON_MS)
    assert 'datetime="2026-02-22T13:00:00Z"' in with_times("Sunday 13:00 UTC", SUNDAY_NOON_MS)


def test_what_only_looks_like_a_time_stays_text() -> None:
    for text in ("2026-13-01T12:00:00Z", "Sunday 25:00 UTC", "Someday 03:00 UTC"):
        assert with_times(text, SUNDAY_NOON_MS) == text
    assert with_times("Sunday 03:00 UTC") == "Sunday 03:00 UTC"
