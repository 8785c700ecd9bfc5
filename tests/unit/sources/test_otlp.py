"""OpenTelemetry log records become events by their attributes, the same from either encoding."""

import base64
import gzip
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from litesoc_server.sources.base import BodyRefused, Fault, SourceItem
from litesoc_server.sources.otlp import item_of, pack, translate
from litesoc_server.sources.otlp_request import (
    LOG_RECORDS_MAX,
    PLAIN_BYTES_MAX,
    records_of_json,
    records_of_protobuf,
    unpack,
)
from litesoc_server.sources.records import METADATA_BYTES_MAX

GOLDEN = Path(__file__).parents[2] / "golden" / "sources" / "otlp"


def as_protobuf(document: dict[str, Any]) -> bytes:
    """Return the JSON of the specification as protobuf; there ids are hexadecimal, where protobuf's own JSON has base64."""
    copied = json.loads(json.dumps(document))
    for resource in copied["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                for name in ("traceId", "spanId"):
                    if name in record:
                        record[name] = base64.b64encode(bytes.fromhex(record[name])).decode()
    return ParseDict(copied, ExportLogsServiceRequest()).SerializeToString()


def shown(item: SourceItem) -> dict[str, Any]:
    fields = {name: value for name, value in msgspec.structs.asdict(item).items() if value is not None}
    return {**fields, "metadata": msgspec.json.decode(item.metadata)}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.in.json")), ids=lambda path: path.name.partition(".")[0])
def test_golden_exports(path: Path) -> None:
    body = path.read_bytes()
    found = [item_of(record) for record in records_of_json(body)]
    expected_path = path.with_name(path.name.replace(".in.", ".out."))
    items = [None if item is None else shown(item) for item in found]
    if os.environ.get("WRITE_GOLDEN"):
        expected_path.write_text(json.dumps(items, indent=2) + "\n", encoding="utf-8")
    assert items == json.loads(expected_path.read_text(encoding="utf-8"))
    assert [item_of(record) for record in records_of_protobuf(as_protobuf(json.loads(body)))] == found
    kept = [item for item in found if item is not None]
    assert translate(pack(kept)) == kept


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BodyRefused) as refused:
        unpack(gzip.compress(b"\0" * (PLAIN_BYTES_MAX * 50)))
    assert refused.value.fault is Fault.BATCH_TOO_LARGE
    assert unpack(gzip.compress(b"x" * PLAIN_BYTES_MAX)) == b"x" * PLAIN_BYTES_MAX


def nested(*counts: int) -> bytes:
    """Return an export of empty messages: so many resources, in the first so many scopes, in its first so many records."""
    request = ExportLogsServiceRequest()
    level: Any = request.resource_logs
    for count, below in zip(counts, ("scope_logs", "log_records", ""), strict=False):
        for _ in range(count):
            level.add()
        level = getattr(level[0], below, None)
    return request.SerializeToString()


@pytest.mark.parametrize(
    "counts",
    [(LOG_RECORDS_MAX + 1,), (1, LOG_RECORDS_MAX), (1, 1, LOG_RECORDS_MAX - 1)],
    ids=["resources", "scopes", "records"],
)
def test_more_empty_messages_than_are_looked_at_are_refused(counts: tuple[int, ...]) -> None:
    with pytest.raises(BodyRefused) as refused:
        records_of_protobuf(nested(*counts))
    assert refused.value.fault is Fault.BATCH_TOO_LARGE
    fewer = nested(*counts[:-1], counts[-1] - 1)
    assert sum(1 for _ in records_of_protobuf(fewer)) == (counts[-1] - 1 if len(counts) == 3 else 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"not gzip", gzip.compress(b"whole body")[:-6], gzip.compress(b"{}")[:12]],
    ids=["empty", "other", "cut off at the end", "cut off early"],
)
def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BodyRefused):
        unpack(body)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (records_of_protobuf, records_of_json, unpack):
        try:
            found = read(body)
            for record in () if isinstance(found, bytes) else found:
                item_of(record)
        except BodyRefused:
            pass


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    odd=ODD,
    where=st.sampled_from(["resourceLogs", "scopeLogs", "logRecords", "attributes", "value", "time", "name", "body"]),
)
def test_a_real_export_with_one_odd_value_is_read_or_refused(odd: object, where: str) -> None:
    record: dict[str, Any] = {
        "timeUnixNano": "1786259564120000000",
        "eventName": "auth.login_failed",
        "body": {"stringValue": "x"},
        "attributes": [{"key": "user.id", "value": {"stringValue": "usr_1"}}],
    }
    document: dict[str, Any] = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    places: dict[str, tuple[Any, Any]] = {
        "resourceLogs": (document, "resourceLogs"),
        "scopeLogs": (document["resourceLogs"][0], "scopeLogs"),
        "logRecords": (document["resourceLogs"][0]["scopeLogs"][0], "logRecords"),
        "attributes": (record, "attributes"),
        "value": (record["attributes"][0], "value"),
        "time": (record, "timeUnixNano"),
        "name": (record, "eventName"),
        "body": (record, "body"),
    }
    container, key = places[where]
    container[key] = odd
    try:
        items = [item_of(found) for found in records_of_json(json.dumps(document).encode())]
    except BodyRefused:
        return
    kept = [item for item in items if item is not None]
    assert all(0 < len(item.name) <= 255 and len(item.metadata) <= METADATA_BYTES_MAX for item in kept)
    assert translate(pack(kept)) == kept


def test_the_test_knows_protobufs_own_json() -> None:
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": "a.b"}]}]}]}
    assert MessageToDict(ExportLogsServiceRequest.FromString(as_protobuf(document))) == document
