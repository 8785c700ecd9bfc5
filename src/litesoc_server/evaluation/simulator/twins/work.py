"""Benign work in bulk, and benign changes within a session."""

from litesoc_server.evaluation.simulator.atlas import nets_of
from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.clock import HOUR_MS, MINUTE_MS
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.networks import access_in
from litesoc_server.evaluation.simulator.population import Login, User
from litesoc_server.evaluation.simulator.stage import Stage
from litesoc_server.events.event import Device, NetworkKind

_OWN = (Place.OWN,)


def import_job(stage: Stage) -> None:
    """A service account moves data between systems for two hours, three times as much as on other days."""
    services = [user for user in stage.org.users if user.is_service]
    if not services:
        return
    user = stage.rng.choice(services)
    device, at_ms = user.browser.on(stage.day), stage.start(0, 20)
    for when_ms in stage.gaps(at_ms, 12, 600, 0.1):
        stage.do(when_ms, "data.import", user.actor, user.home, device, metadata={"rows": stage.rng.randint(500, 900)})
        rows = {"rows": stage.rng.randint(1_500, 2_500)}
        stage.do(when_ms + 60_000, "data.export", user.actor, user.home, device, metadata=rows)


def quarter_end(stage: Stage) -> None:
    """The quarter ends: those who export reports export three or four on one day."""
    for user in stage.victims(25, lambda user: user.is_worker):
        access, device = user.office or user.home, user.browser.on(stage.day)
        at_ms = stage.start(9, 16, user.city)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + MINUTE_MS, stage.rng.randint(3, 4), 700):
            rows = {"rows": int(80 * stage.rng.lognormvariate(0, 0.8)) + 1}
            stage.do(when_ms, "data.export", user.actor, access, device, metadata=rows, session_id=session_id)


def offboarding(stage: Stage) -> None:
    """An administrator removes the accounts of a team that left, from the office, in working hours."""
    _administrate(stage, "admin.user_deleted", 25, 40, 9, 16)


def onboarding(stage: Stage) -> None:
    """An administrator creates accounts for a new team, from the office, in working hours."""
    _administrate(stage, "admin.user_created", 20, 60, 9, 16)


def night_release(stage: Stage) -> None:
    """A planned release at night: an administrator changes settings from home, as announced."""
    _administrate(stage, "admin.settings_changed", 4, 300, 22, 23)


def access_review(stage: Stage) -> None:
    """An administrator takes rights away in a yearly review."""
    _administrate(stage, "authz.permission_revoked", 30, 30, 10, 16)


def _administrate(stage: Stage, name: str, count: int, gap_s: float, hour_from: float, hour_to: float) -> None:
    admins = stage.victims(1, _is_admin)
    for user in admins:
        access, device = user.office or user.home, user.browser.on(stage.day)
        at_ms = stage.start(hour_from, hour_to, user.city)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + 2 * MINUTE_MS, count, gap_s):
            metadata = {"setting": "release"} if "settings" in name else {"target_user_id": _someone(stage)}
            stage.do(when_ms, name, user.actor, access, device, metadata=metadata, session_id=session_id)


def _someone(stage: Stage) -> str:
    return f"usr_{stage.rng.getrandbits(48):012x}"


def penetration_test(stage: Stage) -> None:
    """Testers, announced, guess passwords of two test accounts from within the office."""
    access, device = stage.org.offices[0], stage.device()
    (user,) = stage.victims(1)
    for when_ms in stage.gaps(stage.start(10, 16), 40, 3):
        stage.fail(when_ms, user.actor, access, device)


def roaming_session(stage: Stage) -> None:
    """A session goes on from the phone's hotspot and then through a VPN: other networks, the same browser."""
    login = stage.last_login(_has_session)
    if login is None:
        return
    user, device = login.user, login.user.browser.on(stage.day)
    nets = nets_of(NetworkKind.MOBILE, country=login.access.geo.country_code if login.access.geo else None)
    for number, kind_net in enumerate((stage.rng.choice(nets), stage.rng.choice(nets_of(NetworkKind.VPN)))):
        access = access_in(kind_net, stage.rng, user.city if kind_net.kind is NetworkKind.MOBILE else None)
        at_ms = login.at_ms + (10 + 40 * number) * MINUTE_MS
        stage.do(at_ms, "auth.token_refreshed", user.actor, access, device, session_id=login.session_id)


def updated_browser(stage: Stage) -> None:
    """The browser is restarted with an update in the middle of a session: another version, the same line."""
    login = stage.last_login(_has_session)
    if login is None:
        return
    user, old = login.user, login.user.browser.on(stage.day)
    major = str(int(old.browser_major or "1") + 1)
    agent = (old.user_agent or "").replace(f"/{old.browser_major}.", f"/{major}.")
    device = Device(agent, old.browser, major, old.os, old.kind, old.id)
    stage.do(login.at_ms + HOUR_MS, "auth.token_refreshed", user.actor, login.access, device, session_id=login.session_id)


def _has_session(login: Login) -> bool:
    return login.session_id is not None and not login.user.is_service and login.access is login.user.home


def _is_admin(user: User) -> bool:
    return user.is_admin


TWINS = (
    Family("import_job", import_job, _OWN),
    Family("quarter_end", quarter_end, _OWN),
    Family("offboarding", offboarding, _OWN),
    Family("onboarding", onboarding, _OWN),
    Family("night_release", night_release, _OWN),
    Family("access_review", access_review, _OWN),
    Family("penetration_test", penetration_test, _OWN),
    Family("roaming_session", roaming_session, _OWN),
    Family("updated_browser", updated_browser, _OWN),
)
