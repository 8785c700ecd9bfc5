"""The application itself reports an attack."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.stage import Stage

_NAMES = ("security.suspicious_activity", "security.brute_force_detected", "authz.access_denied", "data.sensitive_access")


def launch(stage: Stage) -> None:
    """Report it once, a few times, or of several accounts."""
    for user in stage.victims(stage.pick(1, 1, 3)):
        access, device, name = stage.access(), stage.device(user), stage.rng.choice(_NAMES)
        for at_ms in stage.gaps(stage.start(), stage.pick(5, 1, 1), 20):
            stage.do(at_ms, name, user.actor, access, device, metadata={"reason": "policy"})


FAMILY = Family("instant_event", launch, ANYWHERE)
