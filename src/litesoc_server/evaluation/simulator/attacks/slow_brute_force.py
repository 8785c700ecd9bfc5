"""A program that guesses every few minutes, for hours, to stay under every count."""

from litesoc_server.evaluation.simulator.attacks.base import ANYWHERE, Family
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Guess at one account, at intervals that differ by up to 30 %; distributed: by turns from several addresses."""
    (victim,) = stage.victims(1)
    device, sources = stage.device(victim), stage.accesses(stage.pick(1, 1, 6))
    times = stage.gaps(stage.start(0, 8), stage.pick(40, 30, 40), stage.pick(400, 1500, 900), 0.3)
    for number, at_ms in enumerate(times):
        stage.fail(at_ms, victim.actor, sources[number % len(sources)], device)


FAMILY = Family("slow_brute_force", launch, ANYWHERE)
