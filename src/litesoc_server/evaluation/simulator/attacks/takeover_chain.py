"""The whole way: guesses, a login from a new place, the owner locked out, data carried off."""

from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.stage import Stage

_STEPS = (
    ("auth.mfa_disabled", None),
    ("auth.password_changed", None),
    ("user.email_changed", None),
    ("admin.api_key_created", {"name": "backup"}),
    ("data.export", {"rows": 700}),
)


def launch(stage: Stage) -> None:
    """Fast within minutes, slow over hours, distributed from several addresses."""
    (user,) = stage.victims(1)
    sources, device = stage.accesses(stage.pick(1, 1, 4)), stage.device(user)
    times = stage.gaps(stage.start(0, 14), stage.pick(6, 4, 6), stage.pick(10, 120, 30))
    for at_ms in times:
        stage.fail(at_ms, user.actor, stage.rng.choice(sources), device)
    at_ms = times[-1] + 20_000
    session_id = stage.enter(at_ms, user.actor, sources[0], device)
    steps = stage.rng.sample(_STEPS, 3)
    for when_ms, (name, metadata) in zip(stage.gaps(at_ms + 60_000, 3, stage.pick(90, 3_600, 600)), steps, strict=True):
        stage.do(when_ms, name, user.actor, sources[0], device, metadata=metadata, session_id=session_id)


FAMILY = Family("takeover_chain", launch, OUTSIDE)
