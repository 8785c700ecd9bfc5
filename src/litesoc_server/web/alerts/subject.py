"""What an incident's key is about: an address, an actor, or the organisation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """Exactly one of the three is set."""

    actor: str | None = None
    address: str | None = None
    other: str | None = None


def subject_of(incident_key: str) -> Subject:
    """Read "family|ip:…" or "family|actor:…"; anything else is shown as it is."""
    _, _, named = incident_key.partition("|")
    kind, colon, value = named.partition(":")
    if colon and kind == "ip":
        return Subject(address=value)
    if colon and kind == "actor":
        return Subject(actor=value)
    return Subject(other=named or incident_key)
