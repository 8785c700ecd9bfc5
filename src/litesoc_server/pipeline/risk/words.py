"""What a contribution says, in words for people."""

from functools import lru_cache

from litesoc_server.events.event import Event, NetworkKind
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.policy import HOUR_MS

_NETWORKS = ("known address", "known range of addresses", "new address in a known network", "new network in a known country")
_AGENTS = (
    "known user agent",
    "known browser version",
    "new version of a known browser",
    "new browser on a known system",
    "new browser and system on a known kind of device",
    "new device and browser",
)
_KINDS = {
    NetworkKind.TOR: "through Tor",
    NetworkKind.RELAY: "through a privacy relay",
    NetworkKind.VPN: "through a VPN",
    NetworkKind.PROXY: "through a proxy",
    NetworkKind.GATEWAY: "through a company's security gateway",
    NetworkKind.SATELLITE: "through a satellite network",
    NetworkKind.MOBILE: "through a mobile network",
    NetworkKind.ISP: "through a home or office line",
    NetworkKind.HOSTING: "through a hosting provider",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_WEEK_HOURS = 7 * 24
NEW_COUNTRY = 4  # the network level at which not even the country is known


def network(level: int, event: Event) -> str:
    """Say how new the network is to the actor."""
    if level < NEW_COUNTRY:
        return f"{_NETWORKS[level]} ({wording.network(event.network)})" if level else _NETWORKS[level]
    geo = event.geo
    return "new network" if geo is None or geo.country_code is None else f"new country {geo.country_code}"


def place(level: int, event: Event, share: float) -> str:
    """Say how common a network or country that is new to the actor is among all actors' logins."""
    if level < NEW_COUNTRY or event.geo is None or event.geo.country_code is None:
        what = wording.network(event.network)
    else:
        what = event.geo.country_code
    return f"{what} {_how_common(share)} in the organisation"


def shared_address() -> str:
    """Say that others of the organisation use the address."""
    return "address that many in the organisation use"


def agent(level: int, event: Event) -> str:
    """Say how new browser and system are to the actor."""
    return f"{_AGENTS[level]} ({wording.device(event.device)})" if level else _AGENTS[level]


def device_id(*, is_known: bool) -> str:
    """Say whether the sender's own id of the device is known."""
    return "known device id" if is_known else "new device id"


def missing_device_id() -> str:
    """Say that no device id was sent."""
    return "no device id, which earlier logins of the account had"


def hour(at_ms: int, weight: float) -> str:
    """Say how usual the hour is for the actor."""
    return _hour(at_ms // HOUR_MS % _WEEK_HOURS, is_usual=weight <= 0)


@lru_cache(maxsize=2 * _WEEK_HOURS)
def _hour(since_thursday: int, *, is_usual: bool) -> str:
    day = _DAYS[(since_thursday // 24 + _EPOCH_WEEKDAY) % 7]
    return f"{'usual' if is_usual else 'unusual'} hour ({day} {since_thursday % 24:02}:00 UTC)"


def kind(seen: NetworkKind) -> str:
    """Name the kind of network."""
    return _KINDS[seen]


def failures(count: int, whose: str) -> str:
    """Say how many logins failed shortly before."""
    return f"{wording.several(count, 'failed login')} {whose} shortly before"


def idle(days: float) -> str:
    """Say how long the actor had not logged in."""
    return f"last login {wording.duration(days * 24 * HOUR_MS)} before"


def first_login() -> str:
    """Say that there is nothing to compare with. Logins become known 5 to 10 minutes later (see chain.py)."""
    return "no login of this account older than 10 minutes is known: nothing to compare with"


def _how_common(share: float) -> str:
    if share == 0:
        return "is new"
    return "is rare" if share < 0.01 else "is common"  # noqa: PLR2004 - one login in a hundred
