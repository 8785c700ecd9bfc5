"""What /v1/logs takes and answers, as OpenAPI 3.1 path items; the management API merges them into its document."""

from http import HTTPStatus
from typing import Any

from litesoc_server.ingest.openapi import ACCOUNT_HEADERS, COLLECT_ERRORS, Schema, errors, preflight
from litesoc_server.ingest.otlp import JSON, PROTOBUF
from litesoc_server.ingest.paths import LOGS
from litesoc_server.ingest.responses import ErrorCode

_PROTOBUF: Schema = {"type": "string", "format": "binary"}
_EXPORT: Schema = {
    "type": "object",
    "title": "ExportLogsServiceRequest",
    "description": "As opentelemetry-proto has it. A record with an `eventName` becomes an event; the rest is left out.",
    "properties": {"resourceLogs": {"type": "array", "items": {"type": "object"}}},
    "examples": [
        {
            "resourceLogs": [
                {
                    "scopeLogs": [
                        {
                            "logRecords": [
                                {
                                    "eventName": "auth.login_failed",
                                    "attributes": [
                                        {"key": "user.id", "value": {"stringValue": "usr_8841"}},
                                        {"key": "client.address", "value": {"stringValue": "198.51.100.77"}},
                                    ],
                                }
                            ]
                        }
                    ]
                }
            ]
        }
    ],
}
_STATUS: Schema = {
    "type": "object",
    "title": "Status",
    "description": "A google.rpc.Status, and our code.",
    "required": ["message", "error"],
    "properties": {"message": {"type": "string"}, "error": {"enum": [code.value for code in ErrorCode]}},
}
_ERRORS = {status: codes for status, codes in COLLECT_ERRORS.items() if status != HTTPStatus.CONFLICT}


def paths() -> dict[str, Any]:
    """Return the path items by path, without security schemes: the document defines them."""
    return {LOGS: {"post": _export(), "options": preflight("logs_preflight")}}


def _export() -> Schema:
    json, protobuf = JSON.decode(), PROTOBUF.decode()
    refusals = errors(_ERRORS, has_body=False)
    for refusal in refusals.values():
        refusal["content"] = {json: {"schema": _STATUS}, protobuf: {"schema": _PROTOBUF}}
    return {
        "operationId": "exportLogs",
        "summary": "Take OpenTelemetry logs (OTLP over HTTP)",
        "description": (
            "Exporters know the address as /v1/logs. Records with an event name become events, ordinary log lines are "
            "counted and not kept. Answers are in the encoding of the request; `Content-Encoding: gzip` is understood."
        ),
        "tags": ["collect"],
        "security": [{"ApiKey": []}, {"Bearer": []}],
        "requestBody": {
            "required": True,
            "content": {json: {"schema": _EXPORT}, protobuf: {"schema": _PROTOBUF}},
        },
        "responses": {
            "200": {
                "description": "The events are on disk; also where no record was one.",
                "headers": ACCOUNT_HEADERS,
                "content": {json: {"schema": {"type": "object"}}, protobuf: {"schema": _PROTOBUF}},
            },
            **refusals,
        },
    }
