"""What /collect and /health take and answer, as OpenAPI 3.1 path items; the management API merges them into its document."""

from http import HTTPStatus
from typing import Any, TypeAlias

from litesoc_server.ingest.idempotency import KEY_LENGTH_MAX
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.paths import COLLECT, COLLECT_BATCH, HEALTH
from litesoc_server.ingest.responses import ErrorCode, error_body
from litesoc_server.sources.collect import EVENTS_MAX
from litesoc_server.sources.collect_item import EVENT_NAME_LENGTH_MAX, ID_LENGTH_MAX, METADATA_KEYS_MAX

Schema: TypeAlias = dict[str, Any]

_NO_NUL = "^[^\\u0000]*$"  # PostgreSQL cannot hold U+0000
_TEXT: Schema = {"type": ["string", "null"], "pattern": _NO_NUL}
_ID: Schema = {"type": ["string", "integer", "null"], "pattern": _NO_NUL}
_EVENT_EXAMPLE: Schema = {
    "event": "auth.login_failed",
    "actor": {"id": "usr_8841", "email": "mira@shop.example"},
    "user_ip": "198.51.100.77",
    "metadata": {"reason": "bad_password", "form": "checkout"},
}
_EVENT: Schema = {
    "type": "object",
    "title": "Event",
    "description": (
        "One event. Other members are ignored. The spellings of older clients are understood: `event_name`, `event_type`, "
        "`eventName`; `actor_id` and `actor_email`, `user_id` and `email`, `userId`; `ip_address`, `context.ip_address`; "
        "`sessionId`, `deviceId`, and both ids also in `context` or `metadata`."
    ),
    "required": ["event"],
    "properties": {
        "event": {
            "type": "string",
            "minLength": 1,
            "maxLength": EVENT_NAME_LENGTH_MAX,
            "pattern": "^[^\\u0000\\s][^\\u0000]*$",
            "description": "What happened, e.g. auth.login_failed. Any name is taken; known ones are recognised.",
        },
        "actor": {
            "description": "Who did it: an object, or just the id. Leave it out for what no person did.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "id": _ID,
                        "email": _TEXT,
                        "name": _TEXT,
                    },
                },
                _TEXT,
            ],
        },
        "user_ip": {"description": "The end user's address, not your server's. One that cannot be read is kept as text."},
        "session_id": {
            **_ID,
            "description": "Your id of the session, sent with each of its events; cut to "
            f"{ID_LENGTH_MAX} characters. A session that goes on in other hands is noticed by it.",
        },
        "device_id": {
            **_ID,
            "description": "Your id of the device, kept on it; cut to "
            f"{ID_LENGTH_MAX} characters. Without it a device is recognised by browser and system.",
        },
        "metadata": {
            "description": "Whatever helps people to look into the event, at most 16 KiB and 16 levels deep.",
            "anyOf": [
                {"type": "object", "maxProperties": METADATA_KEYS_MAX},
                {"type": "array", "maxItems": 0},
                {"type": "null"},
            ],
        },
        "timestamp": {
            "description": "When it happened, RFC 3339 with an offset. Counts only for keys with the scope `backfill`, "
            "from 400 days back to 5 minutes ahead; then any other value refuses the event."
        },
    },
    "examples": [_EVENT_EXAMPLE],
}
_BATCH: Schema = {
    "type": "object",
    "title": "Batch",
    "required": ["events"],
    "properties": {"events": {"type": "array", "minItems": 1, "maxItems": EVENTS_MAX, "items": _EVENT}},
    "examples": [{"events": [_EVENT_EXAMPLE]}],
}
COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_ITEM_ERRORS: Schema = {
    "type": "array",
    "description": "The events that were not taken, by their position in the request.",
    "items": {
        "type": "object",
        "required": ["index", "code", "message"],
        "properties": {"index": COUNT, "code": {"type": "string"}, "message": {"type": "string"}},
    },
}
_ACCEPTED: Schema = {
    "type": "object",
    "required": ["success", "status", "queued", "events_accepted", "quota"],
    "properties": {
        "success": {"const": True},
        "status": {"const": "queued"},
        "queued": {"type": "integer", "minimum": 1, "description": "Events taken: they are on disk."},
        "events_accepted": {"type": "integer", "minimum": 1, "description": "The same number, for older clients."},
        "quota": {
            "type": "object",
            "description": "The month's events; null where there is no quota.",
            "required": ["remaining", "limit"],
            "properties": {"remaining": _COUNT_OR_NULL, "limit": _COUNT_OR_NULL},
        },
        "rejected": COUNT,
        "errors": _ITEM_ERRORS,
    },
    "examples": [
        {
            "success": True,
            "status": "queued",
            "queued": 1,
            "events_accepted": 1,
            "quota": {"remaining": 48210, "limit": 50000},
        }
    ],
}
_HEALTH: Schema = {
    "type": "object",
    "required": ["status", "service", "version", "timestamp"],
    "properties": {
        "status": {"const": "ok"},
        "service": {"type": "string"},
        "version": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "organization": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
        "authenticated": {"const": True},
        "scopes": {"type": "array", "items": {"enum": [scope.value for scope in Scope]}},
    },
}

# Every header an answer may carry; see contract 2.7.
ACCOUNT_HEADERS: Schema = {
    "X-LiteSOC-Plan": {"schema": {"enum": ["free", "pro", "enterprise"]}},
    "X-LiteSOC-Retention": {"schema": {"type": "string"}, "description": "How far back can be seen: N days."},
    "X-LiteSOC-Cutoff": {"schema": {"type": "string", "format": "date-time"}, "description": "The oldest visible moment."},
    "X-LiteSOC-Quota-Limit": {"schema": COUNT, "description": "Events per month; absent without a quota."},
    "X-LiteSOC-Quota-Remaining": {"schema": COUNT},
    "X-LiteSOC-Quota-Used": {"schema": COUNT},
    "X-RateLimit-Limit": {"schema": COUNT, "description": "Events per minute; absent without a limit."},
    "X-RateLimit-Remaining": {"schema": COUNT},
}
_RETRY_AFTER: Schema = {"Retry-After": {"schema": COUNT, "description": "Whole seconds."}}

COLLECT_ERRORS: dict[HTTPStatus, tuple[ErrorCode, ...]] = {
    HTTPStatus.BAD_REQUEST: (ErrorCode.INVALID_JSON, ErrorCode.VALIDATION_FAILED, ErrorCode.BATCH_TOO_LARGE),
    HTTPStatus.UNAUTHORIZED: (ErrorCode.UNAUTHORIZED,),
    HTTPStatus.FORBIDDEN: (
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.ACCOUNT_SUSPENDED,
        ErrorCode.IP_NOT_ALLOWED,
        ErrorCode.ORIGIN_NOT_AUTHORIZED,
        ErrorCode.FORBIDDEN,
    ),
    HTTPStatus.REQUEST_TIMEOUT: (ErrorCode.REQUEST_TIMEOUT,),
    HTTPStatus.CONFLICT: (ErrorCode.IDEMPOTENCY_CONFLICT,),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (ErrorCode.PAYLOAD_TOO_LARGE,),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (ErrorCode.UNSUPPORTED_ENCODING,),
    HTTPStatus.TOO_MANY_REQUESTS: (ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.QUOTA_EXCEEDED),
    HTTPStatus.INTERNAL_SERVER_ERROR: (ErrorCode.SERVER_ERROR,),
    HTTPStatus.SERVICE_UNAVAILABLE: (ErrorCode.SERVICE_UNAVAILABLE,),
}
_HEALTH_ERRORS: dict[HTTPStatus, tuple[ErrorCode, ...]] = {
    HTTPStatus.UNAUTHORIZED: (ErrorCode.UNAUTHORIZED,),
    HTTPStatus.FORBIDDEN: (ErrorCode.ACCOUNT_SUSPENDED, ErrorCode.IP_NOT_ALLOWED, ErrorCode.ORIGIN_NOT_AUTHORIZED),
    HTTPStatus.INTERNAL_SERVER_ERROR: (ErrorCode.SERVER_ERROR,),
    HTTPStatus.SERVICE_UNAVAILABLE: (ErrorCode.SERVICE_UNAVAILABLE,),
}
_WAITS = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_WITHOUT_ACCOUNT = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
)  # answered before it is known whose request it is


def paths() -> dict[str, Any]:
    """Return the path items by path, without security schemes: the document defines ApiKey and Bearer."""
    return {
        COLLECT: {
            "post": _collect("collect", "Send one event or a batch", {"anyOf": [_EVENT, _BATCH]}),
            "options": preflight("collect_preflight"),
        },
        COLLECT_BATCH: {
            "post": _collect("collect_batch", "Send a batch", _BATCH),
            "options": preflight("collect_batch_preflight"),
        },
        HEALTH: {
            "get": _health("health", body={"application/json": {"schema": _HEALTH}}),
            "head": _health("health_head", body=None),
            "options": preflight("health_preflight"),
        },
    }


def _collect(operation_id: str, summary: str, body: Schema) -> Schema:
    accepted: Schema = {
        "description": "At least one event was taken, and what was taken is on disk.",
        "headers": ACCOUNT_HEADERS,
        "content": {"application/json": {"schema": _ACCEPTED}},
    }
    instead = {**accepted, "description": "The same, where the operator has set LITESOC_COLLECT_STATUS to 200."}
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["collect"],
        "security": [{"ApiKey": []}, {"Bearer": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key and body give the same answer for 24 hours, and nothing is stored twice.",
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": KEY_LENGTH_MAX,
                    "pattern": "^[!-~]([ -~]*[!-~])?$",
                },
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"202": accepted, "200": instead, **errors(COLLECT_ERRORS)},
    }


def _health(operation_id: str, *, body: Schema | None) -> Schema:
    answer: Schema = {"description": "The server takes events; with a key, the key is good.", "headers": ACCOUNT_HEADERS}
    if body is not None:
        answer["content"] = body
    return {
        "operationId": operation_id,
        "summary": "Ask whether the server is up, and whether a key is good",
        "tags": ["health"],
        "security": [{}, {"ApiKey": []}, {"Bearer": []}],
        "responses": {"200": answer, **errors(_HEALTH_ERRORS, has_body=body is not None)},
    }


def preflight(operation_id: str) -> Schema:
    """Return the OPTIONS operation of a path."""
    headers = ("Allow-Origin", "Allow-Methods", "Allow-Headers", "Expose-Headers", "Max-Age")
    return {
        "operationId": operation_id,
        "summary": "What browsers ask before they send",
        "tags": ["browsers"],
        "security": [],
        "responses": {
            "204": {
                "description": "Any origin may ask; whether it may send is decided on the request itself.",
                "headers": {f"Access-Control-{name}": {"schema": {"type": "string"}} for name in headers},
            }
        },
    }


def errors(codes_of: dict[HTTPStatus, tuple[ErrorCode, ...]], *, has_body: bool = True) -> Schema:
    """Return the responses that refuse, by status, with the codes that each can carry."""
    return {str(int(status)): _error(status, codes, has_body=has_body) for status, codes in codes_of.items()}


def _error(status: HTTPStatus, codes: tuple[ErrorCode, ...], *, has_body: bool) -> Schema:
    text: Schema = {"type": "string"}
    answer: Schema = {"description": status.phrase}
    if has_body:
        schema: Schema = {
            "type": "object",
            "required": ["success", "error", "message", "code"],
            "properties": {
                "success": {"const": False},
                "error": text,
                "message": {**text, "description": "The same text, for clients that read this member."},
                "code": {"enum": [code.value for code in codes]},
                "retry_after": {**COUNT, "description": "The header Retry-After once more."},
                "errors": _ITEM_ERRORS,
            },
            "examples": [error_body(codes[0], "what is wrong, and what to do")],
        }
        answer["content"] = {"application/json": {"schema": schema}}
    headers = {} if status in _WITHOUT_ACCOUNT else {**ACCOUNT_HEADERS}
    if status in _WAITS:
        headers |= _RETRY_AFTER
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"schema": text}
    return {**answer, "headers": headers}
