"""The password is known; the owner is asked for the second factor until they give in."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage

_GIVES_IN_SHARE = 0.5


def launch(stage: Stage) -> None:
    """Ask again and again (distributed: three people)."""
    victims = stage.victims(stage.pick(1, 1, 3), _has_mfa)
    for user in victims:
        access, device = stage.access(), stage.device(user)
        times = stage.gaps(stage.start(), stage.pick(12, 8, 8), stage.pick(20, 75, 40))
        for at_ms in times:
            stage.do(at_ms, "auth.mfa_challenge_sent", user.actor, access, device)
            answer = "auth.mfa_denied" if stage.rng.random() < 0.8 else "auth.mfa_timed_out"
            stage.do(at_ms + 8_000, answer, user.actor, access, device)
        if stage.rng.random() < _GIVES_IN_SHARE:
            end_ms = times[-1] + 30_000
            stage.do(end_ms, "auth.mfa_challenge_success", user.actor, access, device)
            stage.enter(end_ms + 500, user.actor, access, device)


def _has_mfa(user: User) -> bool:
    return user.mfa


FAMILY = Family("mfa_fatigue", launch, ANYWHERE)
