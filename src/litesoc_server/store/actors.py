"""What the store port says about one actor as a person: how their events name them, and what is held of them."""

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.mentions import Mentions


class ActorNames(msgspec.Struct, frozen=True, kw_only=True):
    """How the events of one organisation name one actor, in both environments. All of it is personal data."""

    ids: tuple[str, ...]  # as events name the actor; those with an @ in lower case, whatever the case in events
    emails: tuple[str, ...] = ()  # in lower case; no event of another actor carries one of them
    display_names: tuple[str, ...] = ()  # no event of another actor carries one of them
    addresses: tuple[str, ...] = ()  # only events of this actor came from there
    others: tuple[str, ...] = ()  # ids of actors whose events carry one of the same e-mail addresses

    @property
    def mentions(self) -> Mentions:
        """What finds the actor in texts."""
        return Mentions({*self.ids, *self.emails, *self.display_names, *self.addresses})


class HeldRows(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of one kind the store holds of an actor in one environment."""

    place: str  # "events", "daily_sums", or "events_of_others": those whose metadata names the actor
    environment: Environment
    count: int
    first_ms: int  # event time, Unix ms
    last_ms: int  # event time, Unix ms
