"""The app's registration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People who sign in."""

    name = "litesoc_server.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Tidy up at each sign-in, and leave allauth's tables out of the admin pages: they hold secrets and sessions."""
        # Models can be imported only now.
        from allauth.account.models import EmailAddress  # noqa: PLC0415
        from allauth.account.signals import user_logged_in  # noqa: PLC0415
        from allauth.mfa.models import Authenticator  # noqa: PLC0415
        from allauth.usersessions.models import UserSession  # noqa: PLC0415
        from django.contrib import admin  # noqa: PLC0415

        from litesoc_server.accounts.services import forget_expired_sessions  # noqa: PLC0415

        admin.site.unregister([EmailAddress, Authenticator, UserSession])
        user_logged_in.connect(lambda **_: forget_expired_sessions(), weak=False, dispatch_uid="forget expired sessions")
