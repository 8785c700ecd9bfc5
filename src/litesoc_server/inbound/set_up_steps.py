"""Where a source sends to, and the steps that people take at the vendor's, with the server's address filled in."""

from litesoc_server.ingest.paths import OTLP_LOGS, WEBHOOKS
from litesoc_server.ingest.webhook_request import KEY_PARAMETER
from litesoc_server.sources.base import ConnectedSource, Snippet, WebhookSource

KEY_TO_FILL_IN = "YOUR_API_KEY"
_KEY = "{key}"
_ADDRESS = "{address}"


def path_of(source: ConnectedSource) -> str:
    """Return where deliveries go, below the server's address."""
    return f"{WEBHOOKS}{source.id}" if isinstance(source, WebhookSource) else OTLP_LOGS


def address_of(source: ConnectedSource, server: str, key: str = KEY_TO_FILL_IN) -> str:
    """Return the address that a vendor is given; ``server`` is where clients reach this server, without a slash at its end.

    The key stands in it unless the steps say where else the vendor sends it.
    """
    address = f"{server}{path_of(source)}"
    sends_key_elsewhere = any(_KEY in step for step in source.setup)
    return address if sends_key_elsewhere else f"{address}?{KEY_PARAMETER}={key}"


def steps_of(source: ConnectedSource, server: str, key: str = KEY_TO_FILL_IN) -> list[str]:
    """Return the steps as plain text."""
    address = address_of(source, server, key)
    return [_filled(step, address, key) for step in source.setup]


def snippets_of(source: ConnectedSource, server: str, key: str = KEY_TO_FILL_IN) -> list[Snippet]:
    """Return what is copied in one piece."""
    address = address_of(source, server, key)
    return [Snippet(snippet.title, _filled(snippet.text, address, key)) for snippet in source.snippets]


def _filled(text: str, address: str, key: str) -> str:
    return text.replace(_ADDRESS, address).replace(_KEY, key)
