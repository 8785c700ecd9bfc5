"""Logic of Elastic's detection rules for Okta (elastic/detection-rules, rules/integrations/okta), by their descriptions.

Windows that the descriptions leave to the schedule are taken as one hour; the sources of an attack from many are those of
one organisation.
"""

from collections import Counter

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.journeys import TravelRule
from litesoc_server.evaluation.baselines.windows import SlidingWindows, account, address, alarm
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED
from litesoc_server.events.event import Event

_HOUR_MS = 3_600_000
_STUFFING_ATTEMPTS, _STUFFING_USERS, _STUFFING_EACH, _STUFFING_SHARE = 25, 15, 2, 0.8
_SPRAY_ATTEMPTS, _SPRAY_USERS, _SPRAY_EACH_MIN, _SPRAY_EACH_MAX, _SPRAY_SPAN_MS = 15, 5, 2, 8, 5 * 60_000
_MANY_ATTEMPTS, _MANY_USERS, _MANY_ADDRESSES, _MANY_WINDOW_MS = 25, 8, 5, 15 * 60_000
_DISTRIBUTED_ATTEMPTS, _DISTRIBUTED_ADDRESSES = 10, 5
_COUNTRIES, _ASNS, _ADDRESSES, _AGENTS = 2, 3, 8, 3
_MFA_DENIALS, _MFA_WINDOW_MS = 5, 10 * 60_000
_KM, _KMH = 500.0, 800.0


class Elastic:
    """See the module."""

    name = "elastic"

    def __init__(self) -> None:
        self._by_address = SlidingWindows(_HOUR_MS)
        self._by_account = SlidingWindows(_HOUR_MS)
        self._by_org = SlidingWindows(_MANY_WINDOW_MS)
        self._denials = SlidingWindows(_MFA_WINDOW_MS)
        self._travel = TravelRule("elastic_travel", km_min=_KM, kmh_min=_KMH)

    def examine(self, event: Event) -> list[Alarm]:
        """Return what fires on ``event``."""
        if event.name == LOGIN_SUCCEEDED:
            return self._travel.examine(event)
        if event.name == "auth.mfa_denied":
            denials = self._denials.add((event.org_id, account(event)), event)
            return [alarm("elastic_mfa", account(event), event, denials)] if len(denials) >= _MFA_DENIALS else []
        if event.name != LOGIN_FAILED:
            return []
        found = (self._from_one_address(event), self._from_many(event), self._distributed(event))
        return [one for one in found if one is not None]

    def _from_one_address(self, event: Event) -> Alarm | None:
        entries = self._by_address.add((event.org_id, address(event)), event, account(event))
        if len(entries) < _SPRAY_ATTEMPTS:
            return None
        tries = Counter(entry.value for entry in entries)
        few = sum(count <= _STUFFING_EACH for count in tries.values())
        is_stuffing = len(entries) >= _STUFFING_ATTEMPTS and len(tries) >= _STUFFING_USERS
        if is_stuffing and few >= _STUFFING_SHARE * len(tries):
            return alarm("elastic_stuffing", address(event), event, entries)
        sprayed = sum(_SPRAY_EACH_MIN <= count <= _SPRAY_EACH_MAX for count in tries.values())
        if sprayed >= _SPRAY_USERS and entries[-1].at_ms - entries[0].at_ms >= _SPRAY_SPAN_MS:
            return alarm("elastic_spray", address(event), event, entries)
        return None

    def _from_many(self, event: Event) -> Alarm | None:
        entries = self._by_org.add(event.org_id, event, f"{address(event)}|{account(event)}")
        if len(entries) < _MANY_ATTEMPTS:
            return None
        addresses = {entry.value.partition("|")[0] for entry in entries}
        users = {entry.value.partition("|")[2] for entry in entries}
        if len(addresses) >= _MANY_ADDRESSES and len(users) >= _MANY_USERS:
            return alarm("elastic_multi_source_spray", "org", event, entries)
        return None

    def _distributed(self, event: Event) -> Alarm | None:
        network, geo, device = event.network, event.geo, event.device
        value = "|".join(
            (
                address(event),
                str(geo.country_code if geo else None),
                str(network.asn if network else None),
                str(device.user_agent if device else None),
            )
        )
        entries = self._by_account.add((event.org_id, account(event)), event, value)
        if len(entries) < _DISTRIBUTED_ATTEMPTS:
            return None
        columns = list(zip(*(entry.value.split("|", 3) for entry in entries), strict=True))
        addresses, countries, asns, agents = (len(set(column)) for column in columns)
        is_spread = countries >= _COUNTRIES or asns >= _ASNS or addresses >= _ADDRESSES or agents >= _AGENTS
        if addresses >= _DISTRIBUTED_ADDRESSES and is_spread:
            return alarm("elastic_distributed", account(event), event, entries)
        return None
