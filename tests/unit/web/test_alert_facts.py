import pytest

from litesoc_server.events.detection import Fact
from litesoc_server.web.alerts.facts import ShownFact, shown_facts


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        (Fact("failures_count", 1234, 5), ShownFact("Failures", "1,234", "5")),
        (Fact("window_ms", 300_000), ShownFact("Looked at", "5 min", None)),
        (Fact("speed_kmh", 15311, 1000), ShownFact("Speed that it takes", "15,311 km/h", "1,000 km/h")),
        (Fact("distance_km", 7655, 300), ShownFact("Distance, location error taken off", "7,655 km", "300 km")),
        (
            Fact("log_likelihood_ratio", 14.94, 6.91),
            ShownFact("How much more likely an attack", "3,100,000 times", "1,000 times"),
        ),
        (Fact("local_hour", 3), ShownFact("Local time", "03:00", None)),
        (Fact("is_address_of_campaign", 1), ShownFact("Address is part of a campaign", "yes", None)),
        (Fact("country", "<b>"), ShownFact("Country", "<b>", None)),
        (Fact("never_heard_of_count", 7), ShownFact("Never heard of", "7", None)),
    ],
)
def test_a_fact_is_shown_with_its_unit_and_limit(fact: Fact, shown: ShownFact) -> None:
    assert shown_facts([fact]) == [shown]


def test_facts_with_a_limit_come_first_and_empty_ones_are_left_out() -> None:
    facts = [Fact("country", "NO"), Fact("signs", ""), Fact("failures_count", 6, 5)]
    assert [fact.title for fact in shown_facts(facts)] == ["Failures", "Country"]
