"""The app's registration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages for people."""

    name = "litesoc_server.web"
    label = "web"

    def ready(self) -> None:
        """Record sign-ins from now on."""
        from litesoc_server.web.sign_in_records import listen  # noqa: PLC0415 # models can be imported only now

        listen()
