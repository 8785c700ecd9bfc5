"""Stolen pairs of names and passwords tried from a botnet: at most four attempts from an address, two on an account."""

from litesoc_server.evaluation.simulator.attacks.base import OUTSIDE, Family
from litesoc_server.evaluation.simulator.stage import Stage

_OWN_SHARE = 0.4  # of the names are accounts here; the others are unknown
_SUCCESS_SHARE = 0.03  # of those that are: the password was used twice


def launch(stage: Stage) -> None:
    """Try the list."""
    rng = stage.rng
    count = stage.pick(400, 300, 400)
    own = stage.victims(int(count * _OWN_SHARE))
    accounts = [user.actor for user in own] + [stage.stranger() for _ in range(count - len(own))]
    rng.shuffle(accounts)
    left, access, device = 0, stage.access(), stage.device()
    for actor, at_ms in zip(accounts, stage.gaps(stage.start(0, 14), len(accounts), stage.pick(2, 60, 8), 0.9), strict=True):
        if not left:
            left, access, device = stage.pick(rng.randint(2, 4), rng.randint(1, 4), 1), stage.access(), stage.device()
        left -= 1
        if "@" not in actor.id and rng.random() < _SUCCESS_SHARE:
            stage.enter(at_ms, actor, access, device)
        else:
            stage.fail(at_ms, actor, access, device)


FAMILY = Family("stuffing", launch, OUTSIDE)
