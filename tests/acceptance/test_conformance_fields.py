"""Every field variant of an event, in the order of precedence, and what is refused (contract 1.5, 2.2, 2.10, 5)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from client_readings import COLLECT_READERS, read_error_as_everybody
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

Json = dict[str, Any]
IP, OTHER_IP = "129.240.118.130", "198.51.100.77"
MAIL = "mira@shop.example"


@dataclass(frozen=True)
class Case:
    """Fields of one event beside its name, and what of it must be stored."""

    sent: Json
    stored: Json


def actor(sent: Json, actor_id: str | None, actor_email: str | None = None) -> Case:
    return Case(sent, {"actor_id": actor_id, "actor_email": actor_email})


def address(sent: Json, user_ip: str | None, raw: str | None = None) -> Case:
    """``raw`` is what the metadata keeps of a value that is not one address."""
    return Case(sent, {"user_ip": user_ip, "ip_address": user_ip, "user_ip_raw": raw})


ACTORS = (
    actor({}, None),
    actor({"actor": None}, None),
    actor({"actor": {}}, None),
    actor({"actor": ""}, None),
    actor({"actor": {"id": "a", "email": MAIL}}, "a", MAIL),
    actor({"actor": {"id": "a", "email": None}}, "a"),
    actor({"actor": {"id": "a"}}, "a"),
    actor({"actor": {"email": MAIL}}, MAIL, MAIL),
    actor({"actor": {"id": None, "email": MAIL}}, MAIL, MAIL),
    actor({"actor": {"id": "", "email": MAIL}}, MAIL, MAIL),
    actor({"actor": {"id": "a", "email": MAIL, "name": "Mira"}}, "a", MAIL),
    actor({"actor": {"user_id": "a", "user_email": MAIL}}, "a", MAIL),
    actor({"actor": {"id": "a", "user_id": "b", "email": MAIL, "user_email": "x@y.example"}}, "a", MAIL),
    actor({"actor": {"user_email": MAIL}}, MAIL, MAIL),
    actor({"actor": "a"}, "a"),
    actor({"actor": " a "}, "a"),
    actor({"actor": {"id": 17}}, "17"),
    actor({"actor": {"id": 0}}, "0"),
    actor({"actor": {"id": 9007199254740993}}, "9007199254740993"),
    actor({"actor": {"user_id": 17, "user_email": MAIL}}, "17", MAIL),
    actor({"actor": {"id": "ümit 🙂"}}, "ümit 🙂"),
    actor({"actor": {"id": "[REDACTED]"}}, "[REDACTED]"),
    actor({"actor": {"id": "a" * 255}}, "a" * 255),
    actor({"actor": {"id": "a" * 300}}, "a" * 255),
    actor({"user_id": "a", "email": MAIL}, "a", MAIL),
    actor({"user_id": 17}, "17"),
    actor({"email": MAIL}, MAIL, MAIL),
    actor({"userId": "a"}, "a"),
    actor({"actor_id": "a", "actor_email": MAIL}, "a", MAIL),
    actor({"actor_id": "a"}, "a"),
    actor({"actor_email": MAIL}, MAIL, MAIL),
    actor({"actor": {"id": "a"}, "user_id": "b", "email": MAIL}, "a"),
    actor({"actor": "a", "actor_id": "b", "user_id": "c", "userId": "d"}, "a"),
    actor({"actor": None, "user_id": "b"}, "b"),
    actor({"actor_id": "b", "user_id": "c", "userId": "d"}, "b"),
    actor({"user_id": "c", "userId": "d"}, "c"),
    actor({"actor_id": None, "user_id": None, "userId": "d"}, "d"),
)
ADDRESSES = (
    address({}, None),
    address({"user_ip": None}, None),
    address({"user_ip": ""}, None),
    address({"user_ip": IP}, IP),
    address({"ip_address": IP}, IP),
    address({"context": {"ip_address": IP}}, IP),
    address({"metadata": {"ip_address": IP}}, IP),
    address({"user_ip": IP, "ip_address": OTHER_IP}, IP),
    address({"ip_address": IP, "context": {"ip_address": OTHER_IP}}, IP),
    address({"context": {"ip_address": IP}, "metadata": {"ip_address": OTHER_IP}}, IP),
    address({"user_ip": None, "ip_address": None, "context": None, "metadata": {"ip_address": IP}}, IP),
    address({"user_ip": None, "context": {"ip_address": IP}}, IP),
    address({"user_ip": f"  {IP} "}, IP),
    address({"user_ip": f"{IP}:443"}, IP),
    address({"user_ip": f"{IP}, 10.0.0.1, {OTHER_IP}"}, IP, f"{IP}, 10.0.0.1, {OTHER_IP}"),
    address({"user_ip": f"{IP}:51000,10.0.0.1"}, IP, f"{IP}:51000,10.0.0.1"),
    address({"user_ip": "2001:db8::1"}, "2001:db8::1"),
    address({"user_ip": "2001:0DB8:0:0:0:0:0:0001"}, "2001:db8::1"),
    address({"user_ip": "[2001:db8::1]"}, "2001:db8::1"),
    address({"user_ip": "[2001:db8::1]:443"}, "2001:db8::1"),
    address({"user_ip": "fe80::1%eth0"}, "fe80::1"),
    address({"user_ip": f"::ffff:{IP}"}, IP),
    address({"user_ip": "10.4.0.12"}, "10.4.0.12"),
    address({"user_ip": "127.0.0.1"}, "127.0.0.1"),
    address({"user_ip": "unknown"}, None, "unknown"),
    address({"user_ip": "[REDACTED]"}, None, "[REDACTED]"),
    address({"user_ip": "localhost"}, None, "localhost"),
    address({"user_ip": "999.1.1.1"}, None, "999.1.1.1"),
    address({"user_ip": "1.2.3"}, None, "1.2.3"),
    address({"user_ip": "2001:db8::zz"}, None, "2001:db8::zz"),
    address({"user_ip": "[2001:db8::1"}, None, "[2001:db8::1"),
    address({"user_ip": 1234}, None, "1234"),
    address({"user_ip": True}, None, "true"),
    address({"user_ip": {"v4": IP}}, None, f'{{"v4":"{IP}"}}'),
    address({"user_ip": [IP]}, None, f'["{IP}"]'),
    address({"user_ip": "x" * 5000}, None, "x" * 256),
)
NAMES = (
    Case({"event": "auth.logout"}, {"event_name": "auth.logout"}),
    Case({"event_name": "auth.logout"}, {"event_name": "auth.logout"}),
    Case({"event_type": "auth.logout"}, {"event_name": "auth.logout"}),
    Case({"eventName": "auth.logout"}, {"event_name": "auth.logout"}),
    Case({"event": "a.one", "event_name": "a.two", "event_type": "a.three", "eventName": "a.four"}, {"event_name": "a.one"}),
    Case({"event_name": "a.two", "event_type": "a.three", "eventName": "a.four"}, {"event_name": "a.two"}),
    Case({"event_type": "a.three", "eventName": "a.four"}, {"event_name": "a.three"}),
    Case({"event": None, "event_name": "a.two"}, {"event_name": "a.two"}),
    Case({"event": "x" * 255}, {"event_name": "x" * 255}),
    Case({"event": "auth.logout", "unknown_field": {"deep": [1]}, "severity": 7}, {"event_name": "auth.logout"}),
)
_RICH: Json = {"s": 'ü☃🙂\n"\\', "i": 9007199254740993, "f": 0.1, "t": True, "n": None, "l": [1, [2]], "o": {"k": {}}}
METADATA = (
    Case({}, {"metadata": {}}),
    Case({"metadata": None}, {"metadata": {}}),
    Case({"metadata": []}, {"metadata": {}}),
    Case({"metadata": {}}, {"metadata": {}}),
    Case({"metadata": _RICH}, {"metadata": _RICH}),
    Case({"metadata": {"severity": "critical", "timestamp": 5}}, {"metadata": {"severity": "critical", "timestamp": 5}}),
    Case({"metadata": {"_sdk": "x", "_retry_count": 3}}, {"metadata": {"_sdk": "x", "_retry_count": 3}}),
    Case({"metadata": {"": 0, "a.b": 1, "$c": 2}}, {"metadata": {"": 0, "a.b": 1, "$c": 2}}),
    Case({"target": {"id": "t"}}, {"metadata": {"target": {"id": "t"}}}),
    Case({"target": {"id": "t"}, "metadata": {"a": 1}}, {"metadata": {"target": {"id": "t"}, "a": 1}}),
    Case({"metadata": {"blob": "x" * 16_000}}, {"metadata": {"blob": "x" * 16_000}}),
)
TABLES: dict[str, Sequence[Case]] = {"actors": ACTORS, "addresses": ADDRESSES, "names": NAMES, "metadata": METADATA}


@pytest.fixture(scope="module")
def tenants(shared_server: LiveServer) -> dict[str, TenantApi]:
    made = create_tenants(shared_server, *(Tenant(name=name) for name in (*TABLES, "single", "refused")))
    return {api.tenant.name: api for api in made}


@pytest.fixture(scope="module")
def stored(tenants: dict[str, TenantApi]) -> dict[str, list[Json]]:
    """Send each table as one batch to an organisation of its own; ids grow with the position in the batch."""
    for name, cases in TABLES.items():
        default = {} if name == "names" else {"event": "data.download"}
        answer = tenants[name].collect(*({**default, **case.sent} for case in cases))
        assert COLLECT_READERS["php"](answer) == len(cases), answer.text
    return {
        name: sorted(tenants[name].wait_for_events(len(cases), limit=100), key=lambda row: str(row["id"]))
        for name, cases in TABLES.items()
    }


def _assert_stored(row: Json, case: Case) -> None:
    found = {**row, "user_ip_raw": row["metadata"].get("user_ip_raw")}
    assert {name: found[name] for name in case.stored} == case.stored


@pytest.mark.parametrize(
    ("table", "position"),
    [pytest.param(name, n, id=f"{name}-{n}") for name, cases in TABLES.items() for n, case in enumerate(cases)],
)
def test_a_variant_in_a_batch(stored: dict[str, list[Json]], table: str, position: int) -> None:
    _assert_stored(stored[table][position], TABLES[table][position])


def test_the_same_variants_sent_one_by_one(tenants: dict[str, TenantApi]) -> None:
    api = tenants["single"]
    cases = [case for table, cases in TABLES.items() for case in cases if table != "names"][::3]
    for position, case in enumerate(cases):
        assert api.http.post("/collect", json={"event": f"single.case_{position}", **case.sent}).status_code == 202
    rows = {row["event_name"]: row for row in api.wait_for_events(len(cases), limit=100)}
    for position, case in enumerate(cases):
        row = rows[f"single.case_{position}"]
        row["metadata"].pop("unrecognized_format")
        _assert_stored(row, case)


def test_a_long_actor_and_a_display_name_are_noted(stored: dict[str, list[Json]]) -> None:
    long_one = next(row for row in stored["actors"] if row["actor_id"] == "a" * 255 and row["metadata"])
    named = next(row for row in stored["actors"] if "actor_name" in row["metadata"])

    assert long_one["metadata"] == {"actor_truncated": True}
    assert named["metadata"] == {"actor_name": "Mira"}


def test_masked_and_missing_addresses_have_no_place(stored: dict[str, list[Json]]) -> None:
    for row in stored["addresses"]:
        if row["user_ip"] is None:
            assert {row[name] for name in ("country_code", "city", "latitude", "is_vpn", "is_tor", "is_proxy")} == {None}
            assert row["network_intelligence"] is None
            assert row["geolocation"] is None


# One item that cannot be taken, and what the message must name.
REFUSED_ITEMS: list[tuple[Any, str]] = [
    ({}, "event"),
    ({"actor": {"id": "a"}}, "event"),
    ({"event": ""}, "event"),
    ({"event": " \t "}, "event"),
    ({"event": None}, "event"),
    ({"event": 5}, "event"),
    ({"event": True}, "event"),
    ({"event": ["auth.logout"]}, "event"),
    ({"event": {"name": "auth.logout"}}, "event"),
    ({"event": "x" * 256}, "event"),
    ({"event_type": ""}, "event_type"),
    ({"event": "auth.logout", "metadata": {"blob": "x" * 16_400}}, "metadata"),
    ({"event": "auth.logout", "metadata": {str(number): 0 for number in range(300)}}, "metadata"),
    ("auth.logout", "event"),
    (5, "event"),
    (None, "event"),
    ([], "event"),
]


def test_refused_items_name_their_field_and_cost_no_neighbour(tenants: dict[str, TenantApi]) -> None:
    api = tenants["refused"]
    good = {"event": "data.upload"}
    answer = api.http.post("/collect", json={"events": [good, *(item for item, _ in REFUSED_ITEMS), good]})
    body = answer.json()

    assert answer.status_code == 202
    for read in COLLECT_READERS.values():
        assert read(answer) == 2
    assert "error" not in body
    assert body["rejected"] == len(REFUSED_ITEMS)
    assert [error["index"] for error in body["errors"]] == list(range(1, len(REFUSED_ITEMS) + 1))
    for error, (_, field) in zip(body["errors"], REFUSED_ITEMS, strict=True):
        assert error.keys() == {"index", "code", "message"}
        assert error["code"] == "VALIDATION_FAILED"
        assert field in error["message"]
    assert len(api.wait_for_events(2)) == 2
    assert api.events()["pagination"]["total"] == 2


@pytest.mark.parametrize(("item", "field"), REFUSED_ITEMS, ids=lambda value: str(value)[:40])
def test_a_refused_item_alone(tenants: dict[str, TenantApi], item: Any, field: str) -> None:
    for body in (item, {"events": [item]}, {"events": [item, item]}):
        answer = tenants["refused"].http.post("/collect", content=json.dumps(body))
        assert answer.status_code == 400
        assert answer.json()["code"] == "VALIDATION_FAILED"
        read_error_as_everybody(answer)
    if isinstance(item, dict):
        assert field in tenants["refused"].http.post("/collect", json=item).json()["error"]


# A body that is no request at all.
REFUSED_BODIES: list[tuple[str, bytes, str]] = [
    ("/collect", b"", "INVALID_JSON"),
    ("/collect", b"{", "INVALID_JSON"),
    ("/collect", b"nonsense", "INVALID_JSON"),
    ("/collect", b'{"event": "auth.logout",}', "INVALID_JSON"),
    ("/collect", b'{"event": "auth.logout" "metadata": {}}', "INVALID_JSON"),
    ("/collect", b"{'event': 'auth.logout'}", "INVALID_JSON"),
    ("/collect", b'{"event": "auth.logout"} {}', "INVALID_JSON"),
    ("/collect", b'{"event": "\xff\xfe"}', "INVALID_JSON"),
    ("/collect", "{'event': 'x'}".encode("utf-16"), "INVALID_JSON"),
    ("/collect", b'{"event": NaN}', "INVALID_JSON"),
    ("/collect", b'[{"event": "auth.logout"}]', "VALIDATION_FAILED"),
    ("/collect", b'"auth.logout"', "VALIDATION_FAILED"),
    ("/collect", b"null", "VALIDATION_FAILED"),
    ("/collect", b'{"events": []}', "VALIDATION_FAILED"),
    ("/collect", b'{"events": {}}', "VALIDATION_FAILED"),
    ("/collect", b'{"events": "auth.logout"}', "VALIDATION_FAILED"),
    ("/collect/batch", b'{"event": "auth.logout"}', "VALIDATION_FAILED"),
    ("/collect/batch", b"{}", "VALIDATION_FAILED"),
    ("/collect", b'{"events": [' + b",".join([b'{"event": "auth.logout"}'] * 101) + b"]}", "BATCH_TOO_LARGE"),
    ("/collect", b'{"event": "a.b", "metadata": ' + b'{"a":' * 100 + b"1" + b"}" * 101, "VALIDATION_FAILED"),
    ("/collect", b"[" * 100_000, "VALIDATION_FAILED"),
    ("/collect", b'{"event": "auth.logout", "event": "auth.login"}', "VALIDATION_FAILED"),
    ("/collect", b'{"event": "auth.lo\\u0000gout"}', "VALIDATION_FAILED"),
    ("/collect", b'{"event": "auth.logout", "actor": {"id": "a", "id": "b"}}', "VALIDATION_FAILED"),
]


@pytest.mark.parametrize(("path", "body", "code"), REFUSED_BODIES, ids=lambda value: str(value)[:40])
def test_a_refused_body(tenants: dict[str, TenantApi], path: str, body: bytes, code: str) -> None:
    http: httpx.Client = tenants["refused"].http
    answer = http.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code, answer.text
    read_error_as_everybody(answer)


def test_exactly_one_hundred_events_are_taken(tenants: dict[str, TenantApi]) -> None:
    answer = tenants["refused"].http.post("/v1/collect", json={"events": [{"event": "data.upload"}] * 100})

    assert COLLECT_READERS["node trackBatch"](answer) == 100
