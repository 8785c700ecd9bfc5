from math import log

import pytest

from litesoc_server.events.event import Device, Geo, Network
from litesoc_server.pipeline.detect import wording


@pytest.mark.parametrize(
    ("length_ms", "text"),
    [
        (0, "less than 1 s"),
        (3_000, "3 s"),
        (451_000, "7 min 31 s"),
        (300_000, "5 min"),
        (3_600_000, "1 h"),
        (7_500_000, "2 h 5 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_durations(length_ms: int, text: str) -> None:
    assert wording.duration(length_ms) == text


def test_counts() -> None:
    assert wording.several(1, "failed login") == "1 failed login"
    assert wording.several(1_200, "account") == "1,200 accounts"
    assert wording.several(2, "different address") == "2 different addresses"
    assert wording.several(4_096, "failed login") == "at least 4,096 failed logins"


def test_how_much_a_sign_changes_the_odds() -> None:
    assert [wording.times(log(factor)) for factor in (1.26, 1 / 1.26, 9.94, 9.96, 36.4, 1_349)] == [
        "1.3 times",
        "1.3 times",
        "9.9 times",
        "10 times",
        "36 times",
        "1,300 times",
    ]


def test_times_are_utc() -> None:
    assert wording.utc(1_772_366_400_999) == "2026-03-01T12:00:00Z"


def test_names_fit_on_a_line() -> None:
    assert wording.name("mira") == "mira"
    assert wording.name("a\nb\x00") == "a�b�"
    assert len(wording.name("x" * 500)) == 80


def test_where_something_comes_from() -> None:
    oslo = Geo("NO", city="Oslo")
    assert wording.where(oslo, Network(asn=224, as_org="UNINETT")) == "Oslo, NO, AS224 (UNINETT)"
    assert wording.where(Geo("NO"), Network()) == "NO, an unknown network"
    assert wording.where(None, None) == "place and network unknown"
    assert wording.where(None, Network(special="link_local")) == "a link-local address"


def test_devices() -> None:
    assert wording.device(Device("Mozilla/5.0", "Firefox", "143", "Linux")) == "Firefox on Linux"
    assert wording.device(Device("curl")) == "an unknown device"


def test_an_amount_that_was_stated_is_exact_however_large() -> None:
    assert [wording.exactly(amount, "row") for amount in (0, 1, 48_000)] == ["0 rows", "1 row", "48,000 rows"]
    assert wording.several(48_000, "failed login") == "at least 48,000 failed logins"
