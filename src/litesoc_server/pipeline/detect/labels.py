"""What networks and devices are recognised by."""

import hashlib
from functools import lru_cache

from litesoc_server.events.event import Device, Network, NetworkKind
from litesoc_server.pipeline.detect.networks import kind_of

UNKNOWN = ""  # stands for an unknown network or device; it counts as a login and is never familiar
_LABELS_CACHED = 65_536
_DIGEST_BYTES = 12  # 96 bits: one actor has few devices


def network_label(network: Network | None) -> str:
    """Return what a network is recognised by: its autonomous system; all of Tor, and all privacy relays, are one each."""
    if network is None:
        return UNKNOWN
    kind = kind_of(network)
    if kind is NetworkKind.TOR or kind is NetworkKind.RELAY:
        return kind
    return UNKNOWN if network.asn is None else str(network.asn)


def device_label(device: Device | None) -> str:
    """Return what a device is recognised by: the sender's id of it, else the families of its browser and its system."""
    if device is None:
        return UNKNOWN
    return family_label(device) if device.id is None else _id_label(device.id)


def family_label(device: Device | None) -> str:
    """Return the families of a device's browser and of its system, UNKNOWN when neither is known."""
    if device is None or (device.browser is None and device.os is None):
        return UNKNOWN
    return f"{device.browser}/{device.os}".replace("|", "/")  # a label is a part of keys; agents can be called anything


@lru_cache(maxsize=_LABELS_CACHED)
def _id_label(device_id: str) -> str:
    """Return a digest: state keeps many of them, and the id itself may be long and is personal data."""
    return "id:" + hashlib.blake2b(device_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
