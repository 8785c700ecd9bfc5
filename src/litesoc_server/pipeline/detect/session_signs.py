"""By what two uses of one session, from two networks, are told to be by two people."""

from enum import StrEnum

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.labels import family_label
from litesoc_server.pipeline.detect.networks import is_mobile, kind_of
from litesoc_server.pipeline.detect.origin import Origin
from litesoc_server.pipeline.detect.travel import is_located, journey
from litesoc_server.pipeline.policy import DetectionPolicy

# Where people are when they open a session, and where only programs and rented machines are.
_OF_PEOPLE = frozenset({NetworkKind.ISP, NetworkKind.MOBILE})
_OF_MACHINES = frozenset({NetworkKind.HOSTING, NetworkKind.TOR})


class Sign(StrEnum):
    """One such difference."""

    AGENT = "browser"  # another browser or system
    DEVICE_ID = "device_id"  # the sender says that it is another device
    DISTANCE = "distance"  # nobody travels so fast
    MACHINE = "machine"  # from a line or a phone into a data centre or Tor

    @property
    def is_of_device(self) -> bool:
        """Whether it is in the device; the others are in the place, and a browser that is copied does not hide them."""
        return self in {Sign.AGENT, Sign.DEVICE_ID}


def signs_between(usual: Origin, suspect: Origin, policy: DetectionPolicy) -> list[Sign]:
    """Return the signs that ``suspect`` is somebody else than ``usual``; the networks are known to differ.

    ``usual`` has the time at which the session was last used from there before.
    """
    signs: list[Sign] = []
    if family_label(usual.device) != family_label(suspect.device):
        signs.append(Sign.AGENT)
    if None not in (ids := (device_id(usual), device_id(suspect))) and ids[0] != ids[1]:
        signs.append(Sign.DEVICE_ID)
    if _is_too_far(usual, suspect, policy):
        signs.append(Sign.DISTANCE)
    if kind_of(usual.network) in _OF_PEOPLE and kind_of(suspect.network) in _OF_MACHINES:
        signs.append(Sign.MACHINE)
    return signs


def without_seen_before(signs: list[Sign], suspect: Origin, before: list[Origin]) -> list[Sign]:
    """Return the signs that what the session was used with before does not explain."""
    seen: set[Sign] = set()
    for origin in before:
        if family_label(origin.device) == family_label(suspect.device):
            seen.add(Sign.AGENT)
        if device_id(origin) == device_id(suspect):
            seen.add(Sign.DEVICE_ID)
    return [sign for sign in signs if sign not in seen]


def explain(signs: tuple[Sign, ...]) -> str:
    """Say in a sentence what is wrong with going on like that."""
    if Sign.AGENT in signs:
        return "A session does not move from one browser to another by itself."
    if Sign.DEVICE_ID in signs:
        return "A session does not move from one device to another by itself."
    if Sign.DISTANCE in signs:
        return "Nobody gets from the one place to the other in that time."
    return "People's browsers do not run in data centres, and none moves into Tor by itself."


def reason(sign: Sign, usual: Origin, suspect: Origin, policy: DetectionPolicy) -> str:
    """Say with figures why ``sign`` was found; ``usual`` as in ``signs_between``."""
    gap = wording.duration(suspect.at_ms - usual.at_ms)
    match sign:
        case Sign.AGENT:
            return (
                f"in one session, {gap} apart, the network changed from {wording.network(usual.network)} to "
                f"{wording.network(suspect.network)} and the browser from {wording.device(usual.device)} to "
                f"{wording.device(suspect.device)}"
            )
        case Sign.DEVICE_ID:
            return f"in one session, {gap} apart, network and device id changed"
        case Sign.DISTANCE:
            trip = journey(usual, suspect)
            return (
                f"in one session, {gap} apart, from {wording.place(usual.geo)} to {wording.place(suspect.geo)}: at least "
                f"{trip.distance_km:,.0f} km (limit {policy.impossible_travel_plain_distance_km:,.0f}) at "
                f"{trip.speed_kmh:,.0f} km/h (limit {policy.impossible_travel_speed_kmh:,.0f})"
            )
        case Sign.MACHINE:
            here, there = kind_of(usual.network), kind_of(suspect.network)
            kinds = " to ".join(wording.kind(kind) for kind in (here, there) if kind is not None)
            return f"in one session, {gap} apart, from {kinds} ({wording.network(suspect.network)})"


def ruled_out(signs: tuple[Sign, ...]) -> tuple[str, ...]:
    """Say what else it could be and is not."""
    if any(sign.is_of_device for sign in signs):
        return (
            "Roaming between networks: the browser or the device id changed too.",
            "An update of browser or system: the families are compared without their versions.",
            "A second device that is known to the account: network or device is new to it.",
        )
    return (
        "A VPN or privacy relay that was switched on: the address is not known as one.",
        "A phone between mobile network and Wi-Fi: places of mobile networks are not compared.",
        "A gateway of the company or the application's own servers: few other sessions went on there.",
    )


def device_id(origin: Origin) -> str | None:
    """Return the sender's own id of the device."""
    return None if origin.device is None else origin.device.id


def _is_too_far(usual: Origin, suspect: Origin, policy: DetectionPolicy) -> bool:
    """Return whether both places are those of people, in two countries, and too far apart whatever the database's errors.

    A phone abroad comes out at home or at the hotel, from one minute to the next: mobile networks are passed over.
    """
    if not (is_located(usual) and is_located(suspect)) or is_mobile(usual.network) or is_mobile(suspect.network):
        return False
    trip = journey(usual, suspect)
    return (
        trip.is_abroad
        and trip.distance_km >= policy.impossible_travel_plain_distance_km
        and trip.speed_kmh > policy.impossible_travel_speed_kmh
    )
