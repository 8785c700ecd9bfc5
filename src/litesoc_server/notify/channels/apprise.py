"""Any of a list of further services, through the library Apprise (https://github.com/caronc/apprise, version 2).

Apprise knows some 130 services. Those listed here talk to one vendor, or to one server of somebody's own, over HTTPS. Left
out: what reaches this machine or its network (dbus, gnome, syslog, mqtt, kodi, …), runs or reads files, sends mail (there is
``email``), or what has a kind of its own here. It runs under the guard, follows no redirects and always checks certificates.
"""

import logging
import re
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import apprise
from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.common import OverflowMode, PersistentStoreMode
from apprise.plugins import NotifyBase
from apprise.plugins.zulip import NotifyZulip

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.guard import EgressRefused, NameUnknown, check_destination, guarded, is_proxied
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.bounded_requests import bound_answers
from litesoc_server.notify.channels.cut import cut, one_line
from litesoc_server.notify.channels.given import refuse_unusable
from litesoc_server.notify.channels.plain import plain_body
from litesoc_server.notify.channels.post import VEIL, veiled
from litesoc_server.notify.channels.words import heading
from litesoc_server.notify.message import Message, Occasion

WITHIN_S = 15.0
TIMEOUT_S = 10.0  # to connect, and of each read
# Scheme -> the service, and the host that it calls; "" is a server of somebody's own, which the address names.
SERVICES = {
    "gchat": ("Google Chat", "chat.googleapis.com"),
    "mmosts": ("Mattermost", ""),
    "rockets": ("Rocket.Chat", ""),
    "zulip": ("Zulip", "zulipchat.com"),
    "wxteams": ("Webex", "webexapis.com"),
    "pover": ("Pushover", "api.pushover.net"),
    "pbul": ("Pushbullet", "api.pushbullet.com"),
    "prowl": ("Prowl", "api.prowlapp.com"),
    "gotifys": ("Gotify", ""),
    "twilio": ("Twilio", "api.twilio.com"),
    "signl4": ("SIGNL4", "connect.signl4.com"),
    "victorops": ("Splunk On-Call", "alert.victorops.com"),
    "pagertree": ("PagerTree", "api.pagertree.com"),
    "ilert": ("ilert", "api.ilert.com"),
    "incidentio": ("incident.io", "api.incident.io"),
    "spike": ("Spike.sh", "api.spike.sh"),
    "dingtalk": ("DingTalk", "oapi.dingtalk.com"),
    "lark": ("Lark", "open.larksuite.com"),
    "feishu": ("Feishu", "open.feishu.cn"),
    "flock": ("Flock", "api.flock.com"),
    "twist": ("Twist", "api.twist.com"),
    "line": ("LINE", "api.line.me"),
    "threema": ("Threema Gateway", "msgapi.threema.ch"),
    "nctalks": ("Nextcloud Talk", ""),
}
# Parameters that would take the checks of certificates, of redirects and of time away, or make Apprise read and keep files.
_FORBIDDEN = frozenset(
    {"verify", "redirect", "rto", "cto", "template", "attach", "store", "overflow", "format", "retry", "wait"}
)
_URL = Field(
    "url",
    "Apprise address",
    help=f"See appriseit.com/services. Services: {', '.join(sorted(title for title, _ in SERVICES.values()))}.",
    placeholder="pover://user@token",
    is_secret=True,
)
_TYPES = {"critical": NotifyType.FAILURE, "high": NotifyType.WARNING, "medium": NotifyType.WARNING, "low": NotifyType.INFO}
# What one of the services makes a mention of, where a word begins: so not in an e-mail address.
_CALLING = re.compile(r"((?<![A-Za-z0-9])@|<)(?=\S)")
_JOINER = "\u2060"  # invisible, and ends the mention
_ASSET = AppriseAsset(
    app_id="LiteSOC",
    app_desc="LiteSOC notifications",
    app_url="",
    async_mode=False,
    http_redirects=False,
    secure_logging=True,
    allow_templates=False,
    storage_mode=PersistentStoreMode.MEMORY,  # it keeps nothing on disk
)
_LOG = logging.getLogger("apprise")
_LOG.setLevel(logging.WARNING)  # below, it writes whole requests
_LOG.propagate = False  # its lines go into the delivery log, without secrets, and nowhere else
_LOG.addHandler(logging.NullHandler())


class Apprise:
    """One service that Apprise speaks to."""

    id = "apprise"
    title = "Other services (Apprise)"
    fields: Sequence[Field] = (_URL,)

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work."""
        refuse_unusable(self.fields, settings)
        plugin = _plugin(settings["url"])
        try:
            _check_host(policy, _host(settings["url"], plugin))
        except EgressRefused as refused:
            raise SettingRefused("url", f"{_URL.label}: {refused}.") from refused

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Send one message as plain text. Apprise tells of repetitions to none: one whose answer got lost appears twice."""
        url = settings["url"]
        scheme = _scheme(url)
        title, body = calling_nobody(heading(message)), calling_nobody(plain_body(message))
        sent = Sent(f"{scheme}://{VEIL}\n\n{title}\n\n{body}")
        try:
            plugin = _plugin(url)
            host = _host(url, plugin)
            if _is_proxied(host):  # the proxy looks it up: what can be judged here is what it leads to for us
                _check_host(policy, host)
        except (SettingRefused, EgressRefused) as refused:
            is_permanent = not isinstance(refused, NameUnknown)
            raise DeliveryFailed(str(refused), sent=sent, is_permanent=is_permanent) from None
        secrets = _secrets(url)
        with guarded(policy, within_s=WITHIN_S) as scope, _heard() as lines:
            is_delivered = _notify(plugin, title, body, _type(message))
        answer = veiled(cut(one_line(" ".join(lines)), 1_000), secrets)
        sent = Sent(sent.request, None, answer)
        if scope.refusal is not None:
            raise DeliveryFailed(str(scope.refusal), sent=sent, is_permanent=True)
        if scope.is_out_of_time:
            reason = f"no answer within {WITHIN_S:g} seconds"
            raise DeliveryFailed(reason, sent=sent)
        if not is_delivered:
            name = SERVICES[scheme][0]
            reason = f"{name} did not take the message: {answer or 'it gave no reason'}"
            raise DeliveryFailed(reason, sent=sent)
        return sent


def calling_nobody(text: str) -> str:
    """Return ``text`` so that no service calls anybody because of it: ``@all``, ``<users/all>``, ``@**all**``."""
    return _CALLING.sub(rf"\1{_JOINER}", text)


def _notify(plugin: NotifyBase, title: str, body: str, kind: NotifyType) -> bool:
    """Let the plugin send. Plugins return False for what they expect and raise what they do not."""
    try:
        return bool(plugin.notify(body=body, title=title, notify_type=kind, body_format=NotifyFormat.TEXT))
    except Exception as error:  # noqa: BLE001 # an edge: 130 plugins of others, whose faults must not stop the deliverer
        _LOG.warning("%s", type(error).__name__)
        return False


def _type(message: Message) -> NotifyType:
    if message.occasion is Occasion.ALERT_CLOSED:
        return NotifyType.SUCCESS
    return _TYPES.get(message.severity or "", NotifyType.INFO)


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _plugin(url: str) -> NotifyBase:
    """Return what sends to ``url``. Raises SettingRefused."""
    if _scheme(url) not in SERVICES:
        known = ", ".join(f"{scheme}://" for scheme in sorted(SERVICES))
        raise SettingRefused("url", f"{_URL.label} has to begin with one of {known}.")
    # As Apprise itself reads it: a ";" separates parameters, too, and they may stand behind a "#".
    parsed: dict[str, Any] = NotifyBase.parse_url(url, verify_host=False) or {}
    forbidden = sorted({name.strip(" +-:") for name in parsed.get("qsd", {})} & _FORBIDDEN)
    if forbidden:
        raise SettingRefused("url", f"{_URL.label} must not have the parameter {forbidden[0]}.")
    with _heard():
        plugin: Any = apprise.Apprise.instantiate(url, asset=_ASSET, suppress_exceptions=True)
    if not isinstance(plugin, NotifyBase):
        title = SERVICES[_scheme(url)][0]
        raise SettingRefused("url", f"{_URL.label} is not complete for {title}: see its page at appriseit.com/services.")
    if len(plugin) > 1:  # requests of one message: it does not tell which of them failed, and would repeat them all
        raise SettingRefused("url", f"{_URL.label} must name one recipient: make a channel for each of several.")
    bound_answers(plugin)
    plugin.verify_certificate, plugin.redirects = True, False  # whatever a parameter says that this file does not know
    plugin.request_rate_per_sec = 0  # the deliverer paces; a plugin that sleeps would hold it
    plugin.overflow_mode = OverflowMode.TRUNCATE  # one message, not several
    plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_S
    return plugin


def _host(url: str, plugin: NotifyBase) -> str:
    """Return the host that the service is called at, to be judged when it is typed in. Sending judges each connection."""
    if isinstance(plugin, NotifyZulip):  # bot@organisation.example is a server of somebody's own
        return f"{plugin.organization}.{plugin.hostname}"
    return SERVICES[_scheme(url)][1] or str(plugin.host).strip("[]")


def _is_proxied(host: str) -> bool:
    return is_proxied(f"https://{host}")


def _check_host(policy: EgressPolicy, host: str) -> None:
    """Raise EgressRefused if nothing may be sent to ``host``, NameUnknown if it has no address."""
    check_destination(policy, host, 443, by_proxy=_is_proxied(host))


def _secrets(url: str) -> list[str]:
    """Return every part of the address that could be one, so each of some length."""
    parts = urlsplit(url)
    pieces = [url, parts.netloc, *parts.netloc.replace("@", ":").split(":"), *parts.path.split("/"), *parts.query.split("&")]
    return [piece for piece in pieces if len(piece) >= 6]  # noqa: PLR2004 # shorter ones are no secret, and would veil words


@contextmanager
def _heard() -> Generator[list[str]]:
    """Collect what Apprise says in this thread: other threads serve other organisations."""
    lines: list[str] = []
    own = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == own and len(lines) < 10:  # noqa: PLR2004 # more is not read
                lines.append(record.getMessage())

    listener = Listener()
    _LOG.addHandler(listener)
    try:
        yield lines
    finally:
        _LOG.removeHandler(listener)


APPRISE = Apprise()
