"""Our own webhook: one signed POST with JSON for each message, after the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (headers, ``whsec_``,
``whsk_`` and ``whpk_`` keys, ``v1`` and ``v1a`` signatures, several signatures while a secret is rotated). The body follows
the wire contract, section 8.3: what tools route by stands at its root, the whole alert under ``alert``.
"""

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

from litesoc_server.destinations.fields import Field, SettingRefused, Settings
from litesoc_server.egress.guard import EgressRefused
from litesoc_server.egress.http import Unreachable, check_url, send
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.http_answer import judge
from litesoc_server.notify.message import Message, Occasion

SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32  # the specification asks for 24 to 64
OVERLAP = timedelta(hours=24)  # for which the secret before a rotation signs as well
SHOWN_BYTES_MAX = 32_000  # of a body in the delivery log
_ROOT = ("id", "alert_type", "severity", "status", "title", "source_ip", "actor_id", "created_at")  # of the alert
_DECODER = msgspec.json.Decoder(dict[str, Any])


class WebhookKind:
    """A POST to an address that the organisation gives."""

    id = "webhook"
    title = "Webhook"
    fields: Sequence[Field] = (
        Field(
            "url",
            "Address",
            "Gets a signed POST with JSON for each alert. How to verify it: docs/integrations/webhooks.md.",
            "https://hooks.shop.example/litesoc",
        ),
    )

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for an address that nothing may be sent to."""
        try:
            check_url(policy, settings["url"])
        except EgressRefused as refused:
            raise SettingRefused("url", f"Nothing can be sent there: {refused}.") from refused

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """POST ``message``. Raises DeliveryFailed."""
        body = body_of(message)
        headers = {"Content-Type": "application/json", **signed_headers(delivery_id, body, settings, int(time.time()))}
        sent = Sent(request=_shown(settings["url"], headers, body))
        try:
            answer = send(policy, "POST", settings["url"], body=body, headers=headers)
        except EgressRefused as refused:
            raise DeliveryFailed(str(refused), sent=sent, is_permanent=True) from refused
        except Unreachable as error:
            raise DeliveryFailed(str(error), sent=sent) from error
        return judge(answer, msgspec.structs.replace(sent, status=answer.status, answer=answer.text))

    def public_key(self, settings: Settings) -> str:
        """Return what Ed25519 signatures are verified with."""
        public = _private_key(settings).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return PUBLIC_PREFIX + base64.b64encode(public).decode()


WEBHOOK = WebhookKind()


def fresh_keys() -> dict[str, str]:
    """Return the settings that a webhook gets when it is made: its secret, and its private key for Ed25519."""
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    return {"secret": _drawn_secret(), "private_key": PRIVATE_PREFIX + base64.b64encode(private).decode()}


def with_new_secret(settings: Settings, now: datetime) -> dict[str, str]:
    """Return ``settings`` with another secret; the one before signs as well for OVERLAP."""
    until = str(int((now + OVERLAP).timestamp()))
    return {**settings, "secret": _drawn_secret(), "previous_secret": settings["secret"], "previous_until": until}


def signed_headers(delivery_id: str, body: bytes, settings: Settings, now_s: int) -> dict[str, str]:
    """Return the three headers of the specification. ``now_s`` is Unix time; receivers refuse what is minutes old."""
    moment, text = datetime.fromtimestamp(now_s, UTC), body.decode()
    symmetric = [settings["secret"]]
    if now_s < int(settings.get("previous_until", "0")):
        symmetric.append(settings["previous_secret"])
    signatures = [Webhook(secret).sign(delivery_id, moment, text) for secret in symmetric]
    asymmetric = _private_key(settings).sign(f"{delivery_id}.{now_s}.".encode() + body)
    signatures.append(f"v1a,{base64.b64encode(asymmetric).decode()}")
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(signatures),
    }


def body_of(message: Message) -> bytes:
    """Return the JSON of one message: the same bytes each time, so that a repetition is one to the letter."""
    alert: Mapping[str, Any] = _DECODER.decode(message.alert_json) if message.alert_json else {}
    shown: dict[str, Any] = {"type": message.occasion.value, "timestamp": _iso(message.at)}
    shown |= {name: alert.get(name) for name in _ROOT} if alert else {"title": message.title}
    shown |= {
        "organization": message.org_name,
        "environment": message.environment,
        "summary": message.summary,
        "url": message.url or None,
    }
    if message.occasion is Occasion.DIGEST:
        shown |= {"figures": message.figures, "bars": message.bars, "alerts": message.lines}
    if alert:
        shown["alert"] = msgspec.Raw(message.alert_json)
    return msgspec.json.encode(shown)


def _drawn_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _private_key(settings: Settings) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings["private_key"].removeprefix(PRIVATE_PREFIX)))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the request as the log shows it. Addresses of webhooks often carry a token in their query: that is left out."""
    address = url.partition("?")[0]
    lines = [f"POST {address}", *(f"{name}: {value}" for name, value in headers.items())]
    cut = "" if len(body) <= SHOWN_BYTES_MAX else "\n…"
    return "\n".join([*lines, "", body[:SHOWN_BYTES_MAX].decode(errors="replace") + cut])
