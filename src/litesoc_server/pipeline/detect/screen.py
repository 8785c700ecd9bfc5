"""What an organisation wants left alone: events that no detector looks at, and detections that become no alert."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import msgspec

from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.pipeline.policy import DetectionPolicy, Suppression

_Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]


class Screen:
    """One policy's allow-lists, severities and suppressions, ready to be asked about every event."""

    def __init__(self, policy: DetectionPolicy) -> None:
        self.policy = policy
        self.muted = policy.muted_detectors
        self._networks = _networks(policy.allowed_addresses)
        self._suppressions = tuple((one, _networks((one.address,) if one.address else ())) for one in policy.suppressions)
        self.exempts_some = bool(
            policy.allowed_addresses or policy.allowed_asns or policy.allowed_actors or policy.allowed_user_agents
        )

    def exempts(self, event: Event) -> bool:
        """Return whether detectors pass ``event`` over: its address, network, actor or user agent is an allowed one."""
        policy = self.policy
        if event.actor is not None and event.actor.id in policy.allowed_actors:
            return True
        if event.network is not None and event.network.asn in policy.allowed_asns:
            return True
        user_agent = event.device.user_agent if event.device is not None else None
        if user_agent is not None and user_agent.startswith(policy.allowed_user_agents):
            return True
        return _is_in(event.user_ip, self._networks)

    def settle(self, detection: Detection) -> Detection:
        """Return ``detection`` with the severity the organisation gave its detector, marked if it is suppressed."""
        severity = self.policy.severities.get(detection.detector, detection.severity)
        suppressed_by = next((one.id for one, networks in self._suppressions if _matches(one, networks, detection)), None)
        if severity is detection.severity and suppressed_by is None:
            return detection
        return msgspec.structs.replace(detection, severity=severity, suppressed_by=suppressed_by)


def _matches(suppression: Suppression, networks: _Networks, detection: Detection) -> bool:
    return (
        detection.last_seen_ms < suppression.expires_at_ms
        and (suppression.detector is None or suppression.detector == detection.detector)
        and (suppression.actor_id is None or suppression.actor_id == detection.actor_id)
        and (suppression.address is None or _is_in(detection.source_ip, networks))
    )


def _networks(texts: tuple[str, ...]) -> _Networks:
    return tuple(ip_network(text, strict=False) for text in texts)


def _is_in(ip: str | None, networks: _Networks) -> bool:
    if ip is None or not networks:
        return False
    address = ip_address(ip)
    return any(address in network for network in networks)
