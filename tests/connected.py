"""A running server that is connected to other systems: a channel, a forwarder, a source with a secret, an agent."""

import base64
from dataclasses import dataclass
from typing import Any

from forward_receivers import Authority, HttpReceiver
from http_client import Api
from webhook_receiver import Receiver

CLERK_SECRET = "whsec_" + base64.b64encode(b"clerk signs with it, 32 bytes :-)").decode()


@dataclass
class Connected:
    """What the server is connected to, and the secrets that each knows."""

    hook: Receiver
    hook_id: str
    hook_secret: str
    siem: HttpReceiver
    siem_id: str
    clerk_secret: str


def connect(api: Api, hook: Receiver, siem: HttpReceiver, authority: Authority) -> Connected:
    """Set up a channel, a forwarder, a source and a server; the first two are off, so that nothing changes under load."""

    def call(method: str, path: str, body: object) -> dict[str, Any]:
        answer = api.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json().get("data", {})
        return found

    wanted: dict[str, Any] = {"kind": "webhook", "name": "Hook", "settings": {"url": hook.url}}
    channel = call("POST", "/notifications/channels", wanted)
    call("PATCH", f"/notifications/channels/{channel['id']}", {"is_enabled": False})
    settings = {"url": siem.url, "token": "siem token", "ca_pem": authority.pem}
    forwarder = call("POST", "/forwarders", {"kind": "http", "name": "SIEM", "settings": settings})
    call("PATCH", f"/forwarders/{forwarder['id']}", {"is_paused": True})
    call("POST", "/sources/clerk/secret", {"secret": CLERK_SECRET})
    call("POST", "/agent/heartbeat", {"hostname": "web-1", "agent_version": "1.0", "recent_logs": ["sshd: Accepted mira"]})
    return Connected(hook, channel["id"], channel["webhook_secret"], siem, forwarder["id"], CLERK_SECRET)
