"""Which entries of the audit log an address asks for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import QueryDict

from litesoc_server.audit.actions import Action, Category, actions_in
from litesoc_server.audit.listing import Wanted
from litesoc_server.pipeline.normalise.text import clean_text

TEXT_LENGTH_MAX = 255  # characters
SEQ_MAX = 2**63 - 1  # what the databases hold


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An address, understood: what is no answer to a question is left out."""

    what: str  # name of an action or of a category, or ""
    who: str
    target: str
    address: str
    first_day: date | None
    last_day: date | None
    before: int | None  # only entries with smaller numbers

    @property
    def wanted(self) -> Wanted:
        """What the entries have to be."""
        return Wanted(
            actions=_actions(self.what),
            who=self.who or None,
            target=self.target or None,
            address=self.address or None,
            from_at=None if self.first_day is None else _midnight(self.first_day),
            to_at=None if self.last_day is None else _midnight(self.last_day) + timedelta(days=1),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than everything."""
        return self.wanted != Wanted()

    @property
    def filters(self) -> dict[str, str]:
        """The parameters that name it in an address, without the page."""
        days = {"from": self.first_day, "to": self.last_day}
        texts = {"what": self.what, "who": self.who, "target": self.target, "address": self.address}
        return {name: value for name, value in texts.items() if value} | {
            name: day.isoformat() for name, day in days.items() if day is not None
        }


def asked_by(query: QueryDict) -> Asked:
    """Return what ``query`` asks for."""
    what = query.get("what", "")
    return Asked(
        what=what if what in _CHOICES else "",
        who=_text(query, "who"),
        target=_text(query, "target"),
        address=_text(query, "address").lower(),
        first_day=_day(query.get("from", "")),
        last_day=_day(query.get("to", "")),
        before=_number(query.get("before", "")),
    )


_CHOICES = frozenset([*(one.value for one in Action), *(one.value for one in Category)])


def _actions(what: str) -> tuple[str, ...]:
    if what in (category.value for category in Category):
        return tuple(action.value for action in actions_in(Category(what)))
    return (what,) if what else ()


def _text(query: QueryDict, name: str) -> str:
    return clean_text(query.get(name, "")).strip()[:TEXT_LENGTH_MAX]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date.min < day < date.max else None  # the midnights around it have to exist


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 and int(text) <= SEQ_MAX else None  # noqa: PLR2004 # digits of SEQ_MAX
