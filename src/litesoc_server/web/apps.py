"""The app's registration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages for people."""

    name = "litesoc_server.web"
    label = "web"
