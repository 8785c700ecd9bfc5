"""The app's registration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only record of acts."""

    name = "litesoc_server.audit"
    label = "audit"
    verbose_name = "Audit log"
