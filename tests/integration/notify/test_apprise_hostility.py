"""Other services through Apprise: what their servers answer, and what attackers write, is of no consequence."""

import ast
import gzip
import inspect
import tracemalloc

import pytest
from apprise.manager_plugins import NotificationManager
from pytest_httpserver import HTTPServer

from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.apprise import APPRISE, SERVICES, calling_nobody
from litesoc_server.notify.channels.base import DeliveryFailed
from notify_messages import OPENED
from vendor_double import LOOPBACK_TOO, Authority, authority, lead, vendor

__all__ = ["authority"]  # a fixture

MIB = 1024 * 1024


def gotify(server: HTTPServer) -> dict[str, str]:
    return {"url": f"gotifys://push.example:{server.port}/AbcdefghijklmnX"}


def test_a_bomb_in_an_answer_is_not_unpacked(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"\0" * (100 * MIB))
    with vendor(monkeypatch, authority, "push.example") as server:
        handler = server.expect_request("/message", method="POST")
        handler.respond_with_data(bomb, status=500, headers={"Content-Encoding": "gzip"})
        tracemalloc.start()
        try:
            with pytest.raises(DeliveryFailed, match="Gotify did not take the message"):
                APPRISE.send(OPENED, "d-1", gotify(server), LOOPBACK_TOO)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak_bytes < 50 * MIB


@pytest.mark.parametrize("scheme", SERVICES)
def test_every_service_asks_in_the_ways_that_are_bounded(scheme: str) -> None:
    module = inspect.getmodule(NotificationManager()[scheme])
    assert module is not None
    tree = ast.walk(ast.parse(inspect.getsource(module)))
    used = {node.attr for node in tree if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "requests"}
    assert used <= {"get", "post", "codes", "RequestException"}
    assert used & {"get", "post"}


def test_answers_are_still_read(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with vendor(monkeypatch, authority, "push.example") as server:
        server.expect_request("/message", method="POST").respond_with_json({"id": 1})
        assert APPRISE.send(OPENED, "d-1", gotify(server), LOOPBACK_TOO).request.startswith("gotifys://")


@pytest.mark.parametrize(
    "text", ["@all", "see @here", "<users/all>", "<@all>", '<at user_id="all">', "@**all**", "(@channel)", "_@everyone"]
)
def test_nobody_is_called(text: str) -> None:
    quiet = calling_nobody(text)
    assert quiet.replace("\u2060", "") == text
    assert "\u2060" in quiet


def test_addresses_and_comparisons_can_be_copied() -> None:
    assert calling_nobody("mira@shop.example: 3 < 5") == "mira@shop.example: 3 < 5"


@pytest.mark.parametrize(
    "url",
    [
        "twilio://AC1234567890:0123456789abcdef@15551230000/15551230001/15551230002",
        "mmosts://chat.example/AbcdefghijklmnopqrstuvwxyZ?channels=soc,ops",
        "rockets://ada:pa55@chat.example/#soc/@bob",
        "pbul://o.AbcdefghijklmnopqrstuvwxyZ/ada@shop.example/bob@shop.example",
    ],
)
def test_one_channel_has_one_recipient(url: str) -> None:
    """Apprise does not tell which of several failed, and all would get it again."""
    with pytest.raises(SettingRefused, match="make a channel for each of several"):
        APPRISE.check({"url": url}, EgressPolicy())


def test_a_zulip_server_of_ones_own_is_judged_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, {"chat.inside.example": ("127.0.0.1", 443)})
    with pytest.raises(SettingRefused, match=r"chat\.inside\.example"):
        APPRISE.check({"url": "zulip://bot@chat.inside.example/ToM7DrvcCeYSCnmEZsjjNb1Lt4QJAh8h"}, EgressPolicy())
