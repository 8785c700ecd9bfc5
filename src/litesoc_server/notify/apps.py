"""The app's registration."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from litesoc_server.alerts.announcing import News
    from litesoc_server.alerts.models import Alert


class NotifyConfig(AppConfig):
    """Notifications."""

    name = "litesoc_server.notify"
    label = "notify"

    def ready(self) -> None:
        """Hear of alerts, in whichever process they change."""
        from litesoc_server.alerts.announcing import announce_to  # noqa: PLC0415 # has models, which can be imported now

        announce_to(_on_news)


def _on_news(alerts: "Sequence[Alert]", news: "News") -> None:
    """Pass news on to the outbox, which is imported then: with every kind of channel it takes half a second.

    The server imports it at its start; most commands never need it.
    """
    from litesoc_server.notify.outbox import on_news  # noqa: PLC0415 # see above

    on_news(alerts, news)
