"""The app's registration."""

from django.apps import AppConfig


class OrgsConfig(AppConfig):
    """Organisations, their plans and members."""

    name = "litesoc_server.orgs"
    label = "orgs"
    verbose_name = "Organisations"
