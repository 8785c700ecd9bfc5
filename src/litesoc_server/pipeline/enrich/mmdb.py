"""Places and networks from MaxMind DB files: GeoLite2, GeoIP2, DB-IP Lite and whatever else has such records."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Generic, TypeVar

import maxminddb
import msgspec
from msgspec import Meta

from litesoc_server.events.event import Geo, Network
from litesoc_server.events.structs import converter
from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.place import PlaceFinder

R = TypeVar("R")
_TYPES = {"city": re.compile("city|enterprise", re.IGNORECASE), "asn": re.compile("asn|isp|enterprise", re.IGNORECASE)}
_WANTED = {"city": "a City database", "asn": "an ASN or ISP database"}
_NETWORKS_CACHED = 16_384  # about 4 MB when full
_DISTRICT = re.compile(r" \(.*\)$")  # DB-IP writes "Berlin (Bezirk Mitte)"; the packaged data has "Berlin"


class _Names(msgspec.Struct, frozen=True):
    en: str | None = None


class _Country(msgspec.Struct, frozen=True):
    iso_code: str | None = None


class _Named(msgspec.Struct, frozen=True):
    names: _Names = _Names()


class _Location(msgspec.Struct, frozen=True):
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None  # WGS-84 degrees
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    accuracy_radius: Annotated[float, Meta(ge=0)] | None = None  # km
    time_zone: str | None = None


class _CityRecord(msgspec.Struct, frozen=True):
    country: _Country = _Country()
    subdivisions: tuple[_Named, ...] = ()
    city: _Named = _Named()
    location: _Location = _Location()


class _AsnRecord(msgspec.Struct, frozen=True):
    autonomous_system_number: int | None = None
    autonomous_system_organization: str | None = None


_read_city = converter(_CityRecord)
_read_asn = converter(_AsnRecord)


class MmdbFile(Generic[R]):
    """An open file. It is mapped into memory, so it must not be written to in place: give a private copy.

    Safe for any thread.
    """

    def __init__(self, path: Path, kind: str, read: Callable[[object], R], *, name: str | None = None) -> None:
        """Open ``path`` as ``kind`` ("city" or "asn").

        Raises IpDataError; its text names the file (``name``, where people know it by another) and the fix.
        """
        name = name or path.name
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            msg = f"{name} is no MaxMind DB file that can be read ({error}): fetch it again"
            raise IpDataError(msg) from error
        about = self._reader.metadata()
        if not _TYPES[kind].search(about.database_type):
            self._reader.close()
            msg = f"{name} is of type {about.database_type}, which is not {_WANTED[kind]}: name another file"
            raise IpDataError(msg)
        self.database_type = about.database_type
        self.built_on = _date_of(about.build_epoch, name)
        self.nodes_count = about.node_count  # of its search tree; grows with the number of networks
        self._has_v6 = about.ip_version == 6  # noqa: PLR2004 # IPv6
        self._read = read

    def find(self, address: IPv4Address | IPv6Address) -> R | None:
        """Return the record of an address; None when there is none or it is unreadable."""
        if isinstance(address, IPv6Address) and not self._has_v6:
            return None
        try:
            record = self._reader.get(address)
            return self._read(record) if record is not None else None
        except (maxminddb.InvalidDatabaseError, msgspec.ValidationError, UnicodeDecodeError):
            return None  # one damaged record says nothing about its neighbours


def _date_of(built_at_s: int, name: str) -> date:
    try:
        return datetime.fromtimestamp(built_at_s, UTC).date()
    except (OSError, OverflowError, ValueError) as error:
        msg = f"{name} says that it was built in a year that no calendar has: fetch it again"
        raise IpDataError(msg) from error


class MmdbPlaces:
    """Places from a City database. Where it has no time zones, those of the packaged data stand in."""

    def __init__(self, path: Path, packaged: PlaceFinder | None = None, *, name: str | None = None) -> None:
        """Open the file. Raises IpDataError."""
        self.file = MmdbFile(path, "city", _read_city, name=name)
        self._packaged = packaged
        self._has_districts = self.file.database_type.startswith("DBIP")

    def find(self, address: IPv4Address | IPv6Address) -> Geo | None:
        """Return the place of a global address, or None when the data has none."""
        record = self.file.find(address)
        if record is None:
            return None
        location, city = record.location, record.city.names.en
        if city is not None and self._has_districts:
            city = _DISTRICT.sub("", city)
        return Geo(
            country_code=record.country.iso_code,
            region=record.subdivisions[0].names.en if record.subdivisions else None,
            city=city,
            latitude=location.latitude,
            longitude=location.longitude,
            time_zone=location.time_zone or self._packaged_time_zone(address, record.country.iso_code),
            accuracy_km=location.accuracy_radius,
        )

    def _packaged_time_zone(self, address: IPv4Address | IPv6Address, country_code: str | None) -> str | None:
        packaged = self._packaged.find(address) if self._packaged is not None else None
        return packaged.time_zone if packaged is not None and packaged.country_code == country_code else None


class MmdbNetworks:
    """Networks from an ASN or ISP database."""

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        """Open the file. Raises IpDataError."""
        self.file = MmdbFile(path, "asn", _read_asn, name=name)
        self._network = lru_cache(maxsize=_NETWORKS_CACHED)(Network)

    def find(self, address: IPv4Address | IPv6Address) -> Network | None:
        """Return the network that announces a global address, or None when nobody does. Equal networks are one object."""
        record = self.file.find(address)
        if record is None or record.autonomous_system_number is None:
            return None
        return self._network(record.autonomous_system_number, record.autonomous_system_organization)
