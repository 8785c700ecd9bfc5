"""The app's registration."""

from django.apps import AppConfig


class InboundConfig(AppConfig):
    """Webhook sources."""

    name = "litesoc_server.inbound"
    label = "inbound"
    verbose_name = "Sources"
