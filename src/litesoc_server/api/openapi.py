"""The OpenAPI 3.1 document of everything a key can call: what django-ninja knows, and ingest's paths."""

import functools
import json
from http import HTTPStatus
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_safe

from litesoc_server.alerts.models import Resolution
from litesoc_server.api.app import api
from litesoc_server.api.caller import KEY_HEADER
from litesoc_server.api.ninja_schema import ApiSchema
from litesoc_server.api.v1.alert_change import NAME_LENGTH_MAX, NOTES_LENGTH_MAX
from litesoc_server.api.yaml_text import yaml_text
from litesoc_server.ingest import openapi as ingest_openapi
from litesoc_server.ingest import openapi_otlp, openapi_webhooks
from litesoc_server.ingest.webhook_request import KEY_PARAMETER

_DESCRIPTION = """\
Send security events, read them with what was found out about them, and work on alerts.

Every path works at the root, below `/v1` and below `/api/v1`. Times are ISO 8601 in UTC. Errors have one flat shape.
"""
_SECURITY: list[dict[str, list[str]]] = [{"ApiKey": []}, {"Bearer": []}]
_SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER, "description": "The way to send the key."},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The same key as `Authorization: Bearer KEY`."},
    "KeyInAddress": {
        "type": "apiKey",
        "in": "query",
        "name": KEY_PARAMETER,
        "description": "The same key in the address, of webhooks only: for vendors that send no header of their own.",
    },
}
_ACCOUNT_HEADERS = {
    "X-LiteSOC-Plan": ("string", "free, pro or enterprise."),
    "X-LiteSOC-Retention": ("string", "How far back can be seen: N days."),
    "X-LiteSOC-Cutoff": ("string", "The oldest visible moment."),
    "X-LiteSOC-Quota-Limit": ("integer", "Events per month; absent without a quota."),
    "X-LiteSOC-Quota-Remaining": ("integer", "Events left this month."),
    "X-LiteSOC-Quota-Used": ("integer", "Events of this month."),
    "X-RateLimit-Limit": ("integer", "Events and requests per minute; absent without a limit."),
    "X-RateLimit-Remaining": ("integer", "What is left of this minute."),
}
_UNAUTHORIZED = "401"
_MAYBE_UNAUTHENTICATED = frozenset({_UNAUTHORIZED, "408", "413"})  # answered before it is known whose request it is
_RETRY_STATUSES = frozenset({"429", "503"})

_TEXT = {"type": ["string", "null"], "pattern": "^[^\\u0000]*$"}  # PostgreSQL cannot hold U+0000
_NOTES = {**_TEXT, "maxLength": NOTES_LENGTH_MAX}
_BY = {
    **_TEXT,
    "maxLength": NAME_LENGTH_MAX,
    "description": "Who decided; else the name of the key.",
}
_RESOLUTION = {"enum": [resolution.value for resolution in Resolution]}
_RESOLVE = {
    "type": "object",
    "title": "Resolve",
    "required": ["action", "resolution_type"],
    "properties": {
        "action": {"const": "resolve"},
        "resolution_type": _RESOLUTION,
        "internal_notes": _NOTES,
        "resolved_by": _BY,
    },
}
_MARK_SAFE = {
    "type": "object",
    "title": "Mark safe or acknowledge",
    "required": ["action"],
    "properties": {"action": {"enum": ["mark_safe", "acknowledge"]}, "internal_notes": _NOTES, "resolved_by": _BY},
}
_OLD_STATUS = {
    "type": "object",
    "title": "Body of SDKs before 2.2",
    "deprecated": True,
    "required": ["status"],
    "not": {"required": ["action"]},
    "properties": {
        "status": {"enum": ["resolved", "dismissed", "safe"]},
        "resolution_type": _TEXT,
        "resolution_notes": _NOTES,
        "notes": _NOTES,
        "resolved_by": _BY,
    },
}
_CHANGE_EXAMPLES = {
    "resolve": {
        "value": {
            "action": "resolve",
            "resolution_type": "contacted_user",
            "internal_notes": "It was her, on a trip.",
            "resolved_by": "ops@shop.example",
        }
    },
    "mark_safe": {"value": {"action": "mark_safe"}},
}


@require_GET
def openapi_json(request: HttpRequest) -> JsonResponse:
    """Answer with the document; it holds nothing secret, so no key is asked for."""
    del request
    return JsonResponse(document(), headers={"Access-Control-Allow-Origin": "*"})


@require_safe
def openapi_download(request: HttpRequest, file_format: Literal["json", "yaml"]) -> HttpResponse:
    """Answer with the document as a file to save, in either form."""
    del request
    # RFC 9512 registers application/yaml.
    return HttpResponse(
        _written(file_format),
        content_type=f"application/{file_format}",
        headers={"Content-Disposition": f'attachment; filename="litesoc-openapi.{file_format}"'},
    )


@functools.cache
def _written(file_format: Literal["json", "yaml"]) -> str:
    return f"{json.dumps(document(), indent=2)}\n" if file_format == "json" else yaml_text(document())


@functools.cache
def document() -> dict[str, Any]:
    """Return the document."""
    generated: dict[str, Any] = ApiSchema(api)
    ingest_paths = {**ingest_openapi.paths(), **openapi_webhooks.paths(), **openapi_otlp.paths()}
    paths: dict[str, Any] = {**ingest_paths, **generated["paths"]}
    for operations in generated["paths"].values():
        for operation in operations.values():
            _complete(operation)
    change_body = paths["/alerts/{alert_id}"]["patch"]["requestBody"]["content"]["application/json"]
    change_body["schema"] = {"oneOf": [_RESOLVE, _MARK_SAFE, _OLD_STATUS]}
    change_body["examples"] = _CHANGE_EXAMPLES
    return {
        "openapi": "3.1.0",
        "info": {
            **generated["info"],
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}, {"url": "/v1"}, {"url": "/api/v1"}],
        "security": _SECURITY,
        "paths": paths,
        "components": {**generated["components"], "securitySchemes": _SECURITY_SCHEMES},
    }


def _complete(operation: dict[str, Any]) -> None:
    """Add what django-ninja does not know: how the key is sent, names of statuses, headers."""
    operation["security"] = _SECURITY
    for parameter in operation["parameters"]:
        if parameter["in"] != "query":
            continue
        parameter["allowEmptyValue"] = True  # then it is as if it were left out
        parameter.pop("examples", None)  # a list, as JSON Schema has them; in a parameter it would have to be a map
        _leave_out_null(parameter["schema"])
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    for status, answer in operation["responses"].items():
        answer["description"] = HTTPStatus(int(status)).phrase
        headers = {} if status in _MAYBE_UNAUTHENTICATED else _ACCOUNT_HEADERS
        answer["headers"] = {name: {"schema": {"type": kind}, "description": text} for name, (kind, text) in headers.items()}
        if status == _UNAUTHORIZED:
            answer["headers"]["WWW-Authenticate"] = {"schema": {"type": "string"}}
        if status in _RETRY_STATUSES:
            answer["headers"]["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds to wait."}


def _leave_out_null(schema: dict[str, Any]) -> None:
    """Say of a parameter only what it may be: "null" is how Python says that it may be left out."""
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema.update(choices[0])
    elif choices:
        schema["anyOf"] = choices
