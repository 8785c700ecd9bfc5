"""Small MaxMind DB files, written as the format says (https://maxmind.github.io/MaxMind-DB/, version 2.0)."""

import ipaddress
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_METADATA_START = b"\xab\xcd\xefMaxMind.com"
_BITS = 128
_EMPTY = None
_UINT16, _UINT32, _UINT64 = 5, 6, 9

DBIP_CITY, GEOLITE2_CITY, GEOLITE2_ASN = "DBIP-City-Lite", "GeoLite2-City", "GeoLite2-ASN"


class _Typed(NamedTuple):
    """A whole number of a type of its own; elsewhere they are of 32 bits."""

    kind: int
    value: int


def write_mmdb(path: Path, database_type: str, networks: Mapping[str, Any], *, built_at_s: int = 1_792_000_000) -> None:
    """Write a file; ``networks`` maps networks in CIDR form (IPv4 or IPv6, not nested) to their records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mmdb_bytes(database_type, networks, built_at_s=built_at_s))


def mmdb_bytes(database_type: str, networks: Mapping[str, Any], *, built_at_s: int = 1_792_000_000) -> bytes:
    data = b""
    nodes: list[list[Any]] = [[_EMPTY, _EMPTY]]
    for text, record in networks.items():
        _insert(nodes, ipaddress.ip_network(text), len(data))
        data += _encode(record)
    tree = b"".join(_pointer(side, len(nodes)) for node in nodes for side in node)
    about = {
        "binary_format_major_version": _Typed(_UINT16, 2),
        "binary_format_minor_version": _Typed(_UINT16, 0),
        "build_epoch": _Typed(_UINT64, built_at_s),
        "database_type": database_type,
        "description": {"en": "test data"},
        "ip_version": _Typed(_UINT16, 6),
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": _Typed(_UINT16, 32),
    }
    return tree + bytes(16) + data + _METADATA_START + _encode(about)


def city_record(
    country: str,
    city: str,
    latitude: float,
    longitude: float,
    *,
    time_zone: str | None = None,
    accuracy_km: int | None = None,
) -> dict[str, Any]:
    location: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    if time_zone is not None:
        location["time_zone"] = time_zone
    if accuracy_km is not None:
        location["accuracy_radius"] = accuracy_km
    return {
        "country": {"iso_code": country},
        "subdivisions": [{"names": {"en": f"Region of {city.partition(' ')[0]}"}}],
        "city": {"names": {"en": city, "de": "anders"}},
        "location": location,
    }


def asn_record(asn: int, org: str) -> dict[str, Any]:
    return {"autonomous_system_number": asn, "autonomous_system_organization": org}


def _insert(nodes: list[list[Any]], network: ipaddress.IPv4Network | ipaddress.IPv6Network, offset: int) -> None:
    # In a file for both families IPv4 is the part below ::/96.
    length = network.prefixlen + (96 if network.version == 4 else 0)
    value = int(network.network_address)
    node = 0
    for depth in range(length):
        side = value >> (_BITS - 1 - depth) & 1
        if depth == length - 1:
            nodes[node][side] = ("data", offset)
            return
        if nodes[node][side] is _EMPTY:
            nodes.append([_EMPTY, _EMPTY])
            nodes[node][side] = ("node", len(nodes) - 1)
        node = nodes[node][side][1]


def _pointer(side: Any, nodes_count: int) -> bytes:
    if side is _EMPTY:
        return struct.pack(">I", nodes_count)
    what, number = side
    return struct.pack(">I", number if what == "node" else nodes_count + 16 + number)


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        content = value.encode()
        return _control(2, len(content)) + content
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        return _encode(_Typed(_UINT32, value))
    if isinstance(value, _Typed):
        content = value.value.to_bytes((value.value.bit_length() + 7) // 8, "big")
        return _control(value.kind, len(content)) + content
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encode(name) + _encode(item) for name, item in value.items())
    return _control(11, len(value)) + b"".join(_encode(item) for item in value)


def _control(kind: int, size: int) -> bytes:
    extended = b""
    if kind > 7:
        extended, kind = bytes([kind - 7]), 0
    if size < 29:
        return bytes([kind << 5 | size]) + extended
    assert size < 29 + 256
    return bytes([kind << 5 | 29]) + extended + bytes([size - 29])
