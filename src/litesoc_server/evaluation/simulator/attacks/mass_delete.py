"""Somebody destroys: deletes accounts by the hundred, or records in bulk."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.ledger import Speed
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Fast and slow: 150 accounts in some minutes or most of an hour; distributed: bulk deletes by two accounts."""
    is_bulk = stage.speed is Speed.DISTRIBUTED
    actors = stage.victims(2 if is_bulk else 1, None if is_bulk else _is_admin)
    for user in actors:
        access, device = stage.access(), stage.device(user)
        at_ms = stage.start(8, 20)
        session_id = stage.enter(at_ms, user.actor, access, device)
        for when_ms in stage.gaps(at_ms + 60_000, stage.pick(150, 150, 5), stage.pick(3, 18, 60)):
            metadata: dict[str, object] = {"target_user_id": f"usr_{stage.rng.getrandbits(48):012x}"}
            if is_bulk:
                metadata = {"count": stage.rng.randint(200, 3_000), "resource": "records"}
            name = "data.bulk_delete" if is_bulk else "admin.user_deleted"
            stage.do(when_ms, name, user.actor, access, device, metadata=metadata, session_id=session_id)


def _is_admin(user: User) -> bool:
    return user.is_admin


FAMILY = Family("mass_delete", launch, ANYWHERE)
