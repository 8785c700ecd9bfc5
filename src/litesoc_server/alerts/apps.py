"""The app's registration."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Alerts."""

    name = "litesoc_server.alerts"
    label = "alerts"
