"""What POST /collect takes: field variants, bad input and ceilings; and that door and pipeline never disagree."""

import contextlib
import json
import string
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from litesoc_server.events.errors import InvalidMessage
from litesoc_server.sources import collect, json_text
from litesoc_server.sources.base import BodyRefused, Fault, SourceItem
from litesoc_server.sources.collect import REFUSED_ITEM, Checked, check, translate
from litesoc_server.sources.registry import translate as registry_translate

NOW_MS = 1_786_259_564_000  # 2026-08-09T07:12:44Z
DAY_MS = 86_400_000


def body_of(value: object) -> bytes:
    return json.dumps(value).encode()


def checked(body: bytes, *, batch_only: bool = False, may_backdate: bool = False) -> Checked:
    return check(body, batch_only=batch_only, may_backdate=may_backdate, now_ms=NOW_MS)


def item_of(event: dict[str, object]) -> SourceItem:
    """Fold one event, sent flat and as a batch, with blanks in odd places and without."""
    flat = body_of(event)
    [item] = translate(flat)
    assert checked(flat).count == 1
    assert translate(json.dumps({"events": [event]}, separators=(" , ", " : ")).encode()) == [item]
    return item


def refusal_of(event: object) -> str:
    """Return why an event is refused; sent flat, and between two good neighbours that must stay."""
    batch = checked(body_of({"events": [{"event": "a"}, event, {"event": "b"}]}))
    assert batch.count == 2
    [refused] = batch.rejected
    assert (refused.index, refused.fault) == (1, Fault.VALIDATION_FAILED)
    if isinstance(event, dict):
        flat = checked(body_of(event))
        assert flat.count == 0
        assert flat.rejected[0].message == refused.message
    return refused.message


def body_refusal_of(body: bytes, **options: bool) -> tuple[Fault, str]:
    with pytest.raises(BodyRefused) as refused:
        checked(body, **options)
    with pytest.raises(BodyRefused):
        raise refused.value
    return refused.value.fault, refused.value.message


ID = {"actor_id": "u1", "actor_email": None}
BOTH = {"actor_id": "u1", "actor_email": "a@b.example"}
EMAIL = {"actor_id": "a@b.example", "actor_email": "a@b.example"}
NOBODY = {"actor_id": None, "actor_email": None}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"actor": {"id": "u1", "email": "a@b.example"}}, BOTH),
        ({"actor": {"id": "u1", "email": None}}, ID),
        ({"actor": {"id": "u1"}}, ID),
        ({"actor": {"email": "a@b.example"}}, EMAIL),
        ({"actor": {"id": None, "email": "a@b.example"}}, EMAIL),
        ({"actor": {"id": "", "email": "a@b.example"}}, EMAIL),
        ({"actor": {"id": "u1", "email": "a@b.example", "name": "Mira"}}, {**BOTH, "actor_name": "Mira"}),
        ({"actor": {"id": "u1", "name": {"first": "Mira"}}}, {**ID, "actor_name": None}),
        ({"actor": {"user_id": "u1", "user_email": "a@b.example"}}, BOTH),
        ({"actor": {"id": "u1", "user_id": "other", "email": "a@b.example", "user_email": "other"}}, BOTH),
        ({"actor": "u1"}, ID),
        ({"actor": None}, NOBODY),
        ({}, NOBODY),
        ({"actor": {}}, NOBODY),
        ({"actor": "[REDACTED]"}, {"actor_id": "[REDACTED]", "actor_email": None}),
        ({"actor": {"id": 8841}}, {"actor_id": "8841", "actor_email": None}),
        ({"actor": {"id": 10**30}}, {"actor_id": "1" + "0" * 30, "actor_email": None}),
        ({"actor": {"id": 1.5}}, {"actor_id": "1.5", "actor_email": None}),
        ({"user_id": "u1", "email": "a@b.example"}, BOTH),
        ({"user_id": 7}, {"actor_id": "7", "actor_email": None}),
        ({"userId": "u1"}, ID),
        ({"userId": "other", "user_id": "u1"}, ID),
        ({"userId": "u1", "email": "a@b.example"}, BOTH),
        ({"email": "a@b.example"}, EMAIL),
        ({"actor_id": "u1", "actor_email": "a@b.example"}, BOTH),
        ({"actor_id": "u1", "user_id": "other"}, ID),
        ({"actor": "u1", "actor_id": "other", "user_id": "other", "email": "other"}, ID),
        ({"actor": {"id": "u1"}, "user_id": "other", "email": "other"}, ID),
        ({"actor": {}, "user_id": "u1"}, ID),
        ({"actor": None, "user_id": "u1"}, ID),
    ],
)
def test_actor_variants(fields: dict[str, object], expected: dict[str, object]) -> None:
    item = item_of({"event": "auth.login_failed", **fields})
    assert {name: getattr(item, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"event": "a"}, "a"),
        ({"event_name": "a"}, "a"),
        ({"event_type": "a"}, "a"),
        ({"eventName": "a"}, "a"),
        ({"event": None, "event_type": "a"}, "a"),
        ({"event": "a", "event_name": "b", "event_type": "c", "eventName": "d"}, "a"),
        ({"event_name": "b", "event_type": "c", "eventName": "d"}, "b"),
        ({"event_type": "c", "eventName": "d"}, "c"),
        ({"event": "a", "event_name": 5}, "a"),
        ({"event": "x" * 255}, "x" * 255),
        ({"event": " Login Failed "}, " Login Failed "),
    ],
)
def test_event_name_variants(fields: dict[str, object], name: str) -> None:
    assert item_of(fields).name == name


@pytest.mark.parametrize(
    ("fields", "user_ip"),
    [
        ({"user_ip": "198.51.100.7"}, "198.51.100.7"),
        ({"ip_address": "198.51.100.7"}, "198.51.100.7"),
        ({"context": {"ip_address": "198.51.100.7"}}, "198.51.100.7"),
        ({"metadata": {"ip_address": "198.51.100.7"}}, "198.51.100.7"),
        ({"user_ip": "1.1.1.1", "ip_address": "2.2.2.2"}, "1.1.1.1"),
        ({"ip_address": "1.1.1.1", "context": {"ip_address": "2.2.2.2"}}, "1.1.1.1"),
        ({"context": {"ip_address": "1.1.1.1"}, "metadata": {"ip_address": "2.2.2.2"}}, "1.1.1.1"),
        ({"user_ip": None, "metadata": {"ip_address": "1.1.1.1"}}, "1.1.1.1"),
        ({"user_ip": " ", "ip_address": "1.1.1.1"}, "1.1.1.1"),
        ({"user_ip": "unknown", "ip_address": "1.1.1.1"}, "unknown"),
        ({"user_ip": "[REDACTED]"}, "[REDACTED]"),
        ({"user_ip": "1.1.1.1:443, 2.2.2.2"}, "1.1.1.1:443, 2.2.2.2"),
        ({"user_ip": 16843009}, "16843009"),
        ({"user_ip": ["1.1.1.1"]}, '["1.1.1.1"]'),
        ({"user_ip": {"v4": "1.1.1.1"}}, '{"v4":"1.1.1.1"}'),
        ({"user_ip": False}, "false"),
        ({"user_ip": "x" * 5000}, "x" * 1024),
        ({"context": ["no object"]}, None),
        ({}, None),
    ],
)
def test_user_ip_variants_of_any_type(fields: dict[str, object], user_ip: str | None) -> None:
    assert item_of({"event": "a", **fields}).user_ip == user_ip


@pytest.mark.parametrize(
    ("fields", "user_agent"),
    [
        ({"metadata": {"user_agent": "A"}}, "A"),
        ({"context": {"user_agent": "A"}}, "A"),
        ({"metadata": {"userAgent": "A"}}, "A"),
        ({"metadata": {"browser": "A"}}, "A"),
        ({"metadata": {"user_agent": "A", "userAgent": "B"}, "context": {"user_agent": "C"}}, "A"),
        ({"metadata": {"browser": {"name": "A"}}}, None),
        ({"metadata": {"user_agent": "x" * 5000}}, "x" * 1024),
        ({}, None),
    ],
)
def test_user_agent_places(fields: dict[str, object], user_agent: str | None) -> None:
    assert item_of({"event": "a", **fields}).user_agent == user_agent


@pytest.mark.parametrize(
    ("fields", "metadata"),
    [
        ({}, {}),
        ({"metadata": None}, {}),
        ({"metadata": []}, {}),
        ({"metadata": {}}, {}),
        ({"metadata": {"a": [1, {"b": None}], "c": "ü"}}, {"a": [1, {"b": None}], "c": "ü"}),
        ({"target": {"id": "doc1", "type": "file"}}, {"target": {"id": "doc1", "type": "file"}}),
        ({"target": "doc1", "metadata": {"a": 1}}, {"a": 1, "target": "doc1"}),
        ({"target": "doc1", "metadata": {"target": "mine"}}, {"target": "mine"}),
        ({"target": None, "metadata": {"a": 1}}, {"a": 1}),
        ({"severity": "low", "metadata": {"severity": "low"}}, {"severity": "low"}),
        ({"metadata": {"big": 10**40}}, {"big": 10**40}),
    ],
)
def test_metadata_and_target(fields: dict[str, object], metadata: dict[str, object]) -> None:
    assert msgspec.json.decode(item_of({"event": "a", **fields}).metadata) == metadata


def test_the_sample_of_the_contract() -> None:
    body = b"""{ "event": "auth.login_failed", "actor": { "id": "usr_8841", "email": "mira@shop.example" },
                "user_ip": "198.51.100.77", "metadata": { "reason": "bad_password", "form": "checkout" } }"""
    metadata = msgspec.Raw(b'{"reason":"bad_password","form":"checkout"}')
    assert registry_translate("collect", body) == [
        SourceItem("auth.login_failed", "usr_8841", "mira@shop.example", None, "198.51.100.77", None, None, metadata)
    ]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, ("event", "missing")),
        ({"event": None}, ("event", "missing")),
        ({"event": ""}, ("event", "blank")),
        ({"event": " \t"}, ("event", "blank")),
        ({"event": 5}, ("event", "string")),
        ({"event_type": ["a"]}, ("event_type", "string")),
        ({"event": "x" * 256}, ("event", "255")),
        ({"event": "", "event_name": "a"}, ("event", "blank")),
        ({"event": "a", "actor": 5}, ("actor", "object", "string")),
        ({"event": "a", "actor": True}, ("actor",)),
        ({"event": "a", "actor": [1]}, ("actor",)),
        ({"event": "a", "actor": {"id": True}}, ("actor.id",)),
        ({"event": "a", "actor": {"id": ["u1"]}}, ("actor.id",)),
        ({"event": "a", "actor": {"email": 5}}, ("actor.email",)),
        ({"event": "a", "user_id": {}}, ("user_id",)),
        ({"event": "a", "email": 5}, ("email",)),
        ({"event": "a", "metadata": "text"}, ("metadata", "object")),
        ({"event": "a", "metadata": [1]}, ("metadata", "object")),
        ({"event": "a", "metadata": 0}, ("metadata", "object")),
        ({"event": "a", "metadata": {"x": "y" * 16384}}, ("metadata", "16 KiB")),
        ({"event": "a", "target": "y" * 16384}, ("metadata", "16 KiB")),
        ({"event": "a", "metadata": {str(i): 0 for i in range(257)}}, ("metadata", "256")),
        ({"event": "a", "metadata": {"x": [{str(i): 0} for i in range(256)]}}, ("metadata", "256")),
        ({"event": "a", "user_ip": "1.1.1.1\0"}, ("U+0000",)),
        ({"event": "a", "metadata": {"a\0": 1}}, ("U+0000",)),
        ({"event": "a", "unknown": ["\0"]}, ("U+0000",)),
    ],
)
def test_a_bad_item_is_refused_alone(event: dict[str, object], words: tuple[str, ...]) -> None:
    message = refusal_of(event)
    assert all(word in message for word in words), message


@pytest.mark.parametrize("item", [None, 5, "auth.login_failed", ["event"], True])
def test_an_item_must_be_an_object(item: object) -> None:
    assert "JSON object" in refusal_of(item)


def nested(levels: int, kind: str = "[]") -> str:
    return kind[0] * levels + kind[1] * levels


@pytest.mark.parametrize("levels", [16, 17, 50, 900, 990, 1000, 5000, 100_000])
@pytest.mark.parametrize("field", ["metadata", "unknown", "user_ip"])
def test_depth_is_bounded_for_the_item_alone(levels: int, field: str) -> None:
    inner = nested(levels - 1)
    deep = '{"event":"x","%s":{"a":%s}}' % (field, inner)  # noqa: UP031 # braces
    body = '{"events":[{"event":"a"},%s,{"event":"b"}]}' % deep  # noqa: UP031
    found = checked(body.encode())
    flat = checked(deep.encode())
    if levels <= 16:
        assert (found.count, flat.count) == (3, 1)
    else:
        assert [refused.index for refused in found.rejected] == [1]
        assert "16 levels" in found.rejected[0].message
        assert "16 levels" in flat.rejected[0].message
    names = [item.name for item in translate(body.encode())]
    assert names == ["a", "x" if levels <= 16 else "", "b"]


@pytest.mark.parametrize(
    ("raw", "fault", "word"),
    [
        (b'{"event":"x","metadata":{"a":"\\ud800"}}', Fault.INVALID_JSON, "surrogate"),
        (b'{"event":"x\\udc00y"}', Fault.INVALID_JSON, "surrogate"),
        (b'{"event":"x","u":"\\ud800\\ud800"}', Fault.INVALID_JSON, "surrogate"),
        (b'{"event":"x","metadata":{"a":"\xff"}}', Fault.INVALID_JSON, "UTF-8"),
        (b'{"event":"x","\xc0\xaf":1}', Fault.INVALID_JSON, "UTF-8"),
        (b'{"event":"x","metadata":{"a":"\xed\xa0\x80"}}', Fault.INVALID_JSON, "UTF-8"),
        (b'{"event":"x","metadata":{"a":1e999}}', Fault.VALIDATION_FAILED, "number"),
        (b'{"event":"x","actor":{"id":' + b"9" * 5000 + b"}}", Fault.VALIDATION_FAILED, "number"),
        (b'{"event":"x","event":"y"}', Fault.VALIDATION_FAILED, "event appears twice"),
        (b'{"event":"x","\\u0065vent":"y"}', Fault.VALIDATION_FAILED, "event appears twice"),
        (b'{"event" :"x","event":"y"}', Fault.VALIDATION_FAILED, "event appears twice"),
        (b'{"event"\n\t:"x","event"\r :"y"}', Fault.VALIDATION_FAILED, "event appears twice"),
        (b'{"event":"x","actor":"a","actor":"b"}', Fault.VALIDATION_FAILED, "actor appears twice"),
        (b'{"event":"x","actor":{"id":"a","id":"b"}}', Fault.VALIDATION_FAILED, "actor.id appears twice"),
        (b'{"event":"x","user_ip":"1.1.1.1","user_ip":"2.2.2.2"}', Fault.VALIDATION_FAILED, "user_ip appears twice"),
        (b'{"event":"x","metadata":{},"metadata":{}}', Fault.VALIDATION_FAILED, "metadata appears twice"),
        (b'{"event":"x","a\\":":1,"metadata":{},"metadata":{}}', Fault.VALIDATION_FAILED, "metadata appears twice"),
    ],
)
def test_bad_characters_numbers_and_repeated_keys_cost_one_item_only(raw: bytes, fault: Fault, word: str) -> None:
    batch = checked(b'{"events":[{"event":"a"},' + raw + b', {"event":"b"} ]}')
    assert batch.count == 2
    [refused] = batch.rejected
    assert (refused.index, refused.fault) == (1, fault)
    assert word in refused.message
    if fault is Fault.INVALID_JSON:
        assert body_refusal_of(raw)[0] is fault
    else:
        assert word in checked(raw).rejected[0].message


@pytest.mark.parametrize(
    "raw",
    [
        b'{"event":"x","metadata":{"a":1,"a":2}}',  # only fields we read are looked at
        b'{"event":"x","unknown":1,"unknown":2}',
        b'{"event":"event","metadata":{"event":"\\"event\\":","metadata":1}}',
        b'{"event":"x","metadata":{"a":"\\\\u0000"}}',  # a backslash and the text u0000
        b'{"event":"x","metadata":{"a":"\\ud83d\\ude00"}}',
        b'{"event":"x","metadata":{"a":-0.0,"b":1E5,"c":1e-400}}',
        b' \r\n\t{ "event" : "x" } \n',
        b'{"\\u0065vent":"x"}',
        b'{"event":"x","events":null}',
        b'{"event":"x","actor":{"id":"a"},"target":{"id":"b"},"metadata":{"id":"c"}}',
    ],
)
def test_what_only_looks_odd_is_taken(raw: bytes) -> None:
    assert checked(raw).count == 1
    assert translate(raw)[0].name in ("x", "event")
    assert checked(b'{"events":[' + raw + b"," + raw + b"]}").count == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"event":"a"',
        b'{"event":"a"}}',
        b'{"event":"a"} x',
        b"{'event':'a'}",
        b'{"event":"a",}',
        b'{"event":NaN}',
        b'{"event":"a","metadata":{"x":Infinity}}',
        b'{"event":"a","metadata":{"x":-Infinity}}',
        b'{"event":"a","metadata":{"x":01}}',
        b'{"event":"a\x01"}',
        b'{"event":"a\x00"}',
        b'\xef\xbb\xbf{"event":"a"}',
        '{"event":"a"}'.encode("utf-16"),
        b'{"event":"\xff"}',
        b'{"events":[{"event":"a"},{"event":"b"]}',
        b'{"events":[{"event":"a"},{"event":NaN}]}',
        b'{"events":[{"event":"a"},]}',
        b'{"events":[,{"event":"a"}]}',
        b'{"events":[{"event":"a"} {"event":"\\ud800"}]}',
        b'{"events":["a":{"event":"\\ud800"}]}',
        b'{"events":[{"event":"\\ud800"}}]}',
        b'{"events":[{"event":"\\ud800"}],}',
        b'{"events":[{"event":"\\ud800"}]',
        b'{"\xff":1,"events":[{"event":"a"}]}',
        b'{"' + b'\\"' * 1000,
    ],
)
def test_what_is_not_json_is_refused_whole(body: bytes) -> None:
    fault, message = body_refusal_of(body)
    assert fault is Fault.INVALID_JSON
    assert "JSON" in message or "UTF-8" in message


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"[]", "object"),
        (b'[{"event":"a"}]', "object"),
        (b'"a"', "object"),
        (b"5", "object"),
        (b"null", "object"),
        (b'{"events":[]}', "empty"),
        (b'{"events":{}}', "array"),
        (b'{"events":"a"}', "array"),
        (b'{"events":false,"event":"a\\u0000"}', "array"),
        (b'{"events":[{"event":"a"}],"events":[{"event":"b"}]}', "twice"),
        (b'{"events":[{"event":"a"}],"\\u0065vents":[{"event":"b"}]}', "twice"),
        (b'{"events":[{"event":"a"}],"x":' + nested(100).encode() + b"}", "levels"),
        (b'{"events":[{"event":"a"}],"x":' + nested(100_000).encode() + b"}", "levels"),
    ],
)
def test_what_is_no_request_is_refused_whole(body: bytes, word: str) -> None:
    fault, message = body_refusal_of(body)
    assert fault in (Fault.VALIDATION_FAILED, Fault.INVALID_JSON)
    assert word in message


@pytest.mark.parametrize(
    "body", [nested(100_000).encode(), nested(100_000, "{}").replace("{", '{"a":').encode(), b"[" * 2**20]
)
def test_hostile_depth_is_refused(body: bytes) -> None:
    assert checked(body).count == 0


def test_a_batch_holds_at_most_100_events() -> None:
    assert checked(body_of({"events": [{"event": "a"}] * 100})).count == 100
    fault, message = body_refusal_of(body_of({"events": [{"event": "a"}] * 101}))
    assert fault is Fault.BATCH_TOO_LARGE
    assert "101" in message
    assert "100" in message
    assert body_refusal_of(b'{"events":[' + b'{"event":"\\ud800"},' * 100 + b"1]}")[0] is Fault.BATCH_TOO_LARGE


def test_the_batch_path_takes_only_batches() -> None:
    assert checked(body_of({"events": [{"event": "a"}]}), batch_only=True).count == 1
    fault, message = body_refusal_of(body_of({"event": "a"}), batch_only=True)
    assert fault is Fault.VALIDATION_FAILED
    assert "/collect" in message


@pytest.mark.parametrize(
    ("timestamp", "word"),
    [
        ("2026-08-09T07:12:44Z", None),
        ("2026-08-09T09:12:44.123456+02:00", None),
        (" 2026-08-09t07:12:44z ", None),
        ("2025-07-05T07:12:44Z", None),
        ("2025-07-05T07:12:43Z", "400 days"),
        ("2026-08-09T07:17:44Z", None),
        ("2026-08-09T07:17:44.001Z", "5 minutes"),
        ("2026-08-09T07:12:44", "offset"),
        ("2026-02-30T07:12:44Z", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        ("", "RFC 3339"),
        (1_786_259_564, "RFC 3339"),
        ({"at": 1}, "RFC 3339"),
        (None, None),
    ],
)
def test_timestamps_count_only_with_the_backfill_scope(timestamp: object, word: str | None) -> None:
    body = body_of({"events": [{"event": "a"}, {"event": "b", "timestamp": timestamp}, {"event": "c", "actor": 5}]})
    found = checked(body, may_backdate=True)
    if word is None:
        assert [refused.index for refused in found.rejected] == [2]
    else:
        assert [refused.index for refused in found.rejected] == [1, 2]
        assert word in found.rejected[0].message
    assert checked(body).count == 2


def test_the_registry_knows_its_sources() -> None:
    with pytest.raises(InvalidMessage, match="not known"):
        registry_translate("fax", b"{}")
    with pytest.raises(InvalidMessage, match="not valid JSON"):
        registry_translate("collect", b"{")


# --- laws -----------------------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    ["event", "event_name", "actor", "actor_id", "user_id", "email", "user_ip", "ip_address", "context", "metadata"]
) | st.sampled_from(["target", "timestamp", "id", "x", "events"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(["auth.login_failed", "[REDACTED]", "1.1.1.1", "\0", '":', "a :", "{", "\\u0000", ""]),
)
JSON_VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=12
)
EVENTS = st.dictionaries(FIELDS, JSON_VALUES, max_size=6) | JSON_VALUES
BODIES = st.one_of(
    EVENTS.map(json.dumps),
    st.lists(EVENTS, max_size=4).map(lambda events: json.dumps({"events": events}, ensure_ascii=False)),
    st.lists(EVENTS, max_size=4).map(lambda events: json.dumps({"events": events, "x": 1}, indent=1)),
).map(str.encode)
SPLICES = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 3),
        st.one_of(
            st.binary(max_size=3),
            st.sampled_from(
                [b"\\ud800", b'"event":"x",', b'"events":[],', b"[" * 1200, b"]" * 1200, b"1e999", b'"', b"\\", b" "]
            ),
        ),
    ),
    max_size=3,
)


def spliced(body: bytes, splices: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, replacement in splices:
        body = body[:at] + replacement + body[at + length :]
    return body


def outcome_of(read: Callable[[bytes], object], body: bytes) -> object:
    try:
        return read(body)
    except BodyRefused as refused:
        return refused.fault, refused.message


@given(BODIES, SPLICES)
@example(b'{"events":[{"event":"a"},{"event":"\\ud800"}]}', [])
def test_door_and_pipeline_agree_on_every_body(body: bytes, splices: list[tuple[int, int, bytes]]) -> None:
    body = spliced(body, splices)
    found, items = outcome_of(checked, body), outcome_of(translate, body)
    if not isinstance(found, Checked) or not isinstance(items, list):
        assert found == items
        return
    refused_at = {refused.index for refused in found.rejected}
    assert len(items) == found.count + len(refused_at)
    for index, item in enumerate(items):
        assert (item is REFUSED_ITEM) == (index in refused_at)
        if item is not REFUSED_ITEM:
            assert item.name.strip()
            assert "\0" not in item.name
            assert isinstance(msgspec.json.decode(item.metadata), dict)
            bytes(item.metadata).decode()


@given(BODIES, SPLICES)
def test_reading_in_pieces_finds_what_reading_at_once_finds(body: bytes, splices: list[tuple[int, int, bytes]]) -> None:
    # A nested neighbour can make the parser give up in one process and not in another, whose stack is less deep.
    body = spliced(body, splices)
    try:
        at_once = collect._read(body, collect.fold)
    except BodyRefused:
        with contextlib.suppress(BodyRefused):
            assert not any(isinstance(item, SourceItem) for item in collect._read_in_pieces(body, collect.fold, None).items)
        return
    assert collect._read_in_pieces(body, collect.fold, None) == at_once


@given(st.lists(EVENTS, min_size=1, max_size=4), st.integers(0, 4))
def test_a_bad_neighbour_changes_nothing(events: list[object], at: int) -> None:
    alone = translate(body_of({"events": events}))
    texts = [json.dumps(event) for event in events]
    texts.insert(min(at, len(texts)), '{"event":"\\udfff"}')
    together = translate(('{"events":[' + ",".join(texts) + "]}").encode())
    del together[min(at, len(events))]
    assert together == alone


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"event":"a.b","event":"a.c"' + b',"a":1' * 5000 + b"}", "more than 4,096 fields"),
        (b'{"events":[{"event":"a.b","event":"a.c"' + b',"a":1' * 5000 + b"}]}", "more than 4,096 fields"),
        (b'{"events":["\xff"' + b",1" * 5000 + b"]}", "more than 4,096 events"),
        (b'{"event":"a.b","x":[' + b"[]," * 5_000 + b"[]]}", "more than 4,096 objects and arrays"),
        (b'{"events":[{"event":"a.b"}],"x":[' + b"[]," * 5_000 + b"[]]}", "more than 4,096 objects and arrays"),
    ],
)
def test_what_would_cost_much_to_look_at_is_refused(body: bytes, problem: str) -> None:
    try:
        refused = checked(body).rejected[0].message
    except BodyRefused as error:
        refused = error.message
    assert problem in refused


def test_an_event_with_too_many_objects_costs_no_neighbour() -> None:
    found = checked(b'{"events":[{"event":"a.b"},{"event":"a.b","x":[' + b"{}," * 5_000 + b"1]}]}")
    assert (found.count, [item.index for item in found.rejected]) == (1, [1])


def test_brackets_in_text_are_no_objects() -> None:
    assert checked(b'{"event":"a.b","x":"' + b"[" * 20_000 + b'"}').count == 1


@given(JSON_VALUES)
def test_taking_text_apart_gives_the_parsers_view(value: object) -> None:
    text = json.dumps(value).encode()
    parts = json_text.children(text)
    if isinstance(value, dict):
        assert {part.key: json.loads(text[part.start : part.end]) for part in parts} == value
    elif isinstance(value, list):
        assert [json.loads(text[part.start : part.end]) for part in parts] == value
    else:
        assert parts == []


@given(st.text(string.printable, max_size=200).map(str.encode))
def test_taking_any_text_apart_never_fails(text: bytes) -> None:
    for part in json_text.children(text):
        assert 0 <= part.start <= part.end <= len(text)


@pytest.mark.parametrize("name", ["session_id", "device_id"])
@pytest.mark.parametrize("is_camel", [False, True])
@pytest.mark.parametrize("place", [None, "context", "metadata"])
def test_ids_of_sessions_and_devices_are_found_wherever_they_stand(name: str, is_camel: bool, place: str | None) -> None:
    sent = {name.replace("_id", "Id") if is_camel else name: "id-1"}
    item = item_of({"event": "a", **(sent if place is None else {place: sent})})
    assert (item.session_id, item.device_id) == (("id-1", None) if name == "session_id" else (None, "id-1"))


@pytest.mark.parametrize(
    ("fields", "session_id"),
    [
        ({"session_id": "A", "context": {"session_id": "B"}, "metadata": {"session_id": "C"}}, "A"),
        ({"context": {"sessionId": "B"}, "metadata": {"session_id": "C"}}, "B"),
        ({"session_id": "", "sessionId": "A"}, "A"),
        ({"session_id": " ", "metadata": {"session_id": "C"}}, "C"),
        ({"session_id": 17}, "17"),
        ({"session_id": True}, None),
        ({"session_id": 1.5}, None),
        ({"session_id": {"id": "A"}}, None),
        ({"session_id": "x" * 5000}, "x" * 255),
    ],
)
def test_ids_that_cannot_be_used_are_passed_over(fields: dict[str, object], session_id: str | None) -> None:
    assert item_of({"event": "a", **fields}).session_id == session_id
