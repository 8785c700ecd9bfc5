"""A key of a service account is used from a network that it was never used from."""

from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.devices import SCRIPTS, device_of
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Use the key, fast or slowly; distributed: from four addresses."""
    services = [user for user in stage.org.users if user.is_service]
    if not services:
        return
    user = stage.rng.choice(services)
    sources, device = stage.accesses(stage.pick(1, 1, 4)), device_of(stage.rng.choice(SCRIPTS))
    for at_ms in stage.gaps(stage.start(0, 18), stage.pick(30, 8, 16), stage.pick(5, 1_800, 120)):
        metadata = {"api_key_id": f"key_{user.actor.id[4:]}"}
        stage.do(at_ms, "api.key_used", user.actor, stage.rng.choice(sources), device, metadata=metadata)


FAMILY = Family("api_key_abuse", launch, OUTSIDE)
