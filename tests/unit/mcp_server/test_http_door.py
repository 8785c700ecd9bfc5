"""By which names and from which pages the MCP server may be called, and where its callers' keys stand."""

import pytest
from starlette.datastructures import Headers

from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.mcp_server import alert_tools
from litesoc_server.mcp_server.http_door import Door
from litesoc_server.mcp_server.key_header import key_of

KEY = "lsoc_live_0123456789"


def test_on_loopback_only_the_names_of_this_machine_pass() -> None:
    security = Door(host="127.0.0.1", port=8010).security()

    assert security.enable_dns_rebinding_protection
    assert set(security.allowed_hosts) == {"127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*"}
    assert all(origin.startswith("http://") and origin.endswith(":*") for origin in security.allowed_origins)


def test_elsewhere_its_address_and_what_the_operator_names() -> None:
    door = Door(
        host="192.0.2.7", port=8010, allowed_hosts=("mcp.example.com",), allowed_origins=("https://app.example.com",)
    )

    assert set(door.security().allowed_hosts) == {"192.0.2.7", "192.0.2.7:*", "mcp.example.com", "mcp.example.com:*"}
    assert door.security().allowed_origins == ["https://app.example.com"]


@pytest.mark.parametrize(
    ("host", "names", "needs"),
    [("0.0.0.0", (), True), ("::", (), True), ("::", ("mcp.example.com",), False), ("localhost", (), False)],
)
def test_on_all_addresses_it_needs_a_name(host: str, names: tuple[str, ...], needs: bool) -> None:
    assert Door(host=host, port=1, allowed_hosts=names).needs_names is needs


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"X-API-Key": KEY}, KEY),
        ({"Authorization": f"Bearer {KEY}"}, KEY),
        ({"authorization": f"bearer  {KEY} "}, KEY),
        ({"X-API-Key": KEY, "Authorization": "Bearer other_key_0123"}, KEY),
        ({"Authorization": f"Basic {KEY}"}, None),
        ({"Authorization": "Bearer"}, None),
        ({"X-API-Key": ""}, None),
        ({"X-API-Key": "short"}, None),
        ({"X-API-Key": "x" * 513}, None),
        ({"X-API-Key": "ключ-ключ-ключ".encode().decode("latin-1")}, None),
        ({}, None),
    ],
)
def test_where_the_key_stands(headers: dict[str, str], key: str | None) -> None:
    assert key_of(Headers(headers)) == key


def test_the_words_of_the_tools_are_those_of_the_server() -> None:
    assert set(alert_tools.AlertSeverity.__args__) == {severity.value for severity in AlertSeverity}
    assert set(alert_tools.AlertType.__args__) == {kind.value for kind in AlertType}
