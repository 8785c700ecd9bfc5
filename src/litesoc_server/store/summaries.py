"""The part of the store port that pages ask: what happened over time, who stood out, what is known of one actor or address.

``org_id`` is required and keyword-only. All of them raise StoreUnavailable. Which answers count whole hours or days:
store/queries/span.py.
"""

from typing import Protocol

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries.actor_facts import ActorAddress, ActorDevice, ActorFacts
from litesoc_server.store.queries.address_facts import AddressActor, AddressFacts
from litesoc_server.store.queries.key_figures import KeyFigures, VisitorPoint
from litesoc_server.store.queries.linked_actors import LinkedActor
from litesoc_server.store.queries.list_actors import ActorCursor, ActorRow
from litesoc_server.store.queries.list_addresses import AddressCursor, AddressRow
from litesoc_server.store.queries.login_places import LoginPlace
from litesoc_server.store.queries.overview_series import SeriesPoint
from litesoc_server.store.queries.places import Place
from litesoc_server.store.queries.span import Span
from litesoc_server.store.queries.tops import TopActor, TopAddress, TopName


class Summaries(Protocol):
    """What is asked for pages."""

    def overview_series(self, *, org_id: OrgId, span: Span, step_ms: int) -> list[SeriesPoint]:
        """Return what happened in each step of time, by severity."""
        ...

    def visitor_series(self, *, org_id: OrgId, span: Span, step_ms: int) -> list[VisitorPoint]:
        """Return how many actors and addresses each step of time had."""
        ...

    def key_figures(self, *, org_id: OrgId, span: Span) -> KeyFigures:
        """Return how much happened in a span, and how many had a part in it."""
        ...

    def top_addresses(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopAddress]:
        """Return the addresses with most events."""
        ...

    def top_actors(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopActor]:
        """Return the actors with most events."""
        ...

    def top_names(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopName]:
        """Return the event names with most events."""
        ...

    def places(self, *, org_id: OrgId, span: Span, limit: int) -> list[Place]:
        """Return the places with most events."""
        ...

    def list_actors(self, *, org_id: OrgId, span: Span, start: str, after: ActorCursor | None, limit: int) -> list[ActorRow]:
        """Return actors whose id or e-mail begins with ``start``, those seen last first."""
        ...

    def actor_facts(self, *, org_id: OrgId, actor_id: str, span: Span) -> ActorFacts | None:
        """Return what is known of an actor; None when it did nothing in the span."""
        ...

    def actor_devices(self, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorDevice]:
        """Return the devices that an actor used, the latest first."""
        ...

    def actor_addresses(self, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorAddress]:
        """Return the addresses that an actor came from, the latest first."""
        ...

    def linked_actors(self, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LinkedActor]:
        """Return the actors that share a device or an address with this one, the closest first."""
        ...

    def login_places(self, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LoginPlace]:
        """Return the newest logins of an actor that have a place, oldest first."""
        ...

    def list_addresses(
        self, *, org_id: OrgId, span: Span, start: str, after: AddressCursor | None, limit: int
    ) -> list[AddressRow]:
        """Return addresses whose text begins with ``start``, those seen last first."""
        ...

    def address_facts(self, *, org_id: OrgId, ip: str, span: Span) -> AddressFacts | None:
        """Return what is known of an address; None when nothing came from it in the span."""
        ...

    def address_actors(self, *, org_id: OrgId, ip: str, span: Span) -> list[AddressActor]:
        """Return the actors that came from an address, those with most events first."""
        ...
