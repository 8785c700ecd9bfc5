"""What a family of attacks is."""

from collections.abc import Callable
from dataclasses import dataclass

from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.stage import Stage

# 40 % residential proxies; the rest is spread over the office's own network, VPNs and hosting.
ANYWHERE = (
    *(Place.RESIDENTIAL,) * 4,
    *(Place.OFFICE,) * 2,
    *(Place.VPN,) * 2,
    *(Place.HOSTING,) * 2,
)
OUTSIDE = (*(Place.RESIDENTIAL,) * 4, *(Place.VPN,) * 3, *(Place.HOSTING,) * 3)


@dataclass(frozen=True)
class Family:
    """One kind of attack, or of staged benign event. ``launch`` emits a whole campaign; nothing when there is no victim."""

    name: str
    launch: Callable[[Stage], None]
    places: tuple[Place, ...]  # drawn from; one that is there twice comes twice as often
