"""Somebody signs in far away, soon after the owner did: nobody travels so fast."""

from litesoc_server.evaluation.simulator.atlas import distance_km
from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.clock import HOUR_MS, MINUTE_MS
from litesoc_server.evaluation.simulator.ledger import Place, Speed
from litesoc_server.evaluation.simulator.networks import is_located
from litesoc_server.evaluation.simulator.population import Login
from litesoc_server.evaluation.simulator.stage import Stage

IMPOSSIBLE_KMH = 1_000.0  # airliners cruise at 900
_FAR_KM = 4_500.0


def launch(stage: Stage) -> None:
    """Enter one account (distributed: three) some minutes or hours after its owner."""
    for _ in range(stage.pick(1, 1, 3)):
        login = stage.last_login(_is_at_home)
        if login is None:
            break
        user, gap_ms = login.user, _gap_ms(stage)
        access, device = stage.access(far_from=login.access.true_city, far_km=_FAR_KM), stage.device(user)
        stage.enter(login.at_ms + gap_ms, user.actor, access, device)
        km = distance_km(login.access.true_city, access.true_city)
        if stage.place is Place.RESIDENTIAL and km / (gap_ms / HOUR_MS) > IMPOSSIBLE_KMH:
            stage.campaign.is_physical = True


def _is_at_home(login: Login) -> bool:
    return is_located(login.access) and login.user.trip is None and login.user.people == 1


def _gap_ms(stage: Stage) -> int:
    if stage.speed is Speed.FAST:
        return stage.rng.randint(5, 60) * MINUTE_MS
    return stage.rng.randint(60, 240) * MINUTE_MS


FAMILY = Family("travel_takeover", launch, OUTSIDE)
