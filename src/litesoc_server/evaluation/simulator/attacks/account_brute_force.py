"""Many guesses at one account, from one address or from many, and one time in three the right one in the end."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.stage import Stage

_SUCCEEDS_SHARE = 1 / 3


def launch(stage: Stage) -> None:
    """Guess."""
    (victim,) = stage.victims(1)
    device, sources = stage.device(victim), stage.accesses(stage.pick(1, 1, 15))
    times = stage.gaps(stage.start(0, 20), stage.pick(50, 30, 45), stage.pick(3, 200, 90))
    for at_ms in times:
        stage.fail(at_ms, victim.actor, stage.rng.choice(sources), device)
    if stage.rng.random() < _SUCCEEDS_SHARE:
        stage.enter(times[-1] + 5_000, victim.actor, sources[-1], device)


FAMILY = Family("account_brute_force", launch, ANYWHERE)
