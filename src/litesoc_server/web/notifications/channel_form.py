"""The form of a channel, made from its kind's fields. Secrets are never shown again: an empty one stays as it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from litesoc_server.destinations.fields import Field
from litesoc_server.notify.channels.base import ChannelKind


@dataclass(frozen=True)
class Asked:
    """One field of the form as it is now."""

    field: Field
    value: str  # "" for secrets
    is_set: bool
    is_removed: bool  # a saved secret, by the box beside it
    error: str

    @property
    def is_removable(self) -> bool:
        """Whether it is a saved secret that the channel can do without."""
        return self.is_set and self.field.is_secret and not self.field.is_required


@dataclass
class ChannelForm:
    """What was typed, and what is wrong with it by field."""

    kind: ChannelKind
    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unset: Collection[str] = ()  # names of saved secrets to remove
    known: Mapping[str, str | None] = field(default_factory=dict)  # what is stored; None: a secret that is set
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def needed(self) -> Sequence[Asked]:
        """The fields that have to be filled in."""
        return [self._asked(one) for one in self.kind.fields if one.is_required]

    @property
    def further(self) -> Sequence[Asked]:
        """The fields that may stay empty."""
        return [self._asked(one) for one in self.kind.fields if not one.is_required]

    @property
    def is_further_open(self) -> bool:
        """Whether the further fields are to be seen at once: something stands in one, or is wrong with it."""
        return any((one.is_set and not one.field.choices) or one.error for one in self.further)

    @property
    def other_errors(self) -> Sequence[str]:
        """What is wrong with no field of the form."""
        shown = {"name", *(one.name for one in self.kind.fields)}
        return [text for name, text in self.errors.items() if name not in shown]

    def _asked(self, one: Field) -> Asked:
        known = self.known.get(one.name, "")
        value = "" if one.is_secret else self.values.get(one.name, known or "")
        return Asked(one, value, known is None or bool(value), one.name in self.unset, self.errors.get(one.name, ""))


def sent_channel_form(kind: ChannelKind, sent: QueryDict, known: Mapping[str, str | None] | None = None) -> ChannelForm:
    """Return the form as it was sent."""
    values = {one.name: str(sent.get(f"s-{one.name}", "")) for one in kind.fields}
    return ChannelForm(kind, str(sent.get("name", "")), values, sent.getlist("unset"), known or {})
