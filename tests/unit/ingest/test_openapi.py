"""The OpenAPI fragments: valid, and naming every status and code that ingest can answer."""

from typing import Any

import jsonschema_rs
import pytest

from litesoc_server.ingest import openapi, openapi_otlp, openapi_webhooks
from litesoc_server.ingest.app import IngestApp
from litesoc_server.ingest.openapi import paths
from litesoc_server.ingest.responses import ErrorCode

# Codes of other endpoints, or of features that are not built yet.
NOT_OURS = {
    "PLAN_RESTRICTED",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "ALERT_CONFLICT",
    "POLICY_CONFLICT",
    "KEY_CONFLICT",
    "WOULD_LOCK_OUT",
}


def schema_of(operation: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


def test_every_code_is_documented_where_it_can_be_answered() -> None:
    for path in ("/collect", "/collect/batch"):
        documented: dict[str, str] = {}
        for status, response in paths()[path]["post"]["responses"].items():
            if int(status) >= 400:
                properties = response["content"]["application/json"]["schema"]["properties"]
                documented |= dict.fromkeys(properties["code"]["enum"], status)
        assert {code.value for code in ErrorCode} - set(documented) == NOT_OURS
        for code, status in documented.items():
            assert int(status) in (ErrorCode(code).status, 429 if code == "QUOTA_EXCEEDED" else None)


def all_paths() -> dict[str, Any]:
    return {**openapi.paths(), **openapi_webhooks.paths(), **openapi_otlp.paths()}


def test_every_operation_is_one_that_the_application_answers() -> None:
    for path, item in all_paths().items():
        for method in item:
            assert IngestApp.handles(method.upper(), path)
    names = [operation["operationId"] for item in all_paths().values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_schemas_are_valid_and_their_examples_fit() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "schema" in node:
                schema = node["schema"]
                jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
                for example in schema.get("examples", []):
                    jsonschema_rs.validate(schema, example)
            for value in node.values():
                walk(value)

    walk(all_paths())


@pytest.mark.parametrize(
    ("path", "body", "fits"),
    [
        ("/collect", {"event": "a"}, True),
        ("/collect", {"event": "a", "actor": "u1", "user_ip": 5, "metadata": []}, True),
        ("/collect", {"events": [{"event": "a"}]}, True),
        ("/collect", {"event": ""}, False),
        ("/collect", {"event": "a", "actor": 5}, False),
        ("/collect", {"event": "a", "metadata": "x"}, False),
        ("/collect", {"events": []}, False),
        ("/collect/batch", {"event": "a"}, False),
        ("/collect/batch", {"events": [{"event": "a"}] * 101}, False),
    ],
)
def test_the_schema_takes_what_the_server_takes(path: str, body: object, fits: bool) -> None:
    assert jsonschema_rs.is_valid(schema_of(paths()[path]["post"]), body) is fits
