"""The API's base paths: one router under "", /v1 and /api/v1, forgiving about slashes and never redirecting."""

import re

COLLECT = "/collect"
COLLECT_BATCH = "/collect/batch"
HEALTH = "/health"
LOGS = "/logs"
OTLP_LOGS = "/v1/logs"  # the same as exporters know it: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
WEBHOOKS = "/webhooks/"  # and the id of a source

# Contract 1.1. A redirect would turn a POST into a GET in several clients, so variants are accepted as they are.
PREFIXES = ("", "/v1", "/api/v1")
_SLASHES = re.compile("/{2,}")


def api_path(raw_path: str) -> str | None:
    """Return the path below the base path: "//api/v1//collect/" gives "/collect".

    ``raw_path`` is percent-decoded, without the query. None when nothing is left of it, so when no endpoint is named.
    """
    path = _SLASHES.sub("/", raw_path).rstrip("/")
    for prefix in reversed(PREFIXES):
        if path == prefix:
            return None
        if prefix and path.startswith(prefix + "/"):
            return path[len(prefix) :]
    return path if path.startswith("/") else None
