import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.cli.durations import DurationUnreadable, duration_ms, shown_duration
from litesoc_server.cli.setting_text import allowed_entry, read_value, shown_value


@pytest.mark.parametrize(
    ("text", "span_ms"), [("90s", 90_000), ("10m", 600_000), ("2h", 7_200_000), ("1.5d", 129_600_000), ("250ms", 250)]
)
def test_spans_of_time(text: str, span_ms: int) -> None:
    assert duration_ms(text) == span_ms


@pytest.mark.parametrize("text", ["", "10", "10 weeks", "-5m", "m", "1e9s"])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(DurationUnreadable, match="no span of time"):
        duration_ms(text)


@given(st.integers(0, 10**12))
def test_what_is_shown_can_be_read_again(span_ms: int) -> None:
    assert duration_ms(shown_duration(span_ms).replace(",", "")) == span_ms


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("history_count", "5", 5),
        ("history_count", "five", "five"),
        ("impossible_travel_speed_kmh", "900.5", 900.5),
        ("login_memory_ms", "30d", 2_592_000_000),
        ("login_memory_ms", "60000", 60_000),
        ("blocked_countries", "no, kp", ["no", "kp"]),
        ("blocked_countries", '["no"]', ["no"]),
        ("muted_detectors", "instant_alert", ["instant_alert"]),
    ],
)
def test_values_as_people_write_them(name: str, text: str, value: object) -> None:
    assert read_value(name, text) == value


def test_a_time_that_is_none_is_told_how_times_are_written() -> None:
    with pytest.raises(DurationUnreadable, match="'10x' is no span of time such as 90s, 10m, 2h or 30d"):
        read_value("login_memory_ms", "10x")


def test_networks_are_told_from_addresses() -> None:
    assert allowed_entry("as64500", is_user_agent=False) == ("allowed_asns", 64500)
    assert allowed_entry("203.0.113.7", is_user_agent=False) == ("allowed_addresses", "203.0.113.7")
    assert allowed_entry("AS64500", is_user_agent=True) == ("allowed_user_agents", "AS64500")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("login_memory_ms", 7_776_000_000, "90d"),
        ("history_count", 1_000, "1,000"),
        ("blocked_countries", [], "-"),
        ("severities", {"instant_alert": "low"}, "instant_alert: low"),
    ],
)
def test_values_as_people_read_them(name: str, value: object, shown: str) -> None:
    assert shown_value(name, value) == shown
