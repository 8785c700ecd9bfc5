"""Events without what the plan withholds, for pages, exports and forwarders."""

import msgspec

from litesoc_server.events.event import Event, Geo


def as_seen(event: Event, *, sees_places: bool) -> Event:
    """Return ``event`` as the plan shows it: without ``sees_places`` only its country is left of place and network."""
    if sees_places:
        return event
    geo = None if event.geo is None else Geo(country_code=event.geo.country_code)
    risk = None if event.risk is None else msgspec.structs.replace(event.risk, contributions=())  # they name places
    return msgspec.structs.replace(event, geo=geo, network=None, risk=risk)
