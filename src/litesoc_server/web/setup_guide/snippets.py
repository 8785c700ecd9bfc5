"""Code that sends a first event, with the reader's key and this server's address in it."""

from dataclasses import dataclass

KEY_TO_FILL_IN = "YOUR_API_KEY"


@dataclass(frozen=True)
class Snippet:
    """One way to send an event."""

    id: str
    title: str
    install: str  # a command for the terminal, "" when there is nothing to install
    code: str  # in ``install`` and ``code`` @key@ and @url@ are filled in by `snippets_for`


_SNIPPETS = (
    Snippet(
        "curl",
        "curl",
        "",
        """\
curl -X POST @url@/api/v1/collect \\
  -H 'X-API-Key: @key@' \\
  -H 'Content-Type: application/json' \\
  -d '{"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "8.8.8.8"}'
""",
    ),
    Snippet(
        "python-sdk",
        "Python SDK",
        "pip install litesoc",
        """\
from litesoc import LiteSOC

soc = LiteSOC(api_key="@key@", base_url="@url@")
soc.track(
    "auth.login_failed",
    actor_id="mira",
    user_ip="8.8.8.8",  # your user's address, e.g. request.remote_addr
)
soc.flush()
""",
    ),
    Snippet(
        "node-sdk",
        "Node SDK",
        "npm install litesoc",
        """\
import { LiteSOC } from "litesoc";

const soc = new LiteSOC({ apiKey: "@key@", baseUrl: "@url@" });
await soc.track("auth.login_failed", {
  actor: { id: "mira" },
  userIp: "8.8.8.8", // your user's address, e.g. request.ip
});
await soc.flush();
""",
    ),
    Snippet(
        "python",
        "Python",
        "",
        """\
import json
from urllib.request import Request, urlopen

event = {
    "event": "auth.login_failed",
    "actor": {"id": "mira"},
    "user_ip": "8.8.8.8",  # your user's address, e.g. request.remote_addr
}
headers = {"X-API-Key": "@key@", "Content-Type": "application/json"}
urlopen(Request("@url@/api/v1/collect", json.dumps(event).encode(), headers), timeout=5)
""",
    ),
    Snippet(
        "node",
        "Node",
        "",
        """\
await fetch("@url@/api/v1/collect", {
  method: "POST",
  headers: { "X-API-Key": "@key@", "Content-Type": "application/json" },
  body: JSON.stringify({
    event: "auth.login_failed",
    actor: { id: "mira" },
    user_ip: "8.8.8.8", // your user's address, e.g. request.ip
  }),
});
""",
    ),
    Snippet(
        "php",
        "PHP SDK",
        "composer require litesoc/litesoc-php",
        """\
<?php
require 'vendor/autoload.php';

$soc = new LiteSOC\\LiteSOC('@key@', ['base_url' => '@url@']);
$soc->track('auth.login_failed', [
    'actor_id' => 'mira',
    'user_ip' => '8.8.8.8', // your user's address, e.g. $_SERVER['REMOTE_ADDR']
]);
$soc->flush();
""",
    ),
)
_FIVE_FAILURES = """\
for i in 1 2 3 4 5; do
  curl -X POST @url@/api/v1/collect \\
    -H 'X-API-Key: @key@' \\
    -H 'Content-Type: application/json' \\
    -d '{"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "185.220.101.34"}'
done
"""


def snippets_for(*, key: str, url: str) -> list[Snippet]:
    """Return every way to send one event to the server at ``url`` (without a slash at its end)."""
    return [Snippet(one.id, one.title, one.install, _filled(one.code, key=key, url=url)) for one in _SNIPPETS]


def five_failures(*, key: str, url: str) -> str:
    """Return a loop for the shell that makes the first alert: five failed logins from one address."""
    return _filled(_FIVE_FAILURES, key=key, url=url)


def _filled(code: str, *, key: str, url: str) -> str:
    return code.replace("@key@", key).replace("@url@", url).rstrip("\n")
