"""What kind of operator announces an address: our own list of AS numbers, ipdata/asn_classes.csv."""

import csv
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.unpacked import PACKAGED_DIR

ASN_CLASSES_PATH = PACKAGED_DIR / "asn_classes.csv"
_COMMENT = "#"


class AsnClass(StrEnum):
    """What most users of a network have in common."""

    GATEWAY = "gateway"  # a security gateway of companies
    VPN = "vpn"  # run by a VPN service
    VPN_HOSTING = "vpn_hosting"  # a hosting company whose addresses are mostly exits of VPN services
    PROXY = "proxy"  # sells proxies
    SATELLITE = "satellite"
    MOBILE = "mobile"  # mobile lines only, or nearly so
    MIXED = "mixed"  # fixed and mobile lines of one operator, which the number does not tell apart
    ISP = "isp"  # fixed lines
    HOSTING = "hosting"
    HOSTING_BY_NAME = "hosting_by_name"  # only its name says so: "hosting", "cloud", "data center" …


class AsnEntry(msgspec.Struct, frozen=True):
    """One row of the list."""

    asn_class: AsnClass
    provider: str | None  # its short name, where one is worth showing
    org: str  # its name in the packaged table of networks, as a check


def read_asn_classes(path: Path = ASN_CLASSES_PATH) -> Mapping[int, AsnEntry]:
    """Return the list by AS number. Raises IpDataError when the file is missing or damaged."""
    entries: dict[int, AsnEntry] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(line for line in file if not line.startswith(_COMMENT)):
                entries[int(row["asn"])] = AsnEntry(AsnClass(row["class"]), row["provider"] or None, row["org"])
    except (OSError, ValueError, KeyError, csv.Error) as error:
        msg = f"the list of networks {path.name} cannot be used ({error}): install the package again"
        raise IpDataError(msg) from error
    return entries
