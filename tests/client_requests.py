"""What each known client sends to /collect: path, headers and body (wire contract 1.1 to 1.5, 6.2, 7.3)."""

from dataclasses import dataclass, field
from typing import Any

import client_readings as readings

Json = dict[str, Any]
KEY = "{key}"  # stands for the API key in a header
IP = "129.240.118.130"


@dataclass(frozen=True, kw_only=True)
class ClientRequest:
    """One request of one client, and the one event (or the first of several) that must come out of it."""

    client: str
    path: str = "/collect"
    headers: dict[str, str] = field(default_factory=lambda: {"X-API-Key": KEY})
    body: Json
    reader: str  # of client_readings.COLLECT_READERS
    event_name: str
    actor_id: str | None
    actor_email: str | None = None
    user_ip: str | None = IP
    metadata: Json  # what of it must be stored, at least
    count: int = 1


def _agent_event(number: int) -> Json:
    """Return one line of the server agent's batch; every third actor and address is masked."""
    return {
        "event": "auth.login_failed" if number % 5 else "auth.logout",
        "user_ip": "[REDACTED]" if number % 3 == 1 else IP,
        "actor": {"id": "[REDACTED]" if number % 3 == 2 else "root"},
        "metadata": {
            "source": "sshd",
            "log_file": "/var/log/auth.log",
            "reason": "failed_password",
            "port": str(40000 + number),
            "source_hostname": "web-3",
            "number": number,
        },
    }


_BEARER = {"Authorization": f"Bearer {KEY}"}
_SDK_NODE = {"_sdk": "litesoc-node", "_sdk_version": "2.6.0"}

REQUESTS = (
    ClientRequest(
        client="node-2.6 one event, base address with a slash at the end",
        path="//collect",
        headers={"X-API-Key": KEY, "User-Agent": "litesoc-node-sdk/2.6.0"},
        body={"event": "auth.login_failed", "actor": {"id": "n1"}, "user_ip": IP, "metadata": {**_SDK_NODE, "a": 1}},
        reader="node track",
        event_name="auth.login_failed",
        actor_id="n1",
        metadata={**_SDK_NODE, "a": 1},
    ),
    ClientRequest(
        client="node-2.6 batch, a retry",
        path="/v1/collect",
        headers={"X-API-Key": KEY, "User-Agent": "litesoc-node-sdk/2.6.0"},
        body={
            "events": [
                {
                    "event": "auth.logout",
                    "actor": {"id": "n2", "email": "n2@shop.example"},
                    "user_ip": IP,
                    "metadata": {**_SDK_NODE, "_retry_count": 2},
                },
                {"event": "data.export", "actor": None, "user_ip": None, "metadata": _SDK_NODE},
            ]
        },
        reader="node trackBatch",
        event_name="auth.logout",
        actor_id="n2",
        actor_email="n2@shop.example",
        metadata={"_retry_count": 2},
        count=2,
    ),
    ClientRequest(
        client="node-2.5 with a timestamp",
        path="//api/v1//collect/",
        headers={"X-API-Key": KEY, "User-Agent": "litesoc-node-sdk/2.5.0"},
        body={
            "event": "auth.mfa_enabled",
            "actor": {"id": "n3"},
            "user_ip": IP,
            "metadata": _SDK_NODE,
            "timestamp": "2020-01-01T00:00:00.000Z",
        },
        reader="node track",
        event_name="auth.mfa_enabled",
        actor_id="n3",
        metadata=_SDK_NODE,
    ),
    ClientRequest(
        client="php-2.5",
        headers={"X-API-Key": KEY, "User-Agent": "litesoc-php-sdk/2.5.0", "Accept": "application/json"},
        body={"event": "auth.logout", "actor": {"id": "p1", "email": None}, "user_ip": None, "metadata": []},
        reader="php",
        event_name="auth.logout",
        actor_id="p1",
        user_ip=None,
        metadata={},
    ),
    ClientRequest(
        client="n8n-1.4",
        headers={"x-api-key": KEY, "User-Agent": "n8n-litesoc-node/1.4.0"},
        body={"event": "data.export", "actor": {"email": "n8n@shop.example"}, "user_ip": IP, "metadata": {"rows": 3}},
        reader="agent, n8n, auth0",
        event_name="data.export",
        actor_id="n8n@shop.example",
        actor_email="n8n@shop.example",
        metadata={"rows": 3},
    ),
    ClientRequest(
        client="agent, 50 events, some masked",
        path="/collect/batch",
        headers={"X-API-Key": KEY, "User-Agent": "litesoc-agent/v1.3.0"},
        body={"events": [_agent_event(number) for number in range(50)]},
        reader="agent, n8n, auth0",
        event_name="auth.logout",
        actor_id="root",
        metadata={"source": "sshd", "port": "40000", "source_hostname": "web-3", "number": 0},
        count=50,
    ),
    ClientRequest(
        client="auth0 marketplace, password change",
        headers={"X-API-KEY": KEY, "User-Agent": "LiteSOC-Auth0-Marketplace/2.0.0"},
        body={
            "event_type": "auth.password_reset",
            "actor": {"id": "auth0|64d1", "email": "a0@shop.example"},
            "user_ip": None,
            "metadata": {"source": "auth0"},
        },
        reader="agent, n8n, auth0",
        event_name="auth.password_reset",
        actor_id="auth0|64d1",
        actor_email="a0@shop.example",
        user_ip=None,
        metadata={"source": "auth0"},
    ),
    ClientRequest(
        client="auth0 marketplace before March 2026",
        headers=_BEARER,
        body={
            "event": "auth.login_success",
            "actor": {"id": "auth0|64d2", "email": "a1@shop.example"},
            "context": {"ip_address": IP, "user_agent": "Browser/1", "geo": {"city": "X", "country": "Y"}},
            "metadata": {"source": "auth0"},
        },
        reader="agent, n8n, auth0",
        event_name="auth.login_success",
        actor_id="auth0|64d2",
        actor_email="a1@shop.example",
        metadata={"source": "auth0"},
    ),
    ClientRequest(
        client="auth0 action of the documentation",
        headers={"X-API-Key": KEY},
        body={
            "event": "auth.login_success",
            "actor": {"id": "auth0|64d3", "email": "a2@shop.example"},
            "user_ip": IP,
            "metadata": {"auth0_geo": {"country_code": "NO", "city": "Oslo", "latitude": 59.9}, "user_agent": "Browser/1"},
        },
        reader="agent, n8n, auth0",
        event_name="auth.login_success",
        actor_id="auth0|64d3",
        actor_email="a2@shop.example",
        metadata={"auth0_geo": {"country_code": "NO", "city": "Oslo", "latitude": 59.9}, "user_agent": "Browser/1"},
    ),
    ClientRequest(
        client="supabase function",
        body={
            "event": "auth.login_success",
            "actor": {"id": "sb1", "email": "s@shop.example", "name": "Mira S."},
            "user_ip": "unknown",
            "metadata": {"source": "supabase", "supabase_event_type": "post_session_create"},
        },
        reader="agent, n8n, auth0",
        event_name="auth.login_success",
        actor_id="sb1",
        actor_email="s@shop.example",
        user_ip=None,
        metadata={"source": "supabase", "actor_name": "Mira S.", "user_ip_raw": "unknown"},
    ),
    ClientRequest(
        client="browser example",
        headers={"X-API-Key": KEY, "Origin": "http://localhost:3000"},
        body={"event": "login.failure", "user_id": "b1", "email": "b@shop.example", "user_ip": IP, "metadata": {"a": 1}},
        reader="agent, n8n, auth0",
        event_name="auth.login_failed",
        actor_id="b1",
        actor_email="b@shop.example",
        metadata={"a": 1, "original_event": "login.failure"},
    ),
    ClientRequest(
        client="quick start of the documentation",
        body={
            "event": "auth.login_failed",
            "actor": {"user_id": "q1", "user_email": "q@shop.example"},
            "user_ip": IP,
            "metadata": {"reason": "x"},
        },
        reader="agent, n8n, auth0",
        event_name="auth.login_failed",
        actor_id="q1",
        actor_email="q@shop.example",
        metadata={"reason": "x"},
    ),
    ClientRequest(
        client="curl example with a severity",
        body={
            "event": "auth.login_failed",
            "severity": "critical",
            "actor": {"id": "c1"},
            "user_ip": IP,
            "metadata": {"severity": "critical"},
        },
        reader="seed",
        event_name="auth.login_failed",
        actor_id="c1",
        metadata={"severity": "critical"},
    ),
    ClientRequest(
        client="first event of the help pages",
        body={
            "event": "auth.login.success",
            "actor": {"id": "h1", "email": "h@shop.example", "name": "Hana"},
            "target": {"id": "t1", "type": "app", "name": "Shop"},
            "metadata": {"ip_address": IP},
        },
        reader="agent, n8n, auth0",
        event_name="auth.login_success",
        actor_id="h1",
        actor_email="h@shop.example",
        metadata={
            "target": {"id": "t1", "type": "app", "name": "Shop"},
            "actor_name": "Hana",
            "original_event": "auth.login.success",
        },
    ),
    ClientRequest(
        client="wordpress, a batch of one",
        headers={"X-API-Key": KEY, "User-Agent": "9m2pju-litesoc-wordpress-plugin/1.0"},
        body={
            "events": [
                {
                    "event": "user.created",
                    "actor": {"id": 17, "email": "w@shop.example"},
                    "user_ip": IP,
                    "timestamp": "2026-08-09T07:12:44+00:00",
                    "metadata": {"source": "wordpress", "environment": "production"},
                }
            ]
        },
        reader="wordpress",
        event_name="admin.user_created",
        actor_id="17",
        actor_email="w@shop.example",
        metadata={"source": "wordpress", "environment": "production", "original_event": "user.created"},
    ),
    ClientRequest(
        client="sdk-1.x",
        path="/api/v1/collect",
        headers={**_BEARER, "User-Agent": "litesoc-node/1.0.0"},
        body={
            "event": "auth.login_success",
            "actor": {"id": "o1", "email": "o@shop.example"},
            "user_ip": IP,
            "timestamp": "2024-01-01T00:00:00Z",
            "metadata": {"a": 1},
        },
        reader="sdk 1.x",
        event_name="auth.login_success",
        actor_id="o1",
        actor_email="o@shop.example",
        metadata={"a": 1},
    ),
)

assert {request.reader for request in REQUESTS} == set(readings.COLLECT_READERS)
