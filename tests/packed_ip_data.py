"""Packed IP data of a handful of ranges, in the format of the files in the package."""

import ipaddress
import json
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Place = tuple[str, str, str, str, int, int]  # country, region, city, time zone, latitude and longitude in hundredths


def write_city_data(path: Path, places: Sequence[Place], ranges: Mapping[str, int]) -> None:
    """Write city data; ``ranges`` maps the first address of each range to the number of its place (1-based, 0 = none)."""
    regions = sorted({f"{place[0]}\t{place[1]}" for place in places})
    zones = sorted({place[3] for place in places})
    sections = {
        **range_sections(ranges, "loc"),
        "city": lines([place[2] for place in places]),
        "region": lines(regions),
        "tz": lines(zones),
        "loc_region": planes([regions.index(f"{place[0]}\t{place[1]}") for place in places], 2),
        "loc_tz": planes([zones.index(place[3]) for place in places], 2),
        "loc_lat": planes([place[4] for place in places], 2),
        "loc_lon": planes([place[5] for place in places], 2),
    }
    write(path, b"IPC1", ranges, {"source": "City test data 2026-09-01", "licence": "CC0"}, sections)


def write_asn_data(path: Path, networks: Sequence[tuple[int, str]], ranges: Mapping[str, int]) -> None:
    """Write origin data; row 0 of ``networks`` stands for "not announced"."""
    sections = {
        **range_sections(ranges, "asn"),
        "asn": planes([number for number, _ in networks], 4),
        "org": lines([name for _, name in networks]),
    }
    write(path, b"IPA1", ranges, {"source": "Origin test data, 2026-09-16", "licence": "CC0"}, sections)


def range_sections(ranges: Mapping[str, int], value: str) -> dict[str, bytes]:
    sections: dict[str, bytes] = {}
    for version, width in ((4, 4), (6, 8)):
        found = sorted((start, number) for start, number in parsed(ranges, version))
        starts = [start for start, _ in found]
        deltas = [start - earlier for start, earlier in zip(starts, [0, *starts], strict=False)]
        sections[f"v{version}_delta"] = planes(deltas, width)
        sections[f"v{version}_{value}"] = planes([number for _, number in found], 3)
    return sections


def parsed(ranges: Mapping[str, int], version: int) -> list[tuple[int, int]]:
    pairs = [(ipaddress.ip_address(first), number) for first, number in ranges.items()]
    return [(int(first) >> (64 if version == 6 else 0), number) for first, number in pairs if first.version == version]


def planes(values: Sequence[int], width: int) -> bytes:
    whole = np.array(values, dtype=object) % 256**width
    rows = np.array([int(value).to_bytes(width, "little") for value in whole], dtype=f"S{width}")
    return b"".join(bytes(value.ljust(width, b"\0")[place] for value in rows) for place in range(width))


def lines(texts: Sequence[str]) -> bytes:
    return "\n".join(texts).encode()


def write(path: Path, magic: bytes, ranges: Mapping[str, int], about: Mapping[str, str], sections: dict[str, bytes]) -> None:
    table, offset = [], 0
    for name, content in sections.items():
        table.append([name, offset, len(content)])
        offset += len(content)
    counts = {f"n{version}": len(parsed(ranges, version)) for version in (4, 6)}
    header = json.dumps({**about, **counts, "sections": table}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(magic + len(header).to_bytes(4, "little") + header + b"".join(sections.values())))
