"""OpenTelemetry logs: records that carry an event name become events, by the attributes of the semantic conventions.

Sources, below https://opentelemetry.io/docs/specs/semconv: /general/events/ (EventName; `event.name` in older SDKs),
/registry/attributes/user/ and /registry/attributes/enduser/ (user.id, user.email, user.full_name, user.name, enduser.id),
/registry/attributes/client/ (client.address), /registry/attributes/user-agent/ (user_agent.original),
/general/session/ (session.id), /registry/attributes/device/ (device.id), /resource/service/ (service.name).
These are the current names, all of them "in development" (model/ of https://github.com/open-telemetry/semantic-conventions,
where enduser.id is not deprecated any more).
What is appended to the stream is the items themselves, as JSON: never what an exporter sent besides.
"""

import re

import msgspec

from litesoc_server.sources.base import BodyRefused, ConnectedSource, Fault, Snippet, SourceItem
from litesoc_server.sources.otlp_request import Attributes, LogRecord
from litesoc_server.sources.records import email_or_none, metadata_of, time_of_unix

_APPLICATION = """\
OTEL_EXPORTER_OTLP_LOGS_ENDPOINT={address}
OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf
OTEL_EXPORTER_OTLP_LOGS_HEADERS=x-api-key={key}
"""
_COLLECTOR = """\
exporters:
  otlphttp/litesoc:
    logs_endpoint: {address}
    compression: gzip
    headers:
      x-api-key: {key}

processors:
  filter/events: # send events only, not every log line
    logs:
      log_record:
        - event_name == "" and attributes["event.name"] == nil
  batch:
    send_batch_size: 200
    send_batch_max_size: 1000

service:
  pipelines:
    logs/security:
      receivers: [otlp]
      processors: [filter/events, batch]
      exporters: [otlphttp/litesoc]
"""
SOURCE = ConnectedSource(
    id="otlp",
    title="OpenTelemetry",
    summary="Events among the logs that applications and collectors send over OTLP/HTTP.",
    docs_url="https://opentelemetry.io/docs/specs/otel/protocol/exporter/",
    setup=(
        "Point the exporter of logs at the address, with the key in the header x-api-key: {key}",
        "Give the record of each security event an event name, e.g. auth.login_failed.",
        "Say who and from where with the attributes user.id, user.email and client.address.",
        "Records without an event name are ordinary log lines: they are counted and not kept.",
    ),
    snippets=(Snippet("Application", _APPLICATION), Snippet("Collector", _COLLECTOR)),
)
NAME_LENGTH_MAX = 255  # characters, as for every event name
ID_LENGTH_MAX = 255
KEY_LENGTH_MAX = 128  # characters of an attribute's name

_USER_ID = ("user.id", "enduser.id", "user.name", "enduser.pseudo.id")
_USER_NAME = ("user.full_name", "user.name")
_ADDRESS = ("client.address", "http.client_ip")  # the second is what older conventions called it
_USER_AGENT = ("user_agent.original", "http.user_agent")
_SESSION = ("session.id",)
_DEVICE = ("device.id",)
_RESOURCE_KEPT = ("service.name", "service.version", "deployment.environment.name", "host.name")
_USED = frozenset({"event.name", "user.email", *_USER_ID, *_USER_NAME, *_ADDRESS, *_USER_AGENT, *_SESSION, *_DEVICE})
# Attributes that instrumentation fills with what lets people in, e.g. http.request.header.authorization.
_SECRET = re.compile(r"authorization|cookie|passw|secret|token|api.?key|credential", re.IGNORECASE)

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[SourceItem])


def item_of(record: LogRecord) -> SourceItem | None:
    """Return the item of one record, None if it carries no event name: then it is an ordinary log line."""
    name = record.event_name.strip()
    if not name:
        return None
    attributes = record.attributes
    user_id = _first(attributes, _USER_ID)
    email = email_or_none(_first(attributes, ("user.email",))) or email_or_none(user_id)
    rest = {
        key[:KEY_LENGTH_MAX].replace("\0", "\N{REPLACEMENT CHARACTER}"): value
        for key, value in attributes.items()
        if key not in _USED and not _SECRET.search(key)
    }
    resource = {key: record.resource.get(key) for key in _RESOURCE_KEPT}
    device_id, session_id = _first(attributes, _DEVICE), _first(attributes, _SESSION)
    return SourceItem(
        name=name[:NAME_LENGTH_MAX],
        actor_id=user_id or email,
        actor_email=email,
        actor_name=_first(attributes, _USER_NAME),
        user_ip=_first(attributes, _ADDRESS),
        user_agent=_first(attributes, _USER_AGENT),
        timestamp=time_of_unix(record.time_ms),
        metadata=metadata_of(
            {
                "source": SOURCE.id,
                "body": record.body,
                "trace_id": record.trace_id,
                "span_id": record.span_id,
                **resource,
                **rest,
            }
        ),
        session_id=None if session_id is None else session_id[:ID_LENGTH_MAX],
        device_id=None if device_id is None else device_id[:ID_LENGTH_MAX],
    )


def pack(items: list[SourceItem]) -> bytes:
    """Return ``items`` as the body of an envelope."""
    return _ENCODER.encode(items)


def translate(body: bytes) -> list[SourceItem]:
    """Return the items that `pack` packed. Raises BodyRefused."""
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise BodyRefused(Fault.INVALID_JSON, "the items cannot be read") from error


def _first(attributes: Attributes, names: tuple[str, ...]) -> str | None:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value and not value.isspace():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None
