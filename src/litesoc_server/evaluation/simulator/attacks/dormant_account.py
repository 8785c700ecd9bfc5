"""An account that nobody has used for months is used by a stranger."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Enter one dormant account (distributed: three), slow: after a password reset."""
    dormant = [user for user in stage.org.users if user.is_dormant and not user.is_taken]
    for user in stage.rng.sample(dormant, min(len(dormant), stage.pick(1, 1, 3))):
        user.is_taken = True
        access, device = stage.access(), stage.device(user)
        at_ms = stage.start()
        if stage.pick(0, 1, 0):
            stage.do(at_ms - 300_000, "auth.password_reset", user.actor, access, device)
        stage.enter(at_ms, user.actor, access, device)


FAMILY = Family("dormant_account", launch, ANYWHERE)
