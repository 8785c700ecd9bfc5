"""Where a source sends to, and the steps that people take at the vendor's, with the server's address filled in."""

from litesoc_server.ingest.paths import WEBHOOKS
from litesoc_server.ingest.webhook_request import KEY_PARAMETER
from litesoc_server.sources.base import WebhookSource

KEY_TO_FILL_IN = "YOUR_API_KEY"
_KEY = "{key}"
_ADDRESS = "{address}"


def address_of(source: WebhookSource, server: str, key: str = KEY_TO_FILL_IN) -> str:
    """Return the address that a vendor is given; ``server`` is where clients reach this server, without a slash at its end.

    The key stands in it unless the steps say where else the vendor sends it.
    """
    address = f"{server}{WEBHOOKS}{source.id}"
    sends_key_elsewhere = any(_KEY in step for step in source.setup)
    return address if sends_key_elsewhere else f"{address}?{KEY_PARAMETER}={key}"


def steps_of(source: WebhookSource, server: str, key: str = KEY_TO_FILL_IN) -> list[str]:
    """Return the steps as plain text."""
    address = address_of(source, server, key)
    return [step.replace(_ADDRESS, address).replace(_KEY, key) for step in source.setup]
