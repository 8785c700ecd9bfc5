"""What /webhooks/<source> takes and answers, as OpenAPI 3.1 path items; the management API merges them into its document."""

from http import HTTPStatus
from typing import Any

from litesoc_server.ingest.openapi import ACCOUNT_HEADERS, COLLECT_ERRORS, COUNT, Schema, errors, preflight
from litesoc_server.ingest.paths import WEBHOOKS
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.ingest.webhook_request import KEY_PARAMETER
from litesoc_server.sources.registry import WEBHOOK_SOURCES

_TAKEN: Schema = {
    "type": "object",
    "required": ["success", "status", "received", "queued", "ignored"],
    "properties": {
        "success": {"const": True},
        "status": {"const": "queued"},
        "received": {**COUNT, "description": "Records in the body."},
        "queued": {**COUNT, "description": "Records that became events: they are on disk."},
        "ignored": {**COUNT, "description": "Records that did not, such as those of unknown types."},
    },
    "examples": [{"success": True, "status": "queued", "received": 4, "queued": 3, "ignored": 1}],
}
_CHALLENGED: Schema = {"description": "Text for a vendor that asked whether the address is yours."}
_ERRORS = {
    **{status: codes for status, codes in COLLECT_ERRORS.items() if status != HTTPStatus.CONFLICT},
    HTTPStatus.NOT_FOUND: (ErrorCode.NOT_FOUND,),
    HTTPStatus.METHOD_NOT_ALLOWED: (ErrorCode.METHOD_NOT_ALLOWED,),
}


def paths() -> dict[str, Any]:
    """Return the path items by path, without security schemes: the document defines them."""
    in_path: Schema = {
        "name": "source",
        "in": "path",
        "required": True,
        "description": "Who sends.",
        "schema": {"enum": list(WEBHOOK_SOURCES)},
    }
    return {
        f"{WEBHOOKS}{{source}}": {
            "post": {**_deliver(), "parameters": [in_path]},
            "options": {**preflight("webhook_preflight"), "parameters": [in_path]},
        }
    }


def _deliver() -> Schema:
    signed = ", ".join(source.title for source in WEBHOOK_SOURCES.values() if source.verify is not None) or "none yet"
    return {
        "operationId": "webhook",
        "summary": "Take what another vendor's webhook or log stream delivers",
        "description": (
            "The body is the vendor's, as it is. The key may also stand in the address as "
            f"`?{KEY_PARAMETER}=`, for vendors that send no header of their own. Where a signing secret is set the delivery "
            f"must be signed as the vendor does it ({signed}). Vendors deliver again: a record with an id of its vendor is "
            "stored once. See the page on sources for each vendor's set-up."
        ),
        "tags": ["collect"],
        "security": [{"ApiKey": []}, {"Bearer": []}, {"KeyInAddress": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [{"type": "object"}, {"type": "array"}]}}},
        },
        "responses": {
            "200": {
                "description": "What could be used is on disk; also where that is nothing.",
                "headers": ACCOUNT_HEADERS,
                "content": {"application/json": {"schema": _TAKEN}, "text/plain": {"schema": _CHALLENGED}},
            },
            **errors(_ERRORS),
        },
    }
