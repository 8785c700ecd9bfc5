"""llms-full.txt: everything that is needed to write an integration, in one text."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from litesoc_server.api.llms.index import RULES
from litesoc_server.api.openapi import document
from litesoc_server.guides.integrations import INTEGRATIONS, Integration
from litesoc_server.pipeline.normalise.reference import render as render_events
from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.fields import FieldTable

_KEY = "YOUR_API_KEY"
_URL = "@url@"
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})  # a path has parameters of all of them beside these


def full_text(url: str) -> str:
    """Return the text for the server at ``url``, without a slash at its end."""
    return _text().replace(_URL, url)


@cache
def _text() -> str:
    """Return the text with a mark for the address: writing it takes a while, and anybody may ask for it."""
    parts = (
        "# LiteSOC for those who write code against it\n",
        RULES.format(url=_URL),
        _one_deeper(_without_comments(render_events())),
        "\n".join(_endpoints()),
        "\n".join(_query_language()),
        *(part for one in INTEGRATIONS for part in _integration(one)),
    )
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _endpoints() -> Iterator[str]:
    yield "## Endpoints\n"
    yield "Below `/api/v1`, with `X-API-Key`. The schemas are in /openapi.json.\n"
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS and not operation.get("deprecated"):
                yield _endpoint(method, path, operation)
    yield ""


def _endpoint(method: str, path: str, operation: dict[str, Any]) -> str:
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    asked_by = f" Parameters: {', '.join(f'`{name}`' for name in names)}." if names else ""
    said = " ".join((operation.get("description") or "").split())
    return f"- `{method.upper()} {path}`: {operation['summary']}. {said}{asked_by}".rstrip()


def _query_language() -> Iterator[str]:
    yield "## Query language (`query` of GET /events and GET /alerts)\n"
    yield "Terms side by side, all of which must hold: `event:auth.login_failed country:NO -vpn risk:>70`. `field:a,b` is"
    yield "any of them, `-` before a term its opposite, `event:auth.*` a beginning, `10..20` a range. A bare word is text"
    yield "anywhere.\n"
    for table in (EVENT_FIELDS, ALERT_FIELDS):
        yield from _fields(table)


def _fields(table: FieldTable) -> Iterator[str]:
    yield f"Fields of {table.of_what}:\n"
    for field in table.fields:
        yield f"- `{field.name}`: {field.help}, e.g. `{field.example}`"
    yield ""


def _integration(one: Integration) -> Iterator[str]:
    yield f"## {one.title}\n"
    yield f"{one.intro} {one.address}\n"
    for step in one.steps(key=_KEY, url=_URL):
        yield f"{step.title}:\n\n```{step.language}\n{step.code}\n```\n"


def _without_comments(page: str) -> str:
    return "\n".join(line for line in page.split("\n") if not line.startswith("<!--"))


def _one_deeper(page: str) -> str:
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in page.split("\n"))
