"""The form of a forwarder, made from its kind's fields. Secrets are never shown again: an empty one stays as it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from litesoc_server.destinations.fields import Field
from litesoc_server.events.event import Severity
from litesoc_server.forwarding.kinds import Kind
from litesoc_server.forwarding.models import Forwarder, What


@dataclass(frozen=True)
class Asked:
    """One field of the form as it is now."""

    field: Field
    value: str  # "" for secrets
    is_kept: bool  # a secret that is set
    is_removed: bool  # by the box beside it
    error: str


@dataclass
class ForwarderForm:
    """What was typed, and what is wrong with it by field."""

    kind: Kind
    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unset: Collection[str] = ()  # names of saved secrets to remove
    what: str = What.BOTH.value
    chosen_severities: Sequence[str] = ()
    categories: str = ""
    known: Mapping[str, str | None] = field(default_factory=dict)  # what is stored; None: a secret that is set
    errors: dict[str, str] = field(default_factory=dict)

    whats = What.choices

    @property
    def fields(self) -> Sequence[Asked]:
        """What the kind asks for."""
        return [
            Asked(
                one,
                "" if one.is_secret else self.values.get(one.name, self.known.get(one.name) or ""),
                one.name in self.known and self.known[one.name] is None,
                one.name in self.unset,
                self.errors.get(one.name, ""),
            )
            for one in self.kind.fields
        ]

    @property
    def severities(self) -> Sequence[tuple[str, bool]]:
        """Severities of events, with whether they are chosen."""
        return [(severity.value, severity.value in self.chosen_severities) for severity in Severity]

    def wanted(self) -> dict[str, Any]:
        """Return what is to be stored, as changes take it."""
        return {
            "name": self.name,
            "settings": self.values,
            "what": self.what,
            "severities": self.chosen_severities,
            "categories": self.categories.replace(",", " ").split(),
        }


def sent_form(kind: Kind, sent: QueryDict, known: Mapping[str, str | None] | None = None) -> ForwarderForm:
    """Return the form as it was sent."""
    return ForwarderForm(
        kind,
        name=sent.get("name", ""),
        values={one.name: sent.get(one.name, "") for one in kind.fields},
        unset=sent.getlist("unset"),
        what=sent.get("what", What.BOTH.value),
        chosen_severities=sent.getlist("severities"),
        categories=sent.get("categories", ""),
        known=known or {},
    )


def form_of(forwarder: Forwarder, kind: Kind, known: Mapping[str, str | None]) -> ForwarderForm:
    """Return the form with what is stored."""
    return ForwarderForm(
        kind,
        name=forwarder.name,
        what=forwarder.what,
        chosen_severities=forwarder.severities,
        categories=" ".join(forwarder.categories),
        known=known,
    )
