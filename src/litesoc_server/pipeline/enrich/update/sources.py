"""The sources of IP data, as a table. A source of a known format is one more row."""

from datetime import date, timedelta
from typing import Literal

import msgspec

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.range_list import Label
from litesoc_server.pipeline.enrich.update import parsers
from litesoc_server.pipeline.enrich.update.parsers import Parser

MIB = 1024**2
_MONTHS_BACK, _WEEKS_BACK = 3, 4


class SourceFile(msgspec.Struct, frozen=True):
    """One file of a source."""

    name: str  # a pattern: what the file is called where people fetch it themselves, for `--from`
    url: str  # {month}: YYYY-MM, the newest that exists; {monday}: YYYYMMDD likewise
    bytes_min: int
    bytes_max: int

    def urls(self, today: date) -> list[str]:
        """Return the addresses to try, the newest first."""
        if "{month}" in self.url:
            first = today.replace(day=1)
            months = [first]
            while len(months) < _MONTHS_BACK:
                months.append((months[-1] - timedelta(days=1)).replace(day=1))
            return [self.url.format(month=f"{month:%Y-%m}") for month in months]
        if "{monday}" in self.url:
            monday = today - timedelta(days=today.weekday())
            return [self.url.format(monday=f"{monday - timedelta(weeks=week):%Y%m%d}") for week in range(_WEEKS_BACK)]
        return [self.url]


class Source(msgspec.Struct, frozen=True):
    """One source."""

    id: str
    kind: Literal["city", "asn", "ranges"]
    title: str
    licence: str
    files: tuple[SourceFile, ...]
    count_min: int  # ranges after merging; of a MaxMind DB file the nodes of its search tree
    shrink_max: float  # share by which it may be smaller than the last one
    label: Label | None = None  # of every range
    parse: Parser | None = None
    needs_maxmind_key: bool = False


def _list(
    source_id: str,
    title: str,
    licence: str,
    kind: NetworkKind,
    files: tuple[SourceFile, ...],
    *,
    count_min: int,
    parse: Parser = parsers.lines,
    provider: str | None = None,
    shrink_max: float = 0.3,
) -> Source:
    return Source(source_id, "ranges", title, licence, files, count_min, shrink_max, Label(kind, provider), parse)


def _mmdb(
    source_id: str, kind: Literal["city", "asn"], title: str, licence: str, file: SourceFile, *, count_min: int
) -> Source:
    return Source(
        source_id, kind, title, licence, (file,), count_min, 0.2, needs_maxmind_key=source_id.startswith("geolite2")
    )


_DBIP = "https://download.db-ip.com/free/"
_MAXMIND = "https://download.maxmind.com/geoip/databases/"
_X4B = "https://raw.githubusercontent.com/X4BNet/lists_vpn/main/output/"
_PUBLISHED = "published by the operator"

SOURCES: tuple[Source, ...] = (
    _mmdb(
        "dbip-city",
        "city",
        "DB-IP City Lite",
        "CC BY 4.0",
        SourceFile("dbip-city-lite-*.mmdb.gz", _DBIP + "dbip-city-lite-{month}.mmdb.gz", 20 * MIB, 400 * MIB),
        count_min=1_000_000,
    ),
    _mmdb(
        "dbip-asn",
        "asn",
        "DB-IP ASN Lite",
        "CC BY 4.0",
        SourceFile("dbip-asn-lite-*.mmdb.gz", _DBIP + "dbip-asn-lite-{month}.mmdb.gz", MIB, 100 * MIB),
        count_min=200_000,
    ),
    _mmdb(
        "geolite2-city",
        "city",
        "GeoLite2 City",
        "GeoLite2 End User License Agreement",
        SourceFile("GeoLite2-City*.tar.gz", _MAXMIND + "GeoLite2-City/download?suffix=tar.gz", 10 * MIB, 400 * MIB),
        count_min=1_000_000,
    ),
    _mmdb(
        "geolite2-asn",
        "asn",
        "GeoLite2 ASN",
        "GeoLite2 End User License Agreement",
        SourceFile("GeoLite2-ASN*.tar.gz", _MAXMIND + "GeoLite2-ASN/download?suffix=tar.gz", MIB, 100 * MIB),
        count_min=200_000,
    ),
    _list(
        "tor-exits",
        "Tor exit addresses",
        _PUBLISHED,
        NetworkKind.TOR,
        (SourceFile("torbulkexitlist", "https://check.torproject.org/torbulkexitlist", 4_000, 4 * MIB),),
        count_min=400,
        provider="Tor",
        shrink_max=0.5,
    ),
    _list(
        "apple-relay",
        "iCloud Private Relay egress ranges",
        _PUBLISHED,
        NetworkKind.RELAY,
        (SourceFile("egress-ip-ranges.csv", "https://mask-api.icloud.com/egress-ip-ranges.csv", MIB, 64 * MIB),),
        count_min=1_000,
        parse=parsers.first_column,
        provider="Apple Private Relay",
    ),
    _list(
        "x4bnet-vpn",
        "X4BNet VPN networks",
        "MIT",
        NetworkKind.VPN,
        (SourceFile("x4bnet-vpn-ipv4.txt", _X4B + "vpn/ipv4.txt", 30_000, 16 * MIB),),
        count_min=2_000,
    ),
    _list(
        "x4bnet-datacenter",
        "X4BNet data centre networks",
        "MIT",
        NetworkKind.HOSTING,
        (SourceFile("x4bnet-datacenter-ipv4.txt", _X4B + "datacenter/ipv4.txt", 200_000, 32 * MIB),),
        count_min=10_000,
    ),
    _list(
        "aws",
        "Amazon Web Services",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (SourceFile("ip-ranges.json", "https://ip-ranges.amazonaws.com/ip-ranges.json", 200_000, 32 * MIB),),
        count_min=500,
        parse=parsers.aws,
        provider="Amazon AWS",
    ),
    _list(
        "google-cloud",
        "Google Cloud",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (SourceFile("cloud.json", "https://www.gstatic.com/ipranges/cloud.json", 10_000, 8 * MIB),),
        count_min=50,
        parse=parsers.google,
        provider="Google Cloud",
    ),
    _list(
        "azure",
        "Microsoft Azure",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (
            SourceFile(
                "ServiceTags_Public_*.json",
                "https://download.microsoft.com/download/7/1/d/71d86715-5596-4529-9b13-da13a5de5b63/"
                "ServiceTags_Public_{monday}.json",
                500_000,
                64 * MIB,
            ),
        ),
        count_min=1_000,
        parse=parsers.azure,
        provider="Microsoft Azure",
    ),
    _list(
        "oracle-cloud",
        "Oracle Cloud",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (
            SourceFile(
                "public_ip_ranges.json", "https://docs.oracle.com/en-us/iaas/tools/public_ip_ranges.json", 10_000, 8 * MIB
            ),
        ),
        count_min=100,
        parse=parsers.oracle,
        provider="Oracle Cloud",
    ),
    _list(
        "digitalocean",
        "DigitalOcean",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (SourceFile("digitalocean-google.csv", "https://www.digitalocean.com/geo/google.csv", 5_000, 8 * MIB),),
        count_min=50,
        parse=parsers.first_column,
        provider="DigitalOcean",
    ),
    _list(
        "linode",
        "Linode",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (SourceFile("linode-geofeed.csv", "https://geoip.linode.com/", 5_000, 8 * MIB),),
        count_min=50,
        parse=parsers.first_column,
        provider="Linode",
    ),
    _list(
        "vultr",
        "Vultr",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (SourceFile("vultr-geofeed.csv", "https://geofeed.constant.com/?text", 1_000, 8 * MIB),),
        count_min=30,
        parse=parsers.first_column,
        provider="Vultr",
    ),
    _list(
        "cloudflare",
        "Cloudflare",
        _PUBLISHED,
        NetworkKind.HOSTING,
        (
            SourceFile("cloudflare-ips-v4", "https://www.cloudflare.com/ips-v4", 100, MIB),
            SourceFile("cloudflare-ips-v6", "https://www.cloudflare.com/ips-v6", 50, MIB),
        ),
        count_min=10,
        provider="Cloudflare",
        shrink_max=0.5,
    ),
)
