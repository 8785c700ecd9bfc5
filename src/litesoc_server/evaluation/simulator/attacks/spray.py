"""One or two common passwords tried on many accounts, from one address, or from many of one network."""

from litesoc_server.evaluation.simulator.atlas import nets_of
from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.ledger import Place, Speed
from litesoc_server.evaluation.simulator.networks import Access, access_in
from litesoc_server.evaluation.simulator.stage import Stage

_SUCCESS_SHARE = 0.01


def launch(stage: Stage) -> None:
    """Try."""
    accounts = [user.actor for user in stage.victims(stage.pick(40, 60, 60))]
    accounts += [stage.stranger() for _ in range(len(accounts) // 4)]
    stage.rng.shuffle(accounts)
    device, sources = stage.device(), _sources(stage)
    times = stage.gaps(stage.start(0, 12), len(accounts), stage.pick(8, 300, 45))
    for number, (actor, at_ms) in enumerate(zip(accounts, times, strict=True)):
        access = sources[number % len(sources)]
        if "@" not in actor.id and stage.rng.random() < _SUCCESS_SHARE:
            stage.enter(at_ms, actor, access, device)
        else:
            stage.fail(at_ms, actor, access, device)


def _sources(stage: Stage) -> list[Access]:
    first = stage.access()
    if stage.speed is not Speed.DISTRIBUTED or stage.place is Place.OFFICE:
        return [first]
    same = [net for net in nets_of(first.network.kind) if net.asn == first.network.asn] if first.network.kind else []
    return [first] + [access_in(stage.rng.choice(same), stage.rng) for _ in range(15)]


FAMILY = Family("spray", launch, ANYWHERE)
