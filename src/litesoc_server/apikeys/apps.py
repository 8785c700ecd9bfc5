"""The app's registration."""

from django.apps import AppConfig


class ApiKeysConfig(AppConfig):
    """API keys."""

    name = "litesoc_server.apikeys"
    label = "apikeys"
    verbose_name = "API keys"
