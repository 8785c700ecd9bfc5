"""The app's registration."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """One person's data."""

    name = "litesoc_server.privacy"
    label = "privacy"
