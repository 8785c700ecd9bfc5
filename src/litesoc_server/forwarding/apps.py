"""The app's registration."""

from django.apps import AppConfig


class ForwardingConfig(AppConfig):
    """Forwarders."""

    name = "litesoc_server.forwarding"
    label = "forwarding"
