"""Print docs/reference/sources.md: how webhooks of other vendors are taken, and the table made from sources/registry.py."""

from litesoc_server.sources.base import RECORDS_MAX, IgnoredBecause, SecretOrigin, SignatureProblem, WebhookSource
from litesoc_server.sources.otlp import SOURCE as OTLP
from litesoc_server.sources.registry import WEBHOOK_SOURCES

HEADER = f"""\
# Sources

Beside your own applications, other products can send what they know: each delivers its webhooks or its log stream
to `POST /webhooks/<source>` (also below `/v1` and `/api/v1`), OpenTelemetry to `POST /v1/logs`. The Integrations page
shows the steps for each, with your server's address, and whether anything arrives. What follows is about webhooks;
[OpenTelemetry](../integrations/opentelemetry.md) has its own answers, and the same settings and counts.

## The answer
200 once the events are on disk, with what came of the records; also when none of them is an event, so that the
vendor does not send them again or switch the webhook off:

```json
{{"success": true, "status": "queued", "received": 4, "queued": 3, "ignored": 1}}
```

Errors have the shape and the codes of `POST /collect` ([HTTP API](http-api.md#errors)); quota and rate limit count
queued events. A body has at most 1 MiB and {RECORDS_MAX:,} records.

## Who may deliver
Every request needs an API key with the scope `ingest`: as `X-API-Key`, as `Authorization: Bearer KEY` (or the key
alone), or, for vendors that send no header of their own, as `?api_key=KEY` in the address, here and nowhere else.
This server logs no addresses; a proxy in front of it may, so prefer a header where the vendor has one. Give each
source a key of its own.

Where a vendor signs what it sends, set its signing secret: from then on, within 5 seconds, a delivery that is not
signed with it is refused with 401, and `reason` says {
    ", ".join(f"`{problem.value}`" for problem in SignatureProblem)
}. After a rotation the secret before counts for 24 hours. Secrets are kept encrypted and never
shown again. While settings cannot be read, those known within the last minute count; then deliveries get 503, and
the vendor tries again.

## What becomes of a record
Its type is mapped to an event name by the table on the source's own page, its time is the event's time (400 days
back at most), and what people need to look into it stands in the metadata. Passwords, hashes, tokens and whole rows
are left out; of sources that send some, they are taken out before the body is even written to the stream.

A record with an id of its vendor is one event however often it is delivered. One without an id, or without a time,
is a new event each time.

| ignored because | meaning |
|---|---|
| `{IgnoredBecause.UNKNOWN_TYPE.value}` | Its type is not in the table. Where those are kept it becomes `<source>.<type>`. |
| `{IgnoredBecause.NOT_SECURITY.value}` | Known, and of no use to security: another table, a notice, the vendor's test. |
| `{IgnoredBecause.NOT_A_RECORD.value}` | Not an object, or without what every record of this vendor has. |
| `{IgnoredBecause.NO_EVENT_NAME.value}` | Of OpenTelemetry: an ordinary log line. |

What came of deliveries is counted by day for 90 days, within seconds; counts hold nothing of the records.

## Settings
On the Integrations page (permission "set up where events come from"), by `litesoc sources list|add|secret|remove`,
or with `GET /sources`, `PATCH` and `DELETE /sources/<id>`, `POST` and `DELETE /sources/<id>/secret`. Live and test
keys have settings of their own. A source needs no setting up: a delivery with a good key is enough. A forgotten
source (`remove`, `DELETE`) loses its settings, secret and counts, keeps its events, and is there again with the next
delivery; to have none taken, switch it off or revoke its key.

## The sources

| source | signs | asks first | sends the user's address | page |
|---|---|---|---|---|
"""


def render() -> str:
    """Return the page."""
    otlp = f"| `{OTLP.id}` | no | no | yes | [{OTLP.title}](../integrations/opentelemetry.md) |\n"
    return HEADER + "".join(map(_row, WEBHOOK_SOURCES.values())) + otlp


def _row(source: WebhookSource) -> str:
    asks = "no" if source.handshake is None else "yes"
    address = "yes" if source.is_user_ip_sent else "no"
    return f"| `{source.id}` | {_signs(source)} | {asks} | {address} | [{source.title}](../integrations/{source.id}.md) |\n"


def _signs(source: WebhookSource) -> str:
    if source.verify is None:
        return "no"
    return "yes, with a secret of ours" if source.secret_origin is SecretOrigin.OURS else "yes, with a secret of its own"


if __name__ == "__main__":
    print(render(), end="")
