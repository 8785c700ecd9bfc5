"""The app's registration."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Notifications."""

    name = "litesoc_server.notify"
    label = "notify"

    def ready(self) -> None:
        """Hear of alerts, in whichever process they change."""
        # Both have models, which can be imported from here on.
        from litesoc_server.alerts.announcing import announce_to  # noqa: PLC0415
        from litesoc_server.notify.outbox import on_news  # noqa: PLC0415

        announce_to(on_news)
