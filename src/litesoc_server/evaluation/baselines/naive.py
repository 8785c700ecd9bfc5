"""The documented defaults of the product, taken literally: no cool-down, no exceptions.

5 failures in 5 minutes from an address, 10 in an hour on an account, 500 mph between two logins.
"""

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.journeys import TravelRule
from litesoc_server.evaluation.baselines.windows import SlidingWindows, account, address, alarm
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED
from litesoc_server.events.event import Event

_ADDRESS_FAILURES, _ADDRESS_WINDOW_MS = 5, 5 * 60_000
_ACCOUNT_FAILURES, _ACCOUNT_WINDOW_MS = 10, 60 * 60_000
_KMH = 804.7  # 500 mph


class Naive:
    """See the module."""

    name = "naive"

    def __init__(self) -> None:
        self._by_address = SlidingWindows(_ADDRESS_WINDOW_MS)
        self._by_account = SlidingWindows(_ACCOUNT_WINDOW_MS)
        self._travel = TravelRule("naive_travel", km_min=0.0, kmh_min=_KMH)

    def examine(self, event: Event) -> list[Alarm]:
        """Return what fires on ``event``."""
        if event.name == LOGIN_SUCCEEDED:
            return self._travel.examine(event)
        if event.name != LOGIN_FAILED:
            return []
        alarms: list[Alarm] = []
        from_address = self._by_address.add((event.org_id, address(event)), event)
        if len(from_address) >= _ADDRESS_FAILURES:
            alarms.append(alarm("naive_address", address(event), event, from_address))
        on_account = self._by_account.add((event.org_id, account(event)), event)
        if len(on_account) >= _ACCOUNT_FAILURES:
            alarms.append(alarm("naive_account", account(event), event, on_account))
        return alarms
