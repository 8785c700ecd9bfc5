"""What an OpenTelemetry exporter posts: an ExportLogsServiceRequest in protobuf or JSON, perhaps compressed, as records.

Sources: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request (both encodings, gzip),
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto; in JSON ids are
hexadecimal, names lowerCamelCase, 64-bit numbers texts or numbers
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from litesoc_server.sources.base import BodyRefused, Fault
from litesoc_server.sources.records import is_array, is_object, object_at, read_json, text_at

PLAIN_BYTES_MAX = 4 * 1024 * 1024  # of a request once it is unpacked: four times what may be sent
LOG_RECORDS_MAX = (
    20_000  # of one request, events or not: as many real ones as PLAIN_BYTES_MAX holds; empty ones are two bytes
)
ATTRIBUTES_MAX = 128  # of one record that are looked at; SDKs stop at this many, too
_GZIP_WINDOW = 31  # zlib: expect a gzip header
_NS_PER_MS = 1_000_000
_LIST_LENGTH_MAX = 50

Scalar: TypeAlias = str | int | float | bool
Attributes: TypeAlias = Mapping[str, Scalar | list[Scalar]]


class LogRecord(msgspec.Struct, frozen=True):
    """One log record, what our mapping reads of it."""

    event_name: str  # "" where it is a plain log line
    time_ms: int  # Unix ms; 0 when it is unknown
    attributes: Attributes
    resource: Attributes
    body: str | None
    trace_id: str  # hexadecimal, or ""
    span_id: str


def unpack(body: bytes) -> bytes:
    """Return what was compressed with gzip. Raises BodyRefused, also when it would be larger than PLAIN_BYTES_MAX."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(body, PLAIN_BYTES_MAX + 1)
    except zlib.error as error:
        raise BodyRefused(Fault.VALIDATION_FAILED, "the body is not what gzip writes: check Content-Encoding") from error
    if len(plain) > PLAIN_BYTES_MAX or unpacker.unconsumed_tail:
        message = f"the body is larger than {PLAIN_BYTES_MAX // 1024:,} KiB once it is unpacked: send smaller batches"
        raise BodyRefused(Fault.BATCH_TOO_LARGE, message)
    if not unpacker.eof:
        raise BodyRefused(Fault.VALIDATION_FAILED, "the compressed body ends too early: send all of it")
    return plain


def records_of_protobuf(body: bytes) -> Iterator[LogRecord]:
    """Yield the records of an ExportLogsServiceRequest. Raises BodyRefused before the first."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BodyRefused(Fault.VALIDATION_FAILED, "the body is no ExportLogsServiceRequest: check Content-Type") from error
    _require_few(request)
    return _records_of_message(request)


def _require_few(request: ExportLogsServiceRequest) -> None:
    """Raise BodyRefused for more records than are looked at, or more lists of them. Looks into no more than that."""
    count = len(request.resource_logs)
    for resource_logs in request.resource_logs if count <= LOG_RECORDS_MAX else ():
        count += len(resource_logs.scope_logs)
        if count > LOG_RECORDS_MAX:
            break
        count += sum(len(scope_logs.log_records) for scope_logs in resource_logs.scope_logs)
    if count > LOG_RECORDS_MAX:
        message = f"the export holds more than {LOG_RECORDS_MAX:,} log records: send smaller batches"
        raise BodyRefused(Fault.BATCH_TOO_LARGE, message)


def _records_of_message(request: ExportLogsServiceRequest) -> Iterator[LogRecord]:
    for resource_logs in request.resource_logs:
        resource = _attributes_of_messages(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                attributes = _attributes_of_messages(record.attributes)
                yield LogRecord(
                    event_name=record.event_name or _name_in(attributes),
                    time_ms=(record.time_unix_nano or record.observed_time_unix_nano) // _NS_PER_MS,
                    attributes=attributes,
                    resource=resource,
                    body=record.body.string_value or None,
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                )


def records_of_json(body: bytes) -> Iterator[LogRecord]:
    """Yield the records of an ExportLogsServiceRequest in JSON. Raises BodyRefused before the first."""
    document = read_json(body)
    if not is_object(document) or not is_array(document.get("resourceLogs", [])):
        raise BodyRefused(Fault.VALIDATION_FAILED, 'the body must be a JSON object with an array "resourceLogs"')
    return _records_of_document(document)


def _records_of_document(document: Mapping[str, object]) -> Iterator[LogRecord]:
    for resource_logs in _objects(document.get("resourceLogs")):
        resource = _attributes_of_objects(object_at(resource_logs, "resource").get("attributes"))
        for scope_logs in _objects(resource_logs.get("scopeLogs")):
            for record in _objects(scope_logs.get("logRecords")):
                attributes = _attributes_of_objects(record.get("attributes"))
                body = _scalar_of_object(record.get("body"))
                yield LogRecord(
                    event_name=text_at(record, "eventName") or _name_in(attributes),
                    time_ms=(_number(record.get("timeUnixNano")) or _number(record.get("observedTimeUnixNano")))
                    // _NS_PER_MS,
                    attributes=attributes,
                    resource=resource,
                    body=body if isinstance(body, str) else None,
                    trace_id=text_at(record, "traceId") or "",
                    span_id=text_at(record, "spanId") or "",
                )


def _name_in(attributes: Attributes) -> str:
    """Return the name that older SDKs put into the attribute event.name."""
    name = attributes.get("event.name")
    return name if isinstance(name, str) else ""


def _attributes_of_messages(pairs: Iterable[KeyValue]) -> Attributes:
    found: dict[str, Scalar | list[Scalar]] = {}
    for pair, _ in zip(pairs, range(ATTRIBUTES_MAX), strict=False):
        value = _scalar_of_message(pair.value)
        if value is not None:
            found[pair.key] = value
        elif pair.value.WhichOneof("value") == "array_value":
            entries = (_scalar_of_message(one) for one in pair.value.array_value.values[:_LIST_LENGTH_MAX])
            found[pair.key] = [one for one in entries if one is not None]
    return found


def _scalar_of_message(value: AnyValue) -> Scalar | None:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case _:
            return None  # maps and bytes are nothing that people search for


def _attributes_of_objects(pairs: object) -> Attributes:
    found: dict[str, Scalar | list[Scalar]] = {}
    for pair in _objects(pairs)[:ATTRIBUTES_MAX]:
        key = text_at(pair, "key")
        if key is None:
            continue
        value = _scalar_of_object(pair.get("value"))
        if value is not None:
            found[key] = value
            continue
        inner = object_at(pair, "value", "arrayValue").get("values")
        if is_array(inner):
            entries = (_scalar_of_object(one) for one in inner[:_LIST_LENGTH_MAX])
            found[key] = [one for one in entries if one is not None]
    return found


def _scalar_of_object(value: object) -> Scalar | None:
    if not is_object(value):
        return None
    for name in ("stringValue", "boolValue", "intValue", "doubleValue"):
        inner = value.get(name)
        if isinstance(inner, str | int | float):
            return _number(inner) if name == "intValue" and isinstance(inner, str) else inner
    return None


def _objects(value: object) -> list[dict[str, object]]:
    return [one for one in value if is_object(one)] if is_array(value) else []


def _number(value: object) -> int:
    """Return a whole number that may be written as a text; 0 if it is none."""
    if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) <= 20:  # noqa: PLR2004 # of 64 bits
        return int(value)
    return value if isinstance(value, int) else 0
