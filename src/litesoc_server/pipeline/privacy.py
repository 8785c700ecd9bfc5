"""What is taken out of events before they are stored, as their organisation wants it."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import msgspec

from litesoc_server.events.event import Event

REDACTED = "[REDACTED]"
IPV4_BITS_KEPT, IPV6_BITS_KEPT = 24, 48
_WITH_ADDRESSES_IN_TEXT = frozenset({"user_ip_raw"})  # a list of addresses as it was sent
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


class PrivacyRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation decided about personal data in its events."""

    redacted_keys: frozenset[str] = frozenset()  # of the metadata, at any depth, in lower case
    truncates_addresses: bool = False


def redact(event: Event, rules: PrivacyRules) -> Event:
    """Return ``event`` with the values of the redacted keys replaced: before enrichment and detection see them."""
    if not rules.redacted_keys:
        return event
    found = _without(_DECODER.decode(event.metadata), rules.redacted_keys)
    return msgspec.structs.replace(event, metadata=msgspec.Raw(_ENCODER.encode(found)))


def truncate(event: Event, rules: PrivacyRules) -> Event:
    """Return ``event`` with its addresses cut to their networks: after enrichment and detection, before it is stored."""
    if not rules.truncates_addresses:
        return event
    metadata = _truncated(_DECODER.decode(event.metadata))
    return msgspec.structs.replace(
        event,
        user_ip=truncated_address(event.user_ip),
        server_ip=truncated_address(event.server_ip),
        metadata=msgspec.Raw(_ENCODER.encode(metadata)),
    )


def truncated_address(text: str | None) -> str | None:
    """Return the first address of the network that an address is in: /24 of IPv4, /48 of IPv6. Other text stays."""
    if text is None:
        return None
    try:
        address = ip_address(text.strip())
    except ValueError:
        return text
    bits = IPV6_BITS_KEPT if isinstance(address, IPv6Address) else IPV4_BITS_KEPT
    return str(ip_network((address.packed, bits), strict=False).network_address)


def _without(value: Any, keys: frozenset[str]) -> Any:  # noqa: ANN401 # whatever JSON holds
    match value:
        case dict():
            return {name: REDACTED if name.lower() in keys else _without(member, keys) for name, member in value.items()}
        case list():
            return [_without(member, keys) for member in value]
        case _:
            return value


def _truncated(value: Any) -> Any:  # noqa: ANN401 # whatever JSON holds
    match value:
        case dict():
            return {
                name: REDACTED if name in _WITH_ADDRESSES_IN_TEXT else _truncated(member) for name, member in value.items()
            }
        case list():
            return [_truncated(member) for member in value]
        case str():
            return truncated_address(value)
        case _:
            return value
