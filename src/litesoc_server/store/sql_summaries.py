"""Answers to what pages ask, over any connection that speaks ClickHouse."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries.actor_facts import (
    ActorAddress,
    ActorDevice,
    ActorFacts,
    actor_addresses,
    actor_devices,
    actor_facts,
)
from litesoc_server.store.queries.address_facts import AddressActor, AddressFacts, address_actors, address_facts
from litesoc_server.store.queries.key_figures import KeyFigures, VisitorPoint, key_figures, visitor_series
from litesoc_server.store.queries.linked_actors import LinkedActor, linked_actors
from litesoc_server.store.queries.list_actors import ActorCursor, ActorRow, list_actors
from litesoc_server.store.queries.list_addresses import AddressCursor, AddressRow, list_addresses
from litesoc_server.store.queries.login_places import LoginPlace, login_places
from litesoc_server.store.queries.overview_series import SeriesPoint, overview_series
from litesoc_server.store.queries.places import Place, places
from litesoc_server.store.queries.span import Span
from litesoc_server.store.queries.tops import TopActor, TopAddress, TopName, top_actors, top_addresses, top_names


class SqlSummaries(ABC):
    """Implements ``store.summaries.Summaries``."""

    @abstractmethod
    def _read(self, sql: str, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        """Return the rows that a question is answered with. Raises StoreUnavailable."""

    def overview_series(self, *, org_id: OrgId, span: Span, step_ms: int) -> list[SeriesPoint]:
        """Return what happened in each step of time, by severity. Raises StoreUnavailable."""
        return overview_series(self._read, org_id=org_id, span=span, step_ms=step_ms)

    def visitor_series(self, *, org_id: OrgId, span: Span, step_ms: int) -> list[VisitorPoint]:
        """Return how many actors and addresses each step of time had. Raises StoreUnavailable."""
        return visitor_series(self._read, org_id=org_id, span=span, step_ms=step_ms)

    def key_figures(self, *, org_id: OrgId, span: Span) -> KeyFigures:
        """Return how much happened in a span, and how many had a part in it. Raises StoreUnavailable."""
        return key_figures(self._read, org_id=org_id, span=span)

    def top_addresses(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopAddress]:
        """Return the addresses with most events. Raises StoreUnavailable."""
        return top_addresses(self._read, org_id=org_id, span=span, limit=limit)

    def top_actors(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopActor]:
        """Return the actors with most events. Raises StoreUnavailable."""
        return top_actors(self._read, org_id=org_id, span=span, limit=limit)

    def top_names(self, *, org_id: OrgId, span: Span, limit: int) -> list[TopName]:
        """Return the event names with most events. Raises StoreUnavailable."""
        return top_names(self._read, org_id=org_id, span=span, limit=limit)

    def places(self, *, org_id: OrgId, span: Span, limit: int) -> list[Place]:
        """Return the places with most events. Raises StoreUnavailable."""
        return places(self._read, org_id=org_id, span=span, limit=limit)

    def list_actors(self, *, org_id: OrgId, span: Span, start: str, after: ActorCursor | None, limit: int) -> list[ActorRow]:
        """Return actors whose id or e-mail begins with ``start``, those seen last first. Raises StoreUnavailable."""
        return list_actors(self._read, org_id=org_id, span=span, start=start, after=after, limit=limit)

    def actor_facts(self, *, org_id: OrgId, actor_id: str, span: Span) -> ActorFacts | None:
        """Return what is known of an actor; None when it did nothing in the span. Raises StoreUnavailable."""
        return actor_facts(self._read, org_id=org_id, actor_id=actor_id, span=span)

    def actor_devices(self, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorDevice]:
        """Return the devices that an actor used, the latest first. Raises StoreUnavailable."""
        return actor_devices(self._read, org_id=org_id, actor_id=actor_id, span=span)

    def actor_addresses(self, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorAddress]:
        """Return the addresses that an actor came from, the latest first. Raises StoreUnavailable."""
        return actor_addresses(self._read, org_id=org_id, actor_id=actor_id, span=span)

    def linked_actors(self, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LinkedActor]:
        """Return the actors that share a device or an address with this one, the closest first. Raises StoreUnavailable."""
        return linked_actors(self._read, org_id=org_id, actor_id=actor_id, span=span, limit=limit)

    def login_places(self, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LoginPlace]:
        """Return the newest logins of an actor that have a place, oldest first. Raises StoreUnavailable."""
        return login_places(self._read, org_id=org_id, actor_id=actor_id, span=span, limit=limit)

    def list_addresses(
        self, *, org_id: OrgId, span: Span, start: str, after: AddressCursor | None, limit: int
    ) -> list[AddressRow]:
        """Return addresses whose text begins with ``start``, those seen last first. Raises StoreUnavailable."""
        return list_addresses(self._read, org_id=org_id, span=span, start=start, after=after, limit=limit)

    def address_facts(self, *, org_id: OrgId, ip: str, span: Span) -> AddressFacts | None:
        """Return what is known of an address; None when nothing came from it in the span. Raises StoreUnavailable."""
        return address_facts(self._read, org_id=org_id, ip=ip, span=span)

    def address_actors(self, *, org_id: OrgId, ip: str, span: Span) -> list[AddressActor]:
        """Return the actors that came from an address, those with most events first. Raises StoreUnavailable."""
        return address_actors(self._read, org_id=org_id, ip=ip, span=span)
