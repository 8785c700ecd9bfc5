"""Logic of Panther's impossible travel rule (panther-labs/panther-analysis, standard_rules): over 900 km/h.

Logins through a VPN, a relay or a satellite are not kept as the place to compare with.
"""

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.journeys import TravelRule
from litesoc_server.evaluation.simulator.maker import LOGIN_SUCCEEDED
from litesoc_server.events.event import Event, NetworkKind

_KMH, _KM = 900.0, 50.0
_NOT_KEPT = frozenset({NetworkKind.VPN, NetworkKind.RELAY, NetworkKind.SATELLITE})


class Panther:
    """See the module."""

    name = "panther"

    def __init__(self) -> None:
        self._travel = TravelRule("panther_travel", km_min=_KM, kmh_min=_KMH, is_kept=_is_kept)

    def examine(self, event: Event) -> list[Alarm]:
        """Return what fires on ``event``."""
        return self._travel.examine(event) if event.name == LOGIN_SUCCEEDED else []


def _is_kept(event: Event) -> bool:
    return event.network is None or event.network.kind not in _NOT_KEPT
