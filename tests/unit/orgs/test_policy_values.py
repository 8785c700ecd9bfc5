"""What a stored policy may hold, and how a mistake is said."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.policy_lists import LISTS, ValueRefused
from litesoc_server.orgs.policy_values import PolicyInvalid, checked, require_few, settings, usable
from litesoc_server.pipeline.detect.screen import Screen
from litesoc_server.pipeline.policy import DetectionPolicy


def test_every_setting_says_what_it_is_and_what_it_may_be() -> None:
    for setting in settings().values():
        assert setting.description, setting.name
        assert setting.rule, setting.name
        assert checked({setting.name: setting.default}) == {setting.name: setting.default}


def test_what_comes_from_the_plan_or_has_rows_of_its_own_is_no_setting() -> None:
    assert not {"version", "retention_days", "suppressions"} & settings().keys()


def test_values_are_kept_in_canonical_form() -> None:
    assert checked(
        {
            "brute_force_address_failures_count": 7,
            "impossible_travel_speed_kmh": 900,
            "muted_detectors": ["instant_alert", "brute_force_address", "instant_alert"],
            "severities": {"brute_force_address": "low"},
            "allowed_addresses": ["203.0.113.0/24", "198.51.100.7/32", "2001:DB8::1"],
            "allowed_asns": [64501, 64500],
            "blocked_countries": ["no", " kp "],
        }
    ) == {
        "brute_force_address_failures_count": 7,
        "impossible_travel_speed_kmh": 900,
        "muted_detectors": ["brute_force_address", "instant_alert"],
        "severities": {"brute_force_address": "low"},
        "allowed_addresses": ["203.0.113.0/24", "198.51.100.7", "2001:db8::1"],
        "allowed_asns": [64500, 64501],
        "blocked_countries": ["KP", "NO"],
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("brute_force_adress_failures_count", 5, "did you mean brute_force_address_failures_count"),
        ("retention_days", 7, "there is no setting"),
        ("brute_force_address_failures_count", 0, "must be a whole number from 1 to 4,000; 0 was sent"),
        ("brute_force_address_failures_count", "5", 'whole number from 1 to 4,000; "5" was sent'),
        ("brute_force_address_failures_count", True, "true was sent"),
        ("brute_force_address_window_ms", 10**15, "from 1,000 to 34,560,000,000; 1000000000000000 was sent"),
        ("impossible_travel_speed_kmh", 0, "must be a number above 0 and at most 1,000,000; 0 was sent"),
        ("muted_detectors", ["brute_force_adress"], "did you mean brute_force_address"),
        ("muted_detectors", "instant_alert", "must be a list of detectors' ids"),
        ("severities", {"instant_alert": "severe"}, "it must be one of low, medium, high, critical"),
        ("severities", ["instant_alert"], "must be an object"),
        ("allowed_addresses", ["10.0.0.0/33"], '"10.0.0.0/33", which is no address and no CIDR range'),
        ("allowed_addresses", ["10.0.0.1/24"], "write 10.0.0.0/24 or a single address"),
        ("allowed_addresses", ["0.0.0.0/0"], "too wide: a range must be /8 or narrower"),
        ("allowed_addresses", ["::/0"], "too wide: a range must be /16 or narrower"),
        ("allowed_addresses", ["2600::/12"], "too wide: a range must be /16 or narrower"),
        ("allowed_addresses", ["::ffff:203.0.113.7"], "write it as the IPv4 address 203.0.113.7"),
        ("allowed_addresses", [7], "an entry must be a text"),
        ("allowed_addresses", [f"10.0.{n}.1" for n in range(201)], "at most 200 entries; 201 were sent"),
        ("allowed_asns", ["AS64500"], '"AS64500"; a network is a number from 1 to 4,294,967,295'),
        ("allowed_asns", [0], "a network is a number from 1"),
        ("allowed_actors", [" "], "ids of 1 to 255 characters"),
        ("allowed_user_agents", [""], "of 4 to 1,024 characters"),
        ("allowed_user_agents", ["Mozilla/5.0"], "which every browser begins with"),
        ("blocked_countries", ["UK"], '"UK", which is no country code'),
    ],
)
def test_a_mistake_is_said_with_the_setting_what_was_sent_and_the_fix(name: str, value: object, said: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        checked({name: value})
    assert said in str(refused.value)
    assert name in str(refused.value)
    assert [problem.setting for problem in refused.value.problems] == [name]


def test_all_mistakes_are_named_together() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        checked({"history_count": 0, "blocked_countries": ["XX"], "allowed_asns": [64500]})
    assert [problem.setting for problem in refused.value.problems] == ["history_count", "blocked_countries"]


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        checked({"history_count": "x" * 10_000})
    assert len(str(refused.value)) < 250


def test_private_ranges_and_own_programs_may_be_allowed() -> None:
    values = {"allowed_addresses": ["10.0.0.0/8", "fc00::/7"], "allowed_user_agents": ["Mozilla/5.0 (compatible; Probe/2"]}
    assert checked(values) == values


def test_more_names_than_there_are_settings_are_not_looked_at() -> None:
    with pytest.raises(PolicyInvalid, match="1,000 settings were sent"):
        require_few([f"brute_force_address_failures_coun{n}" for n in range(1000)])


def test_what_no_longer_fits_is_left_out_and_named_and_the_rest_holds() -> None:
    fields, problems = usable(
        {
            "history_count": 4,
            "a_setting_of_an_older_release": 5,
            "brute_force_address_failures_count": -1,
            "muted_detectors": ["a_detector_of_an_older_release", "instant_alert"],
            "severities": {"brute_force_address": "low", "a_detector_of_an_older_release": "high"},
            "allowed_asns": "everything",
        }
    )
    assert fields == {
        "history_count": 4,
        "muted_detectors": frozenset({"instant_alert"}),
        "severities": {"brute_force_address": AlertSeverity.LOW},
    }
    assert [problem.setting for problem in problems] == [
        "a_setting_of_an_older_release",
        "brute_force_address_failures_count",
        "muted_detectors",
        "severities",
        "allowed_asns",
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(settings())) | st.text(max_size=10), _JSON, max_size=4))
def test_whatever_is_stored_makes_a_policy_that_the_pipeline_can_use(stored: dict[str, object]) -> None:
    fields, _ = usable(stored)
    Screen(DetectionPolicy(**fields))


@given(st.sampled_from(sorted(settings())), _JSON)
def test_what_is_taken_is_read_back_as_it_was_taken(name: str, value: object) -> None:
    try:
        taken = checked({name: value})
    except PolicyInvalid:
        return
    assert msgspec.json.decode(msgspec.json.encode(taken)) == taken == checked(taken)
    assert usable(taken)[1] == ()


@given(st.ip_addresses() | st.builds(lambda a, n: f"{a}/{n}", st.ip_addresses(), st.integers(0, 128)))
def test_an_address_that_is_taken_can_be_held_against_events(address: object) -> None:
    with contextlib.suppress(ValueRefused):
        taken = LISTS["allowed_addresses"].canonical([str(address)])
        assert isinstance(taken, list)
        Screen(DetectionPolicy(allowed_addresses=tuple(taken)))
