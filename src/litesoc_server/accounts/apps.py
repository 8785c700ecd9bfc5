"""The app's registration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People who sign in."""

    name = "litesoc_server.accounts"
    label = "accounts"
