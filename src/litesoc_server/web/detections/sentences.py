"""A detector's description, taken apart: what leads, what follows, and how its alerts are put together."""

import re
from dataclasses import dataclass

_END = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
_SENTENCES_OF_LEAD = 2
_INCIDENT = re.compile(r"\bIncidents?: |\bincident_key\b|\|(?:ip|org|actor):")


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a page shows of a description."""

    lead: str
    more: str  # "" when the lead is all
    grouping: str  # how alerts are put together; "" when nothing is said of it


def description_of(text: str) -> Description:
    """Return a description's parts; together they are all of it."""
    sentences = _END.split(text)
    grouping = [one for one in sentences if _INCIDENT.search(one)]
    plain = [one for one in sentences if not _INCIDENT.search(one)]
    return Description(
        lead=" ".join(plain[:_SENTENCES_OF_LEAD]),
        more=" ".join(plain[_SENTENCES_OF_LEAD:]),
        grouping=" ".join(grouping),
    )


def first_sentence(text: str) -> str:
    """Return the sentence that a description begins with."""
    return _END.split(text)[0]
