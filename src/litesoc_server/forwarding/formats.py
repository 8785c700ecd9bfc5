r"""What a record looks like on the wire: OCSF as JSON, CEF, and the syslog frame around either.

Sources: RFC 5424 (syslog), RFC 5425 sections 4.3 and 4.3.1 (octet counting, sizes over TLS); "Implementing ArcSight Common
Event Format (CEF)", version 26: in the header a backslash and a pipe are escaped, in the extension a backslash and an equals
sign, line breaks there are written \n and \r; severities are 0 to 10.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address

import msgspec

from litesoc_server import __version__
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.event import Event, Severity
from litesoc_server.ocsf.classes import StatusId, meaning_of
from litesoc_server.ocsf.event import event_object
from litesoc_server.ocsf.finding import Finding, finding_object

SYSLOG_MESSAGE_BYTES_MAX = 64 * 1024  # RFC 5425 asks receivers for 8 KiB at least; collectors take 64 KiB
_CEF_VALUE_LENGTH_MAX = 1_023  # characters: the longest that the standard gives to texts
_MESSAGE_ID_LENGTH_MAX = 32  # of RFC 5424
_HOST_LENGTH_MAX = 255
_FACILITY = 13  # log audit
_SYSLOG_SEVERITY = {Severity.INFO: 6, Severity.WARNING: 4, Severity.CRITICAL: 2}
_SYSLOG_ALERT_SEVERITY = {
    AlertSeverity.LOW: 5,
    AlertSeverity.MEDIUM: 4,
    AlertSeverity.HIGH: 3,
    AlertSeverity.CRITICAL: 2,
}
_CEF_SEVERITY = {Severity.INFO: 3, Severity.WARNING: 6, Severity.CRITICAL: 9}
_CEF_ALERT_SEVERITY = {
    AlertSeverity.LOW: 3,
    AlertSeverity.MEDIUM: 6,
    AlertSeverity.HIGH: 8,
    AlertSeverity.CRITICAL: 10,
}
_OUTCOMES = {StatusId.SUCCESS: "success", StatusId.FAILURE: "failure", StatusId.UNKNOWN: None}
# Written by attackers, shown in terminals of those who look into a log: but for line breaks, which have a form of their own.
_CONTROLS = {number: " " for number in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029) if chr(number) not in "\r\n"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()

Record = Event | Finding


def record_id(record: Record) -> str:
    """Return the id by which a receiver tells a record that comes again."""
    return record.event_id if isinstance(record, Event) else record.change_id


def ocsf_json(record: Record) -> bytes:
    """Return ``record`` as an OCSF object in one line of JSON, without its line end."""
    return _ENCODER.encode(event_object(record) if isinstance(record, Event) else finding_object(record))


def hec_json(record: Record, *, host: str) -> bytes:
    """Return ``record`` as Splunk's HTTP event collector takes it.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
    """
    at_ms = record.occurred_at_ms if isinstance(record, Event) else record.changed_ms
    found = event_object(record) if isinstance(record, Event) else finding_object(record)
    return _ENCODER.encode(
        {"time": at_ms / 1000, "host": host, "source": "litesoc", "sourcetype": "litesoc:ocsf", "event": found}
    )


def cef(record: Record) -> str:
    """Return ``record`` in the Common Event Format."""
    if isinstance(record, Event):
        title = meaning_of(record.name).activity
        return _cef_line(record.name, f"{record.name} ({title})", _CEF_SEVERITY[record.severity], _cef_of_event(record))
    return _cef_line(
        f"alert.{record.alert_type}", record.title, _CEF_ALERT_SEVERITY[record.severity], _cef_of_finding(record)
    )


def syslog_frame(record: Record, message: bytes, *, host: str) -> bytes:
    """Return ``message`` with the header of RFC 5424 and its length before it (octet counting)."""
    if isinstance(record, Event):
        severity, at_ms, message_id = _SYSLOG_SEVERITY[record.severity], record.occurred_at_ms, record.name
    else:
        severity, at_ms = _SYSLOG_ALERT_SEVERITY[record.severity], record.changed_ms
        message_id = f"alert.{record.alert_type}"
    moment = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    priority = _FACILITY * 8 + severity
    header = f"<{priority}>1 {moment} {_printable(host, _HOST_LENGTH_MAX)} litesoc - "
    header += f"{_printable(message_id, _MESSAGE_ID_LENGTH_MAX)} - "
    framed = (header.encode() + message)[:SYSLOG_MESSAGE_BYTES_MAX]
    return b"%d %s" % (len(framed), framed)


def _cef_of_event(event: Event) -> dict[str, object]:
    actor, device = event.actor, event.device
    return {
        "rt": event.occurred_at_ms,
        "externalId": event.event_id,
        "cat": event.category,
        "outcome": _OUTCOMES[meaning_of(event.name).status],
        "suid": None if actor is None else actor.id,
        "suser": None if actor is None else actor.email or actor.id,
        **_address(event.user_ip),
        "requestClientApplication": None if device is None else device.user_agent,
        **_labelled("cs1", "session", event.session_id),
        **_labelled("cs2", "country", None if event.geo is None else event.geo.country_code),
        **_labelled("cs3", "environment", event.environment.value),
        **_labelled("cs4", "source", event.source),
        **_labelled("cs5", "metadata", None if bytes(event.metadata) == b"{}" else bytes(event.metadata).decode()),
        **_labelled("cn1", "riskScore", None if event.risk is None else event.risk.score),
    }


def _cef_of_finding(finding: Finding) -> dict[str, object]:
    return {
        "rt": finding.changed_ms,
        "start": finding.first_seen_ms,
        "end": finding.last_seen_ms,
        "externalId": finding.change_id,
        "cat": "alert",
        "act": finding.activity.name.lower(),
        "cnt": finding.event_count,
        "suid": finding.actor_id,
        "suser": finding.actor_id,
        **_address(finding.source_ip),
        "msg": finding.description,
        "reason": "; ".join(finding.reasons) or None,
        "request": finding.url or None,
        **_labelled("cs1", "alert", finding.alert_id),
        **_labelled("cs2", "status", finding.status),
        **_labelled("cs3", "environment", finding.environment),
        **_labelled("cs4", "detectors", ", ".join(finding.detectors) or None),
    }


def _address(text: str | None) -> dict[str, object]:
    """Return the source address under the key that CEF has for its family."""
    if text is None:
        return {}
    is_v6 = isinstance(ip_address(text), IPv6Address)
    return {"c6a2": text, "c6a2Label": "Source IPv6 Address"} if is_v6 else {"src": text}


def _labelled(key: str, label: str, value: object) -> dict[str, object]:
    return {} if value is None else {key: value, f"{key}Label": label}


def _cef_line(signature: str, name: str, severity: int, extension: dict[str, object]) -> str:
    header = ("LiteSOC", "LiteSOC", __version__, signature, name, str(severity))
    pairs = (f"{key}={_cef_value(value)}" for key, value in extension.items() if value is not None)
    return f"CEF:0|{'|'.join(map(_cef_header, header))}|{' '.join(pairs)}"


def _cef_header(text: str) -> str:
    one_line = " ".join(text.translate(_CONTROLS).split())[:_CEF_VALUE_LENGTH_MAX]
    return one_line.replace("\\", "\\\\").replace("|", "\\|")


def _cef_value(value: object) -> str:
    text = str(value)[:_CEF_VALUE_LENGTH_MAX].translate(_CONTROLS)
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")


def _printable(text: str, length_max: int) -> str:
    """Return ``text`` as a field of the header: printable ASCII without blanks, "-" for nothing."""
    return "".join(char if "!" <= char <= "~" else "_" for char in text[:length_max]) or "-"
