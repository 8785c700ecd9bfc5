"""Signing in and out, and changes of how somebody signs in, as allauth tells of them, in the audit log."""

from collections.abc import Callable

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_login_failed
from django.dispatch import Signal
from django.http import HttpRequest

from litesoc_server.accounts.models import User
from litesoc_server.accounts.request_client import address_of, user_agent_of
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.orgs.account_acts import record_account_act, record_failed_sign_in

_ACTIONS: tuple[tuple[Signal, Action], ...] = (
    (account.user_logged_out, Action.LOGOUT),
    (account.password_changed, Action.PASSWORD_CHANGED),
    (account.password_set, Action.PASSWORD_CHANGED),
    (account.password_reset, Action.PASSWORD_RESET),
)
_FACTORS: tuple[tuple[Signal, Action], ...] = (
    (mfa.authenticator_added, Action.MFA_ADDED),
    (mfa.authenticator_removed, Action.MFA_REMOVED),
    (mfa.authenticator_reset, Action.RECOVERY_CODES_RENEWED),
)


def listen() -> None:
    """Record what happens from now on."""
    account.user_logged_in.connect(_signed_in, dispatch_uid="audit sign-in")
    user_login_failed.connect(_not_signed_in, dispatch_uid="audit failed sign-in")
    mfa.authentication_failed.connect(_factor_refused, dispatch_uid="audit failed factor")
    account.email_changed.connect(_email_changed, dispatch_uid="audit e-mail")
    for signal, action in _ACTIONS:
        signal.connect(_account_listener(action), weak=False, dispatch_uid=f"audit account {action}")
    for signal, action in _FACTORS:
        signal.connect(_factor_listener(action), weak=False, dispatch_uid=f"audit factor {action}")


def _signed_in(request: HttpRequest, user: User, **_: object) -> None:
    methods = [str(one.get("method")) for one in get_authentication_records(request, user)]
    record_account_act(user, Action.LOGIN, by=_by(request, user), changes={"methods": (None, methods)})


def _not_signed_in(credentials: dict[str, object], request: HttpRequest | None = None, **_: object) -> None:
    """Record a failure at somebody's account. What is nobody's account is nobody's log either."""
    user = User.objects.filter(email=str(credentials.get("email", "")).strip().lower()).first()
    if user is None:
        return
    record_failed_sign_in(user, by=_by_somebody(request))


def _factor_refused(
    request: HttpRequest,
    user: User,
    authenticator: Authenticator,
    reauthentication: bool,  # noqa: FBT001 # as allauth sends it
    **_: object,
) -> None:
    """Record a failure of whoever has the password already, or, asked once more, of who is signed in."""
    by = _by(request, user) if reauthentication else _by_somebody(request)
    record_account_act(user, Action.MFA_FAILED, by=by, changes={"factor": (None, str(authenticator.type))})


def _email_changed(
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **_: object,
) -> None:
    before = None if from_email_address is None else from_email_address.email
    changes = {"email": (before, to_email_address.email)}
    record_account_act(user, Action.EMAIL_CHANGED, by=_by(request, user), changes=changes)


def _account_listener(action: Action) -> Callable[..., None]:
    def listener(request: HttpRequest, user: User | None, **_: object) -> None:
        if user is not None:
            record_account_act(user, action, by=_by(request, user))

    return listener


def _factor_listener(action: Action) -> Callable[..., None]:
    def listener(request: HttpRequest, user: User, authenticator: Authenticator, **_: object) -> None:
        record_account_act(user, action, by=_by(request, user), changes={"factor": (None, str(authenticator.type))})

    return listener


def _by_somebody(request: HttpRequest | None) -> By:
    return By(
        principal="anonymous",
        name=None,
        address=None if request is None else address_of(request),
        user_agent=None if request is None else user_agent_of(request),
    )


def _by(request: HttpRequest, user: User) -> By:
    """Return ``user`` as who acts: while somebody signs in or out, they are not the user of the request."""
    return By(principal=f"user:{user.id}", name=user.email, address=address_of(request), user_agent=user_agent_of(request))
