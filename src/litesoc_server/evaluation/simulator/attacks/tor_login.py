"""A stolen password used through Tor."""

from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.stage import Stage


def launch(stage: Stage) -> None:
    """Enter one account, or three through different exits."""
    for user in stage.victims(stage.pick(1, 1, 3)):
        stage.enter(stage.start(), user.actor, stage.access(), stage.device(user))


FAMILY = Family("tor_login", launch, (Place.TOR,))
