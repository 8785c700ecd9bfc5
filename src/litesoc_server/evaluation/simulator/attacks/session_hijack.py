"""A stolen session cookie: the same session goes on from another network with another browser."""

from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.clock import MINUTE_MS
from litesoc_server.evaluation.simulator.population import Login
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Go on with somebody's session (distributed: with three)."""
    for _ in range(stage.pick(1, 1, 3)):
        login = stage.last_login(_has_session)
        if login is None:
            break
        access, device = stage.access(), stage.device(login.user)
        start_ms = login.at_ms + stage.rng.randint(2, 40) * MINUTE_MS
        for at_ms in stage.gaps(start_ms, stage.pick(6, 3, 4), stage.pick(20, 600, 60)):
            name = stage.rng.choice(("auth.token_refreshed", "data.download", "data.download"))
            stage.do(at_ms, name, login.user.actor, access, device, session_id=login.session_id)


def _has_session(login: Login) -> bool:
    return login.session_id is not None and not login.user.is_service


FAMILY = Family("session_hijack", launch, OUTSIDE)
