from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.sources.timestamps import parse_rfc3339_ms

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), OFFSETS)  # noqa: DTZ001 # hypothesis
def test_what_python_writes_is_read_to_the_millisecond(moment: datetime, offset: timezone) -> None:
    at = moment.replace(tzinfo=offset)
    expected = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_rfc3339_ms(at.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01 00:00:01.5Z", 1500),
        ("1970-01-01t00:00:00.0019z", 1),
        ("1970-01-01T00:00:60Z", 60_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01", None),
        ("1970-13-01T00:00:00Z", None),
        ("1970-02-29T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("1970-01-01T24:00:00Z", None),
        ("1970-01-01T00:00:00+24:00", None),
        ("1970-01-01T00:00:00Z ", None),
        ("\u0661970-01-01T00:00:00Z", None),
        ("", None),
        ("0", None),
    ],
)
def test_rfc_3339(text: str, at_ms: int | None) -> None:
    assert parse_rfc3339_ms(text) == at_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1786259564",
        "2026-08-09",
        "2026-08-09T07:12:44",
        "2026-08-09T07:12Z",
        "2026-02-29T07:12:44Z",
        "2026-13-01T07:12:44Z",
        "2026-08-09T24:00:00Z",
        "2026-08-09T07:12:61Z",
        "2026-08-09T07:12:44+24:00",
        "2026-08-09T07:12:44.Z",
        "0000-01-01T00:00:00Z",
        "\uff12\uff10\uff12\uff16-08-09T07:12:44Z",
        "2026-08-09T07:12:44Z\n",
    ],
)
def test_what_is_not_rfc3339(text: str) -> None:
    assert parse_rfc3339_ms(text) is None


@given(text=st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    parse_rfc3339_ms(text)
