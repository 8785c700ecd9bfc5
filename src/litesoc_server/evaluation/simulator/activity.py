"""What people do once they are in: exports, administration, an end of the session. Rates are assumptions, see docs."""

from collections.abc import Callable, Mapping
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.clock import MINUTE_MS
from litesoc_server.evaluation.simulator.maker import Maker
from litesoc_server.evaluation.simulator.networks import Access
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.events.event import Device, Event

_LOGOUT_SHARE = 0.35
_EXPORT_SHARE = 0.06  # of workers' sessions
_DOWNLOAD_SHARE = 0.15
_ADMIN_ACT_SHARE = 0.5  # of administrators' sessions
_PASSWORD_CHANGE_SHARE = 1 / 250
_MFA_CHANGE_SHARE = 1 / 2_000
_EMAIL_CHANGE_SHARE = 1 / 2_500
# Events that alert at once on every plan: applications send few of them on a good day.
_INSTANT_SHARE = 1 / 10_000
_INSTANT = ("authz.access_denied", "data.sensitive_access", "data.bulk_delete")
_ADMIN_ACTS: tuple[tuple[str, float], ...] = (
    ("admin.settings_changed", 0.5),
    ("admin.user_created", 0.3),
    ("admin.user_deleted", 0.1),
    ("authz.permission_revoked", 0.05),
    ("authz.permission_granted", 0.04),
    ("authz.role_changed", 0.01),
)


class Session(msgspec.Struct, frozen=True):
    """A session that has just begun."""

    user: User
    at_ms: int  # true time
    access: Access
    device: Device
    server: int  # position of the application server that holds it
    id: str


def act(session: Session, rng: Random, maker: Maker, emit: Callable[[Event], None]) -> None:
    """Emit what follows a login in its session."""
    user = session.user

    def do(name: str, metadata: Mapping[str, object] | None = None, longest_min: int = 30) -> None:
        at_ms = session.at_ms + rng.randint(20_000, longest_min * MINUTE_MS)
        event = maker.make(
            user.org,
            at_ms,
            name,
            user.actor,
            session.access,
            session.device,
            server=session.server,
            session_id=session.id,
            metadata=metadata,
        )
        emit(event)

    if rng.random() < _DOWNLOAD_SHARE:
        do("data.download", {"file_id": f"file_{rng.randrange(100_000)}"})
    if user.is_worker and rng.random() < _EXPORT_SHARE:
        do("data.export", {"rows": int(60 * rng.lognormvariate(0, 1.0)) + 1, "format": "csv"})
    if user.is_admin and rng.random() < _ADMIN_ACT_SHARE:
        _administrate(user, rng, do)
    if rng.random() < _PASSWORD_CHANGE_SHARE:
        do("auth.password_changed")
    if rng.random() < _MFA_CHANGE_SHARE:
        do("auth.mfa_disabled" if user.mfa else "auth.mfa_enabled")
    if rng.random() < _EMAIL_CHANGE_SHARE:
        do("user.email_changed")
    if rng.random() < _INSTANT_SHARE:
        do(rng.choice(_INSTANT), {"resource": f"record_{rng.randrange(10_000)}", "count": rng.randint(2, 20)})
    if rng.random() < _LOGOUT_SHARE:
        do("auth.logout", longest_min=120)


def _administrate(user: User, rng: Random, do: Callable[[str, Mapping[str, object] | None], None]) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choices([name for name, _ in _ADMIN_ACTS], [share for _, share in _ADMIN_ACTS])[0]
        if name == "admin.settings_changed":
            do(name, {"setting": rng.choice(("logo", "billing_address", "session_length", "webhook"))})
            continue
        target = rng.choice(user.org.users).actor.id
        if name == "admin.user_created":
            target = f"usr_{rng.getrandbits(48):012x}"
        metadata: dict[str, object] = {"target_user_id": target}
        if name.startswith("authz."):
            metadata["role"] = rng.choice(("editor", "viewer", "viewer", "support"))
        do(name, metadata)
