"""Somebody signs in from another country with a device that the account never had, at a time that travel allows."""

from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Enter in the night after the owner's day, and look around."""
    for user in stage.victims(stage.pick(1, 1, 3)):
        access, device = stage.access(far_from=user.city, far_km=1_500), stage.device(user)
        at_ms = stage.start(26.0, 30.0, user.city)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + 60_000, stage.pick(3, 1, 2), 120):
            stage.do(when_ms, "data.download", user.actor, access, device, session_id=session_id)


FAMILY = Family("device_takeover", launch, OUTSIDE)
