"""The numbers behind an alert as people read them: a name, a value with its unit, and the limit it was held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.events.detection import Fact
from litesoc_server.pipeline.detect import wording

# Where the name alone does not say it. The others are their own words without the unit.
_TITLES = {
    "accounts_count": "Accounts",
    "acts_count": "Acts after the login",
    "age_ms": "Age",
    "causes_count": "Reasons for suspicion",
    "days_count": "Days",
    "delay_ms": "Time until it",
    "distance_km": "Distance, location error taken off",
    "gap_ms": "Time between",
    "gap_variation_ratio": "How much the pauses vary",
    "is_address_of_campaign": "Address is part of a campaign",
    "local_hour": "Local time",
    "log_likelihood_ratio": "How much more likely an attack",
    "measured_distance_km": "Distance between the places",
    "median_gap_ms": "Typical pause between attempts",
    "near_days_count": "Days with work at about this hour",
    "org_logins_count": "Logins of the organisation",
    "pushes_count": "Push requests",
    "refusals_count": "Refused requests",
    "signs": "Signs",
    "silence_ms": "Time without a login",
    "since_reset_ms": "Time since a reset",
    "span_ms": "Within",
    "speed_kmh": "Speed that it takes",
    "stages_count": "Stages of a takeover",
    "usual_failures_count": "Failures usual for it",
    "uses_count": "Uses",
    "window_ms": "Looked at",
}
_UNIT_WORDS = {"_kmh": "km/h", "_km": "km"}
_UNITS = ("_count", "_ms", "_kmh", "_km", "_ratio", "_hour")


@dataclass(frozen=True)
class ShownFact:
    """One number in words."""

    title: str
    value: str
    limit: str | None


def shown_facts(facts: Sequence[Fact]) -> list[ShownFact]:
    """Return the facts, those with a limit first: they are why it fired."""
    shown = [
        ShownFact(_title(fact.name), fact_value(fact.name, fact.value), _limit(fact)) for fact in facts if fact.value != ""
    ]
    return sorted(shown, key=lambda fact: fact.limit is None)


def _title(name: str) -> str:
    if name in _TITLES:
        return _TITLES[name]
    for unit in _UNITS:
        name = name.removesuffix(unit)
    return name.removeprefix("is_").replace("_", " ").capitalize()


def _limit(fact: Fact) -> str | None:
    return None if fact.threshold is None else fact_value(fact.name, fact.threshold)


def fact_value(name: str, value: float | str) -> str:
    """Return a fact's value with its unit, which stands at the end of its name."""
    if isinstance(value, str):
        return value
    if name.startswith("is_"):
        return "yes" if value else "no"
    if name.endswith("_ms"):
        return wording.duration(value)
    if name.endswith("_hour"):
        return f"{int(value):02}:00"
    if name == "log_likelihood_ratio":
        return f"{wording.times_as_likely(value)} times"
    number = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    return number + next((f" {unit}" for end, unit in _UNIT_WORDS.items() if name.endswith(end)), "")
