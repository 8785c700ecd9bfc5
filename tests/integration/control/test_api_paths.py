"""Every path of the management API is one that the dispatcher sends there, with and without /v1 in front."""

from litesoc_server.api.openapi import document
from litesoc_server.ingest import openapi as ingest_openapi
from litesoc_server.ingest import openapi_otlp, openapi_webhooks
from litesoc_server.runtime.asgi import API_RESOURCES


def test_the_dispatcher_knows_every_path_of_the_management_api() -> None:
    ingest = ingest_openapi.paths() | openapi_webhooks.paths() | openapi_otlp.paths()
    managed = document()["paths"].keys() - ingest.keys()
    assert {path.split("/")[1] for path in managed} <= API_RESOURCES
