"""Words for where something is held of a person."""

from django import template

register = template.Library()

PLACE_WORDS = {
    "events": "Events",
    "daily_sums": "Daily sums of events",
    "events_of_others": "Events of others whose metadata names them",
    "alerts": "Alerts about them alone",
    "alerts_naming": "Alerts about others as well",
    "comments": "Comments on alerts",
    "alert_history": "History of alerts",
    "bulk_changes": "Changes of many alerts",
    "suppressions": "Suppressions",
    "policy": "Lists of the detection policy",
    "policy_history": "History of the detection policy",
    "saved_views": "Saved views",
    "audit_log": "Values in the audit log",
    "dead_letters": "Dead letters",
}


@register.filter
def place_words(place: str) -> str:
    """Return what people call a place; the name of its table for one that has no words yet."""
    return PLACE_WORDS.get(place, place)
