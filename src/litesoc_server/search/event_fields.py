"""What can be asked about events."""

from litesoc_server.events.catalog import CATALOG
from litesoc_server.events.event import NetworkKind, Severity
from litesoc_server.search.fields import HAS, IS, Field, FieldTable, FieldValue, Kind

_SEVERITIES = {
    Severity.INFO: "everyday events",
    Severity.WARNING: "worth a look",
    Severity.CRITICAL: "look at once",
}
_NETWORKS = {
    NetworkKind.TOR: "the Tor network",
    NetworkKind.RELAY: "a privacy relay such as iCloud Private Relay",
    NetworkKind.VPN: "a VPN service",
    NetworkKind.PROXY: "an open or rented proxy",
    NetworkKind.GATEWAY: "a company's security gateway",
    NetworkKind.SATELLITE: "a satellite provider",
    NetworkKind.MOBILE: "a mobile carrier",
    NetworkKind.ISP: "an internet provider for homes and offices",
    NetworkKind.HOSTING: "a data centre or cloud",
}
_FLAGS = (
    FieldValue("vpn", "from a VPN"),
    FieldValue("tor", "from the Tor network"),
    FieldValue("proxy", "from a proxy"),
    FieldValue("relay", "from a privacy relay"),
    FieldValue("datacenter", "from a data centre or cloud"),
    FieldValue("mobile", "from a mobile network"),
)
_PRESENT = (
    FieldValue("actor", "somebody is named"),
    FieldValue("email", "an e-mail address is known"),
    FieldValue("ip", "an address is known"),
    FieldValue("place", "a country is known"),
    FieldValue("device", "an id of the device was sent"),
    FieldValue("session", "an id of the session was sent"),
    FieldValue("risk", "a risk was computed"),
)
_RISKS = (
    FieldValue(">=80", "very unusual logins"),
    FieldValue(">=60", "unusual logins and above"),
    FieldValue("30..59", "a range"),
)
_CATEGORIES = tuple(FieldValue(name) for name in dict.fromkeys(kind.category for kind in CATALOG.values()))

EVENT_FIELDS = FieldTable(
    of_what="events",
    fields=(
        Field(
            name="event",
            kind=Kind.NAME,
            help="name of the event",
            example="event:auth.login_failed",
            values=tuple(FieldValue(kind.name, kind.description) for kind in CATALOG.values()),
            aliases=("name", "event_name"),
        ),
        Field(
            name="category",
            kind=Kind.NAME,
            help="part of the name before the first dot",
            example="category:auth",
            values=_CATEGORIES,
        ),
        Field(
            name="severity",
            kind=Kind.CHOICE,
            help="how severe the event is",
            example="severity:critical",
            values=tuple(FieldValue(severity.value, text) for severity, text in _SEVERITIES.items()),
        ),
        Field(
            name="actor",
            kind=Kind.ID,
            help="id of who did it, as the application sends it",
            example="actor:usr_8841",
            aliases=("user", "actor_id"),
        ),
        Field(
            name="email",
            kind=Kind.LABEL,
            help="e-mail address of who did it",
            example="email:mira@shop.example",
            aliases=("actor_email",),
        ),
        Field(
            name="ip",
            kind=Kind.ADDRESS,
            help="address of the user, or a network of addresses",
            example="ip:203.0.113.0/24",
            aliases=("address", "user_ip"),
        ),
        Field(name="country", kind=Kind.COUNTRY, help="country of the address, as its two letters", example="country:NO"),
        Field(
            name="city",
            kind=Kind.LABEL,
            help="city of the address",
            example="city:Bergen",
            is_network_intelligence=True,
        ),
        Field(
            name="asn",
            kind=Kind.NUMBER,
            help="number of the network operator (AS number)",
            example="asn:64500",
            is_network_intelligence=True,
        ),
        Field(
            name="provider",
            kind=Kind.LABEL,
            help="name of the VPN, relay or cloud, or else of the network operator",
            example='provider:"Example Net"',
            aliases=("org", "as_org"),
            is_network_intelligence=True,
        ),
        Field(
            name="network",
            kind=Kind.CHOICE,
            help="kind of network",
            example="network:vpn,hosting",
            values=tuple(FieldValue(kind.value, text) for kind, text in _NETWORKS.items()),
            is_network_intelligence=True,
        ),
        Field(
            name=IS,
            kind=Kind.CHOICE,
            help="a mark of the network; `vpn` alone means the same",
            example="is:vpn",
            values=_FLAGS,
            is_network_intelligence=True,
        ),
        Field(name="browser", kind=Kind.LABEL, help="browser of the user", example="browser:Firefox"),
        Field(name="os", kind=Kind.LABEL, help="operating system of the user", example="os:Windows"),
        Field(name="model", kind=Kind.LABEL, help="kind of phone or tablet, where it is known", example="model:iPhone"),
        Field(
            name="device",
            kind=Kind.ID,
            help="the application's own id of the device",
            example="device:dev_17",
            aliases=("device_id",),
        ),
        Field(
            name="session",
            kind=Kind.ID,
            help="the application's own id of the session",
            example="session:s_4711",
            aliases=("session_id",),
        ),
        Field(
            name="risk",
            kind=Kind.NUMBER,
            help="risk of a login, 0 to 100",
            example="risk:>70",
            values=_RISKS,
            aliases=("risk_score",),
        ),
        Field(name="source", kind=Kind.NAME, help="what sent the event", example="source:collect"),
        Field(name=HAS, kind=Kind.CHOICE, help="something is known of the event", example="-has:actor", values=_PRESENT),
    ),
    flags=tuple(flag.text for flag in _FLAGS),
    meta=Field(
        name="meta.…",
        kind=Kind.ID,
        help="a value of the metadata, by its key; keys inside others are joined with dots",
        example="meta.reason:bad_password",
    ),
)
