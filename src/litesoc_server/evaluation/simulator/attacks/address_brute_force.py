"""Many guesses at few accounts from one address (distributed: from some, each busy enough to be seen alone)."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Guess."""
    accounts = [user.actor for user in stage.victims(2)] + [stage.stranger() for _ in range(2)]
    device = stage.device()
    for access in stage.accesses(stage.pick(1, 1, 5)):
        for at_ms in stage.gaps(stage.start(0, 20), stage.pick(80, 50, 40), stage.pick(2, 40, 6)):
            stage.fail(at_ms, stage.rng.choice(accounts), access, device)


FAMILY = Family("address_brute_force", launch, ANYWHERE)
