"""llms.txt: how to integrate, in one page, with links to the rest. The form: https://llmstxt.org."""

from litesoc_server.events.catalog import CATALOG
from litesoc_server.guides.integrations import INTEGRATIONS

RULES = """\
- Send every event to `POST {url}/api/v1/collect` with the header `X-API-Key`; 202 means it is on disk. The body:
  `{{"event": "auth.login_failed", "actor": {{"id": "usr_8841"}}, "user_ip": "198.51.100.77", "metadata": {{}}}}`.
- `user_ip` is the address of the end user, never that of the server, a proxy or a container. Behind N proxies it is the N-th
  entry from the right of `X-Forwarded-For`. Never take the leftmost entry: anybody can write it. Use what the framework has
  for trusted proxies, set to the real proxies.
- Send failed logins too (`auth.login_failed`), with the name that was typed as the actor. Attacks are found in them.
- Send in the background, with a timeout of a few seconds, and let nothing that goes wrong there reach the user.
- Read the key from the environment (`LITESOC_API_KEY`), the address from `LITESOC_URL`. Keep keys out of code and of pages
  that browsers load. A key for sending needs the scope `ingest` and nothing else.
- Never send passwords, tokens or card numbers in `metadata`. `user_agent`, `session_id` and `device_id` in it are used.
- Retry after 408, 429, 500 and 503 with the same `Idempotency-Key`; other 4xx answers stay the same. Up to 100 events go in
  one request, as `{{"events": [...]}}`.
"""


def index_text(url: str) -> str:
    """Return the text for the server at ``url``, without a slash at its end."""
    names = ", ".join(f"`{name}`" for name, kind in CATALOG.items() if kind.is_standard)
    frameworks = ", ".join(one.title for one in INTEGRATIONS)
    return f"""\
# LiteSOC

> Self-hosted security observability for applications: an application sends its security events to one HTTP endpoint, and
> the server looks for attacks on accounts and raises alerts.

How to send events, in short:

{RULES.format(url=url)}
Standard event names: {names}. Any other `category.action` is kept too.

## Documentation

- [Everything in one text]({url}/llms-full.txt): events, endpoints, query language, code for {frameworks}
- [OpenAPI 3.1]({url}/openapi.json): every endpoint, exactly
- [HTTP API]({url}/docs): the same to read

## Optional

- [Source and operations](https://github.com/litesoc/litesoc-server/tree/main/docs): installing, scaling, backup
"""
