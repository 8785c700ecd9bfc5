"""Makes events: gives them ids, times by their server's clock, and the shape that normalise and enrich would give."""

from collections.abc import Mapping
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.networks import Access
from litesoc_server.evaluation.simulator.population import Organisation
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.normalise.aliases import resolve_name

LOGIN_SUCCEEDED, LOGIN_FAILED = "auth.login_success", "auth.login_failed"
_ENCODER = msgspec.json.Encoder()
_NO_METADATA = msgspec.Raw(b"{}")


class Maker:
    """The one source of events, attacks included, so that nothing about an event tells where it comes from."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"ids|{seed}")
        self._number = self._rng.getrandbits(24)
        self._suffix = f"8{seed & 0xFFF:03x}"

    def server(self, org: Organisation) -> int:
        """Return one of the organisation's application servers; a session stays with one."""
        return self._rng.randrange(len(org.skews_ms))

    def session_id(self) -> str:
        """Return a new session's id."""
        return f"{self._rng.getrandbits(64):016x}"

    def make(
        self,
        org: Organisation,
        at_ms: int,
        name: str,
        actor: Actor | None,
        access: Access | None,
        device: Device | None,
        *,
        server: int | None = None,
        session_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Event:
        """Return an event of true time ``at_ms``. Without ``server`` any of them took the request."""
        resolved = resolve_name(name)
        if resolved.original is not None:
            metadata = {**(metadata or {}), "original_event": resolved.original}
        self._number += 1
        skew_ms = org.skews_ms[self.server(org) if server is None else server]
        return Event(
            event_id=self._event_id(at_ms),
            org_id=org.org_id,
            environment=Environment.LIVE,
            key_id="simulated",
            source="collect",
            occurred_at_ms=at_ms + skew_ms,
            received_at_ms=at_ms,
            name=resolved.name,
            category=resolved.category,
            severity=resolved.severity,
            actor=actor,
            user_ip=access.ip if access is not None else None,
            server_ip=None,
            metadata=_NO_METADATA if metadata is None else msgspec.Raw(_ENCODER.encode(metadata)),
            geo=access.geo if access is not None else None,
            network=access.network if access is not None else None,
            device=device,
            session_id=session_id if org.sends_session_ids else None,
        )

    def _event_id(self, at_ms: int) -> EventId:
        """Return the next id, a UUIDv7 of ``at_ms``."""
        number = self._number
        return EventId(f"{at_ms >> 16:08x}-{at_ms & 0xFFFF:04x}-7{number & 0xFFF:03x}-{self._suffix}-{number:012x}")
