"""Every kind whose settings hold an address, against every forbidden form of one: refused when typed in, and when sent to.

It walks the registry. A new kind has to be in ADDRESSED or in FIXED, or the first test fails.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from forbidden_hosts import FORBIDDEN_HOSTS
from litesoc_server.destinations.fields import SettingRefused
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed
from litesoc_server.notify.channels.registry import KINDS
from litesoc_server.notify.channels.webhook import fresh_keys
from notify_messages import OPENED

NOTHING_BUT_PUBLIC = EgressPolicy()
# How settings name a host and a port. Kinds of one vendor's address get it as that vendor's path.
ADDRESSED: dict[str, Callable[[str, int], dict[str, str]]] = {
    "webhook": lambda host, port: {"url": f"http://{host}:{port}/hook", **fresh_keys()},
    "ntfy": lambda host, port: {"server": f"http://{host}:{port}", "topic": "alerts"},
    "email": lambda host, port: {"to": "a@b.example", "host": host, "port": str(port), "from": "c@b.example"},
    "slack": lambda host, port: {"url": f"https://{host}:{port}/services/T0/B0/x"},
    "discord": lambda host, port: {"url": f"https://{host}:{port}/api/webhooks/1/x"},
    "teams": lambda host, port: {"url": f"https://{host}:{port}/workflows/x"},
    "apprise": lambda host, port: {"url": f"gotifys://{host}:{port}/AbcdefghijklmnX"},
}
# Kinds that call one host of their vendor, which no setting changes: the host, and settings of theirs.
FIXED = {
    "slack_bot": ("slack.com", {"token": "xoxb-1234567890-abcdef", "channel": "C0123456789"}),
    "telegram": ("api.telegram.org", {"token": "123456:AAbbccddeeffgghhiijj", "chat": "-1001"}),
    "pagerduty": ("events.pagerduty.com", {"key": "R" * 32}),
    "opsgenie": ("api.opsgenie.com", {"key": "0f1e2d3c-aaaa-bbbb-cccc-000000000000"}),
}
# What a name leads to in these tests, by the kind that accepts only its vendor's names.
VENDOR_HOSTS = {"slack": "hooks.slack.com", "discord": "discord.com", "teams": "prod-1.westeurope.logic.azure.com"}


@contextmanager
def listener() -> Iterator[tuple[int, list[object]]]:
    """Give the port of a server on this machine, and who came."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        try:
            yield server.getsockname()[1], came
        finally:
            with contextlib.suppress(BlockingIOError):
                came.append(server.accept()[1])


def refused_twice(kind: str, settings: dict[str, str], *, is_checked: bool = True) -> DeliveryFailed:
    """Check and send, and return how sending was refused."""
    if is_checked:
        with pytest.raises(SettingRefused):
            KINDS[kind].check(settings, NOTHING_BUT_PUBLIC)
    with pytest.raises(DeliveryFailed) as caught:
        KINDS[kind].send(OPENED, "d-1", settings, NOTHING_BUT_PUBLIC)
    return caught.value


def test_every_kind_is_covered() -> None:
    assert set(ADDRESSED) | set(FIXED) == set(KINDS)


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
@pytest.mark.parametrize("kind", ADDRESSED)
def test_forbidden_addresses_are_refused_when_typed_in_and_when_sent_to(kind: str, host: str) -> None:
    with listener() as (port, came):
        failed = refused_twice(kind, ADDRESSED[kind](host, port))
    assert came == []
    assert failed.is_permanent
    assert failed.sent is not None


def leading_to(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let ``name`` lead to each address once, in turn, then to the last."""
    real = socket.getaddrinfo
    left = list(addresses)

    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        asked = host.decode() if isinstance(host, bytes) else host
        if asked != name:
            return real(host, *args, **named)
        return real(left.pop(0) if len(left) > 1 else left[0], *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("kind", [*ADDRESSED, *FIXED])
def test_names_that_lead_inside_are_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as (port, came):
        name = FIXED[kind][0] if kind in FIXED else VENDOR_HOSTS.get(kind, "inside.example")
        is_on_vendors_port = kind in FIXED or kind in VENDOR_HOSTS
        leading_to(monkeypatch, name, "169.254.169.254" if is_on_vendors_port else "127.0.0.1")
        failed = refused_twice(
            kind, FIXED[kind][1] if kind in FIXED else ADDRESSED[kind](name, 443 if is_on_vendors_port else port)
        )
    assert came == []
    assert failed.is_permanent
    assert "LITESOC_EGRESS_ALLOW" in failed.reason


@pytest.mark.parametrize("kind", [*ADDRESSED, *FIXED])
def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public while it is checked, this machine when it is connected to."""
    with listener() as (port, came):
        name = FIXED[kind][0] if kind in FIXED else VENDOR_HOSTS.get(kind, "rebinding.example")
        settings = FIXED[kind][1] if kind in FIXED else ADDRESSED[kind](name, 443 if kind in VENDOR_HOSTS else port)
        leading_to(monkeypatch, name, "93.184.215.14", "127.0.0.1")
        KINDS[kind].check(settings, NOTHING_BUT_PUBLIC)
        failed = refused_twice(kind, settings, is_checked=False)
    assert came == []
    assert failed.is_permanent


OVER_HTTP = [kind for kind in (*ADDRESSED, *FIXED) if kind != "email"]


@pytest.fixture
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have requests go through a proxy that is away."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # discard: nobody listens there


@pytest.mark.parametrize("kind", [kind for kind in OVER_HTTP if kind in ADDRESSED])
def test_behind_a_proxy_forbidden_addresses_are_refused_as_well(kind: str, dead_proxy: None) -> None:
    for host in FORBIDDEN_HOSTS:
        assert refused_twice(kind, ADDRESSED[kind](host, 443)).is_permanent


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_behind_a_proxy_a_name_need_not_lead_anywhere_for_us(
    kind: str, dead_proxy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, *args, **named)
        raise socket.gaierror(socket.EAI_AGAIN, "as this test wants it")

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    settings = FIXED[kind][1] if kind in FIXED else ADDRESSED[kind](VENDOR_HOSTS.get(kind, "hooks.shop.example"), 443)
    KINDS[kind].check(settings, NOTHING_BUT_PUBLIC)
    assert not refused_twice(kind, settings, is_checked=False).is_permanent


@pytest.mark.parametrize(
    "url",
    [
        "dbus://",
        "syslog://",
        "rsyslog://127.0.0.1",
        "windows://",
        "macosx://",
        "gnome://",
        "glib://",
        "kodi://127.0.0.1",
        "mqtt://127.0.0.1/topic",
        "amqp://127.0.0.1/queue",
        "mailto://user:pass@example.com",
        "json://127.0.0.1",
        "jsons://example.com",
        "form://127.0.0.1",
        "xml://127.0.0.1",
        "apprise://127.0.0.1/x",
        "gotify://127.0.0.1/AbcdefghijklmnX",  # without TLS
        "vapid://a@b.example",
        "exec:///bin/sh",
        "file:///etc/passwd",
        "pover://user@token?verify=no",
        "pover://user@token?redirect=yes",
        "pover://user@token?+template=/etc/passwd",
        "wxteams://token/room?template=/etc/passwd",
        "pover://user@token?rto=3600",
        "gotifys://push.example/AbcdefghijklmnX?a=b;verify=no",  # Apprise takes ";" for "&"
        "gotifys://push.example/AbcdefghijklmnX?a=b;redirect=yes",
        "gotifys://push.example/AbcdefghijklmnX#?verify=no",
        "POVER://",
    ],
)
def test_apprise_takes_nothing_that_reaches_this_machine_or_weakens_tls(url: str) -> None:
    failed = refused_twice("apprise", {"url": url})
    assert failed.is_permanent
