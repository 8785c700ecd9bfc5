"""The kinds of systems that events and alerts are passed on to: what each asks for, checks, and how a batch leaves.

A kind holds no state and knows no database: the keeper decides what is sent, and when again.
"""

import gzip
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.guard import EgressRefused, check_destination, guarded
from litesoc_server.egress.http import Unreachable, check_url, send, tls_context
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.formats import Record, cef, hec_json, ocsf_json, syslog_frame
from litesoc_server.forwarding.hec_answer import NO_WORDS, Refusal, read_hec_refusal

WITHIN_S = 20.0  # for one batch
BATCH_HEADER = "X-LiteSOC-Batch-Id"
SYSLOG_PORT = 6514  # RFC 5425
HEC_PATH = "/services/collector/event"
_GZIP_LEVEL = 6
_PORT_MAX = 65_535
# Answers about what was sent (RFC 9110 sections 15.5.1, 15.5.14 and 15.5.21); the others are about who sends, or where to.
_REJECTIONS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
_MEANINGS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "it does not know the token, so enter another one",
    HTTPStatus.FORBIDDEN: "who has this token may not write there",
    HTTPStatus.NOT_FOUND: "nothing is at this address, so correct it",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "it is too large for it",
}


class SendFailed(Exception):
    """A batch did not get there, or nobody knows: it is sent again. The text is one sentence for people, without secrets.

    ``retry_after_s``: as the other side asks for.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class RecordsRejected(SendFailed):
    """The other side will never take these records together: what is in them, or that they are so many, is the reason."""


@dataclass(frozen=True)
class Batch:
    """What is sent at once, oldest first; ``id`` is the same whenever the same records are sent."""

    id: str
    records: Sequence[Record]


@dataclass(frozen=True)
class Kind:
    """One kind of system."""

    id: str
    title: str
    summary: str
    fields: tuple[Field, ...]
    check: Callable[[Settings, EgressPolicy], None]  # raises SettingRefused; looks names up, sends nothing
    send: Callable[[Batch, Settings, EgressPolicy], None]  # raises SendFailed and nothing else


_CA = Field(
    "ca_pem",
    "CA certificate",
    "Only where the other side's certificate is signed by an authority of your own: PEM.",
    "-----BEGIN CERTIFICATE-----",
    is_required=False,
    length_max=16_000,  # a chain of certificates
)


def _check_https(settings: Settings, policy: EgressPolicy) -> None:
    _check_ca(settings)
    try:
        check_url(policy, settings["url"], schemes=frozenset({"https"}))
    except EgressRefused as refused:
        raise SettingRefused("url", f"Address: {refused}.") from refused
    token = settings.get("token", "")
    if not (token.isascii() and token.isprintable()):
        raise SettingRefused("token", "The token has to be one line of ASCII: copy it from the other side again.")


def _check_ca(settings: Settings) -> None:
    try:
        tls_context(settings.get("ca_pem", ""))
    except EgressRefused as refused:
        raise SettingRefused(_CA.name, f"{_CA.label}: {refused}.") from refused


def _send_ndjson(batch: Batch, settings: Settings, policy: EgressPolicy) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    if settings.get("token"):
        headers["Authorization"] = f"Bearer {settings['token']}"
    _post(batch, settings, policy, settings["url"], headers, b"".join(ocsf_json(one) + b"\n" for one in batch.records))


def _send_hec(batch: Batch, settings: Settings, policy: EgressPolicy) -> None:
    url = settings["url"].rstrip("/")
    url = url if url.endswith(HEC_PATH) else url + HEC_PATH
    headers = {"Content-Type": "application/json", "Authorization": f"Splunk {settings['token']}"}
    host = settings.get("host") or "litesoc"
    body = b"\n".join(hec_json(one, host=host) for one in batch.records)
    _post(batch, settings, policy, url, headers, body, read_hec_refusal)


def _post(
    batch: Batch,
    settings: Settings,
    policy: EgressPolicy,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    read_refusal: Callable[[str], Refusal] = lambda _body: NO_WORDS,  # what the body of an answer says
) -> None:
    try:
        answer = send(
            policy,
            "POST",
            url,
            body=gzip.compress(body, _GZIP_LEVEL, mtime=0),
            headers={**headers, "Content-Encoding": "gzip", BATCH_HEADER: batch.id},
            within_s=WITHIN_S,
            ca_pem=settings.get("ca_pem", ""),
        )
    except (EgressRefused, Unreachable) as error:
        raise SendFailed(str(error)) from error
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    refusal = read_refusal(answer.text)
    meaning = refusal.words or _MEANINGS.get(answer.status, "")
    reason = f"the receiver answered with status {answer.status}" + (f": {meaning}" if meaning else "")
    is_rejection = answer.status in _REJECTIONS and not refusal.is_about_setup
    raise RecordsRejected(reason) if is_rejection else SendFailed(reason, retry_after_s=answer.retry_after_s)


def _check_syslog(settings: Settings, policy: EgressPolicy) -> None:
    _check_ca(settings)
    if (settings.get("format") or "cef") not in _FORMATS:
        raise SettingRefused("format", f"Format has to be one of: {', '.join(_FORMATS)}.")
    try:
        host, port = _address_of(settings)
    except ValueError as error:
        raise SettingRefused("address", f"Address has to be host:port, e.g. siem.example:{SYSLOG_PORT}.") from error
    try:
        check_destination(policy, host, port)
    except EgressRefused as refused:
        raise SettingRefused("address", f"Address: {refused}.") from refused


_FORMATS: Mapping[str, Callable[[Record], bytes]] = {"cef": lambda record: cef(record).encode(), "ocsf": ocsf_json}


def _send_syslog(batch: Batch, settings: Settings, policy: EgressPolicy) -> None:
    """Send over a connection of its own, which is closed in order: syslog has no other answer than that."""
    render, sender = _FORMATS[settings.get("format") or "cef"], settings.get("host") or "litesoc"
    frames = b"".join(syslog_frame(one, render(one), host=sender) for one in batch.records)
    host, port = _address_of(settings)
    with guarded(policy, within_s=WITHIN_S) as scope:
        try:
            context = tls_context(settings.get("ca_pem", ""))
            context = ssl.create_default_context() if isinstance(context, bool) else context
            with (
                socket.create_connection((host, port), timeout=WITHIN_S) as plain,
                context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=True) as secured,
            ):
                secured.sendall(frames)
                _close_in_order(secured)
        except ssl.SSLCertVerificationError as error:
            reason = f"the certificate is not trusted: {error.verify_message}"
            raise SendFailed(reason) from error
        except (OSError, UnicodeError) as error:
            if scope.refusal is not None:
                raise SendFailed(str(scope.refusal)) from error
            out_of_time = scope.is_out_of_time or isinstance(error, TimeoutError)
            reason = f"not taken within {WITHIN_S:g} seconds" if out_of_time else str(error) or type(error).__name__
            raise SendFailed(reason) from error


def _close_in_order(secured: ssl.SSLSocket) -> None:
    """Say that nothing more comes and wait until the other side has read all and closes, too (RFC 5425 section 4.4).

    Raises OSError when it breaks off instead: then it may not have read everything.
    """
    try:
        secured.unwrap()
    except ssl.SSLEOFError:
        return  # it closed the connection without the alert, as many do, once it had read ours
    except ssl.SSLError as error:
        if error.reason not in {"APPLICATION_DATA_AFTER_CLOSE_NOTIFY", "SHUTDOWN_WHILE_IN_INIT"}:
            raise


def _address_of(settings: Settings) -> tuple[str, int]:
    """Return host and port. Raises ValueError."""
    text = settings["address"].strip()
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        host, port = text, str(SYSLOG_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) <= _PORT_MAX or any(char.isspace() for char in host):
        raise ValueError
    return host, int(port)


HTTP = Kind(
    id="http",
    title="HTTP",
    summary="OCSF as NDJSON, compressed, to any HTTPS endpoint: Vector, Fluent Bit, Cribl, Elastic, your own.",
    fields=(
        Field("url", "Address", "Begins with https://", "https://collector.example/ingest", is_place=True),
        Field("token", "Bearer token", "Sent as Authorization: Bearer …", is_secret=True, is_required=False),
        _CA,
    ),
    check=_check_https,
    send=_send_ndjson,
)
SPLUNK = Kind(
    id="splunk_hec",
    title="Splunk HEC",
    summary="OCSF to Splunk's HTTP event collector.",
    fields=(
        Field("url", "Address", "Of the collector, with its port.", "https://splunk.example:8088", is_place=True),
        Field("token", "Token", "Of the collector's input.", is_secret=True),
        Field("host", "Host field", "What Splunk shows as host.", "litesoc", is_required=False),
        _CA,
    ),
    check=_check_https,
    send=_send_hec,
)
SYSLOG = Kind(
    id="syslog",
    title="Syslog over TLS",
    summary="RFC 5424 messages over TLS (RFC 5425) with CEF or OCSF: ArcSight, QRadar, Sentinel, rsyslog, syslog-ng.",
    fields=(
        Field("address", "Address", f"Host and port; {SYSLOG_PORT} unless you say so.", f"siem.example:{SYSLOG_PORT}"),
        Field("format", "Format", "cef (unless you say so) or ocsf.", "cef", is_required=False, choices=tuple(_FORMATS)),
        Field("host", "Host name", "What messages name as their host.", "litesoc", is_required=False),
        _CA,
    ),
    check=_check_syslog,
    send=_send_syslog,
)
KINDS: Mapping[str, Kind] = {kind.id: kind for kind in (HTTP, SPLUNK, SYSLOG)}
