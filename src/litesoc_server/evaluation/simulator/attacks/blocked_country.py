"""A login from a country that the organisation does not do business with."""

from litesoc_server.evaluation.simulator.atlas import cities_of
from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.networks import database_place, home_line
from litesoc_server.evaluation.simulator.stage import Stage

_NEVER = 0.0


def launch(stage: Stage) -> None:
    """Enter one account (distributed: three) from there, on a line whose country databases know."""
    for user in stage.victims(stage.pick(1, 1, 3)):
        city = stage.rng.choice(cities_of(stage.org.blocked_country))
        line = home_line(city, stage.rng)
        access = type(line)(line.ip, database_place(city, _NEVER, stage.rng), line.network, city)
        stage.enter(stage.start(), user.actor, access, stage.device(user))


FAMILY = Family("blocked_country", launch, (Place.RESIDENTIAL,))
