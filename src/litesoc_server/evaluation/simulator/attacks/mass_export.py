"""Data is carried off: far more exports or rows than the account ever took."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Fast: one great export; slow: one every few minutes; distributed: three accounts at once."""
    for user in stage.victims(stage.pick(1, 1, 3), _is_worker):
        access, device = stage.access(), stage.device(user)
        at_ms = stage.start(8, 20)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + 60_000, stage.pick(4, 30, 12), stage.pick(60, 110, 90)):
            rows = int(stage.pick(60_000, 800, 2_500) * stage.rng.uniform(0.7, 1.4))
            stage.do(when_ms, "data.export", user.actor, access, device, metadata={"rows": rows}, session_id=session_id)


def _is_worker(user: User) -> bool:
    return user.is_worker


FAMILY = Family("mass_export", launch, ANYWHERE)
