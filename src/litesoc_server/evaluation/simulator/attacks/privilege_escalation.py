"""An account that never administered anything gives rights: to itself, to a fresh account, to several others."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.clock import HOUR_MS
from litesoc_server.evaluation.simulator.ledger import Speed
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Fast: a self-grant; slow: a new account gets rights hours later; distributed: four accounts in some minutes."""
    (user,) = stage.victims(1, _is_plain)
    access, device = stage.access(), stage.device(user)
    at_ms = stage.start(8, 18)
    session_id = stage.enter(at_ms, user.actor, access, device)

    def grant(when_ms: int, target: str) -> None:
        metadata = {"target_user_id": target, "new_role": "admin"}
        stage.do(when_ms, "authz.permission_granted", user.actor, access, device, metadata=metadata, session_id=session_id)

    if stage.speed is Speed.FAST:
        grant(at_ms + 120_000, user.actor.id)
    elif stage.speed is Speed.SLOW:
        fresh = f"usr_{stage.rng.getrandbits(48):012x}"
        created = {"target_user_id": fresh}
        stage.do(at_ms + 90_000, "admin.user_created", user.actor, access, device, metadata=created, session_id=session_id)
        grant(at_ms + 3 * HOUR_MS, fresh)
    else:
        for when_ms, other in zip(stage.gaps(at_ms + 120_000, 4, 60), stage.victims(4), strict=True):
            grant(when_ms, other.actor.id)


def _is_plain(user: User) -> bool:
    return not user.is_admin


FAMILY = Family("privilege_escalation", launch, ANYWHERE)
