"""Lists as their makers publish them, to networks. Nothing in a downloaded file is believed without a check."""

import csv
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

import msgspec

from litesoc_server.pipeline.enrich.update.errors import UpdateError
from litesoc_server.special_addresses import plan_look_up

NETWORKS_MAX = 1_000_000  # the longest list, Apple's, has 290,000
LINE_LENGTH_MAX = 1_024  # characters
UNREADABLE_SHARE_MAX = 0.02  # of all entries; more means that the format has changed
# No list has wider networks than these; one that does would flag half the Internet.
_PREFIX_MIN = {4: 8, 6: 19}

Parser = Callable[[bytes], Iterator[str]]  # a file's content -> networks or addresses in text form
Networks = list[IPv4Network | IPv6Network]


class _AwsPrefix(msgspec.Struct):
    ip_prefix: str


class _AwsPrefix6(msgspec.Struct):
    ipv6_prefix: str


class _Aws(msgspec.Struct):
    prefixes: list[_AwsPrefix]
    ipv6_prefixes: list[_AwsPrefix6]


class _GooglePrefix(msgspec.Struct, rename="camel"):
    ipv4_prefix: str | None = None
    ipv6_prefix: str | None = None


class _Google(msgspec.Struct):
    prefixes: list[_GooglePrefix]


class _AzureProperties(msgspec.Struct, rename="camel"):
    address_prefixes: list[str]


class _AzureValue(msgspec.Struct):
    properties: _AzureProperties


class _Azure(msgspec.Struct):
    values: list[_AzureValue]


class _OracleCidr(msgspec.Struct):
    cidr: str


class _OracleRegion(msgspec.Struct):
    cidrs: list[_OracleCidr]


class _Oracle(msgspec.Struct):
    regions: list[_OracleRegion]


_AWS = msgspec.json.Decoder(_Aws)
_GOOGLE = msgspec.json.Decoder(_Google)
_AZURE = msgspec.json.Decoder(_Azure)
_ORACLE = msgspec.json.Decoder(_Oracle)


def lines(content: bytes) -> Iterator[str]:
    """One network or address a line; ``#`` starts a comment."""
    for line in content.decode("utf-8-sig", "replace").splitlines():
        text = line[:LINE_LENGTH_MAX].partition("#")[0].strip()
        if text:
            yield text


def first_column(content: bytes) -> Iterator[str]:
    """CSV without a header (a geofeed, RFC 8805): the network is the first column."""
    for row in csv.reader(lines(content)):
        if row:
            yield row[0].strip()


def aws(content: bytes) -> Iterator[str]:
    """https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html."""
    document = _AWS.decode(content)
    yield from (each.ip_prefix for each in document.prefixes)
    yield from (each.ipv6_prefix for each in document.ipv6_prefixes)


def google(content: bytes) -> Iterator[str]:
    """https://cloud.google.com/compute/docs/faq#find_ip_range."""
    for each in _GOOGLE.decode(content).prefixes:
        yield from (text for text in (each.ipv4_prefix, each.ipv6_prefix) if text is not None)


def azure(content: bytes) -> Iterator[str]:
    """https://learn.microsoft.com/azure/virtual-network/service-tags-overview: every tag's ranges."""
    for value in _AZURE.decode(content).values:
        yield from value.properties.address_prefixes


def oracle(content: bytes) -> Iterator[str]:
    """https://docs.oracle.com/iaas/Content/General/Concepts/addressranges.htm."""
    for region in _ORACLE.decode(content).regions:
        yield from (each.cidr for each in region.cidrs)


def read_networks(contents: list[bytes], parse: Parser) -> Networks:
    """Return the networks in all files of a list, merged. Raises UpdateError when they are not what they should be."""
    networks: Networks = []
    seen_count = unreadable_count = 0
    try:
        for content in contents:
            for text in parse(content):
                seen_count += 1
                if seen_count > NETWORKS_MAX:
                    msg = f"it has more than {NETWORKS_MAX:,} networks"
                    raise UpdateError(msg)
                network = _readable(text)
                if network is None:
                    unreadable_count += 1
                else:
                    networks.append(network)
    except (msgspec.MsgspecError, csv.Error) as error:
        msg = f"it is not in the format it should be in ({type(error).__name__}): update litesoc-server"
        raise UpdateError(msg) from error
    if unreadable_count > UNREADABLE_SHARE_MAX * seen_count:
        msg = f"{unreadable_count:,} of {seen_count:,} entries are no usable networks: it has another format, or is no list"
        raise UpdateError(msg)
    v4 = (network for network in networks if isinstance(network, IPv4Network))
    v6 = (network for network in networks if isinstance(network, IPv6Network))
    return [*collapse_addresses(v4), *collapse_addresses(v6)]


def _readable(text: str) -> IPv4Network | IPv6Network | None:
    """Return a network; None when it is none, is wider than any list should have, or is in a special-purpose range."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if network.prefixlen < _PREFIX_MIN[network.version] or plan_look_up(str(network.network_address)).special is not None:
        return None
    return network
