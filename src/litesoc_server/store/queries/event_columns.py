"""How the fields of a query of events stand in the table: SQL expressions, NULL where an event has no value."""

from collections.abc import Mapping

import msgspec


class FieldColumn(msgspec.Struct, frozen=True):
    """One field's column."""

    sql: str
    ignores_case: bool = False


# What is asked about by exact value, prefix or facet. Each expression is of type String or Nullable(String).
TEXT_COLUMNS: Mapping[str, FieldColumn] = {
    "event": FieldColumn("name"),
    "category": FieldColumn("category"),
    "severity": FieldColumn("severity"),
    "actor": FieldColumn("actor_id"),
    "email": FieldColumn("actor_email", ignores_case=True),
    "ip": FieldColumn("user_ip"),
    "country": FieldColumn("country_code"),
    "city": FieldColumn("city", ignores_case=True),
    "provider": FieldColumn("coalesce(network_provider, as_org)", ignores_case=True),
    "network": FieldColumn("network_kind"),
    "browser": FieldColumn("browser", ignores_case=True),
    "os": FieldColumn("os", ignores_case=True),
    "model": FieldColumn("device_kind", ignores_case=True),
    "device": FieldColumn("device_id"),
    "session": FieldColumn("session_id"),
    "source": FieldColumn("source"),
}
NUMBER_COLUMNS: Mapping[str, str] = {"risk": "risk_score", "asn": "asn"}

# Values of fields that are conditions of their own.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "is": {
        "vpn": "is_vpn",
        "tor": "is_tor",
        "proxy": "is_proxy",
        "relay": "is_relay",
        "datacenter": "is_datacenter",
        "mobile": "is_mobile",
    },
    "has": {
        "actor": "actor_id IS NOT NULL",
        "email": "actor_email IS NOT NULL",
        "ip": "user_ip IS NOT NULL",
        "place": "country_code IS NOT NULL",
        "device": "device_id IS NOT NULL",
        "session": "session_id IS NOT NULL",
        "risk": "risk_score IS NOT NULL",
    },
}
ANYWHERE = ("name", "actor_id", "actor_email", "user_ip")  # where text without a field is looked for
