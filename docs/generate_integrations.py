"""Writes a page of docs/integrations/ for each framework, from the code that the setup guide shows, too."""

from collections.abc import Iterator
from pathlib import Path

from litesoc_server.guides.integrations import INTEGRATIONS, Integration

FOLDER = Path(__file__).parent / "integrations"
_COMMENT = "<!-- Written by docs/generate_integrations.py; a test fails when it is out of date. -->"
_KEY = "YOUR_API_KEY"
_URL = "http://127.0.0.1:8000"
_CHECK = """\
## See that it works
Log in once with a wrong password. The setup guide of the dashboard says what it understood of the event. If the address it
shows is that of a proxy or a container, the number of proxies is wrong.

If the server is away, your users notice nothing and events are lost; to lose none, write them into your own queue and send
them with an [`Idempotency-Key`](../reference/http-api.md#send-safely-again). Other names than logins:
[events](../reference/events.md). Add `session_id` and `device_id` to the metadata if you have them: stolen sessions and new
devices are found by them.
"""


def render(one: Integration) -> str:
    """Return the page of one framework."""
    return "\n".join(_parts(one))


def _parts(one: Integration) -> Iterator[str]:
    yield f"# {one.title}\n\n{_COMMENT}\n"
    yield f"{one.intro}\n"
    yield "The key needs the scope `ingest` only: `litesoc keys create --name shop --scope ingest`.\n"
    for step in one.steps(key=_KEY, url=_URL):
        yield f"## {step.title}\n\n```{step.language}\n{step.code}\n```\n"
    yield f"## Your users' addresses\n{one.address}\n"
    yield "Sources: " + ", ".join(f"<{url}>" for url in one.documentation) + ".\n"
    yield _CHECK
    yield f"## Tested\n{one.tested}\n"


if __name__ == "__main__":
    for integration in INTEGRATIONS:
        (FOLDER / f"{integration.id}.md").write_text(render(integration), encoding="utf-8")
