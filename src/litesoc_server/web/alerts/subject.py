"""What an incident's key is about: an address, an actor, or something else."""

from dataclasses import dataclass

_ACTOR, _ADDRESS = "|actor:", "|ip:"


@dataclass(frozen=True)
class Subject:
    """Exactly one of the three is set."""

    actor: str | None = None
    address: str | None = None
    other: str | None = None


def subject_of(incident_key: str) -> Subject:
    """Read "family|ip:…" or "family|event|actor:…"; anything else is shown without its family.

    What comes first decides: the id of an actor may hold anything, an address and a family do not.
    """
    found = {mark: incident_key.find(mark) for mark in (_ACTOR, _ADDRESS) if mark in incident_key}
    if not found:
        return Subject(other=incident_key.partition("|")[2] or incident_key)
    mark = min(found, key=found.__getitem__)
    value = incident_key.partition(mark)[2]
    return Subject(actor=value) if mark == _ACTOR else Subject(address=value)
