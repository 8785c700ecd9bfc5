"""The app's registration."""

from django.apps import AppConfig


class ServersConfig(AppConfig):
    """Servers and their agents."""

    name = "litesoc_server.servers"
    label = "servers"
    verbose_name = "Servers"
