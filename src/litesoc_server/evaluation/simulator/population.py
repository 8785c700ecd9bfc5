"""Who there is: organisations, their people with homes, phones and habits, and their service accounts."""

from functools import cache
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.atlas import Net, cities_of, load_atlas, nets_of
from litesoc_server.evaluation.simulator.devices import Browser, computer, phone, script
from litesoc_server.evaluation.simulator.networks import Access, CarrierNat, Exits, access_in, home_line
from litesoc_server.events.event import Actor, NetworkKind
from litesoc_server.events.ids import OrgId

USERS_PER_ORG_MAX = 2_000
_HEX = "0123456789abcdef"
_NAMES = ("anna", "ben", "chi", "dana", "eli", "fatma", "george", "hana", "ivan", "jo", "kofi", "lea", "max", "nora", "omar")


class Rates(msgspec.Struct, frozen=True):
    """How common things are; shares of people unless another unit stands there."""

    workers: float = 0.5  # the others are consumers
    admins: float = 0.02
    shared_accounts: float = 0.01
    service_accounts: float = 0.01
    dormant_accounts: float = 0.03
    has_mfa: float = 0.3
    has_consumer_vpn: float = 0.08
    has_relay: float = 0.3  # of those with an iPhone
    frequent_travellers: float = 0.03
    phone_logins: float = 0.12  # of logins, for those who log in by phone at all
    phone_users: float = 0.6


class User:
    """One account, and what changes about it as the days go by."""

    __slots__ = (
        "actor",
        "browser",
        "city",
        "has_relay",
        "home",
        "index",
        "is_admin",
        "is_dormant",
        "is_frequent_traveller",
        "is_service",
        "is_taken",
        "is_worker",
        "mfa",
        "office",
        "org",
        "people",
        "phone",
        "phone_city",
        "phone_net",
        "rhythm_h",
        "stale_password",
        "trip",
        "typo_rate",
        "uses_corporate_vpn",
        "vpn",
    )  # fmt: skip

    def __init__(self, index: int, org: "Organisation", actor: Actor, city: int) -> None:
        self.index, self.org, self.actor, self.city = index, org, actor, city
        self.is_worker = self.is_admin = self.is_dormant = self.is_frequent_traveller = False
        self.is_taken = self.is_service = self.has_relay = self.mfa = self.uses_corporate_vpn = self.stale_password = False
        self.office: Access | None = None
        self.vpn: Net | None = None
        self.phone: Browser | None = None
        self.phone_net: Net | None = None
        self.people = 1  # who share the account
        self.rhythm_h = 9.0  # local hour at which the day begins
        self.typo_rate = 0.05
        self.trip: Trip | None = None
        self.home: Access
        self.browser: Browser


class Trip(msgspec.Struct):
    """A journey by air. Times are Unix ms of true time; nobody signs in between leaving and arriving."""

    leaves_ms: int
    arrives_ms: int
    returns_ms: int
    home_ms: int
    city: int
    hotel: Access


class Login(msgspec.Struct, frozen=True):
    """A login of an ordinary day: what an attacker may follow."""

    at_ms: int  # true time
    user: User
    access: Access
    session_id: str | None


class Organisation(msgspec.Struct):
    """One tenant."""

    org_id: OrgId
    name: str
    hq_city: int
    is_attacked: bool  # the others never see an attack or a staged benign event
    sends_device_ids: bool
    sends_session_ids: bool
    skews_ms: tuple[int, ...]  # clocks of its application servers, against true time
    blocked_country: str
    offices: list[Access]
    corporate_vpn: Access
    users: list[User] = []


class World(msgspec.Struct):
    """Everything that exists."""

    orgs: list[Organisation]
    carriers: CarrierNat
    exits: Exits

    @property
    def users_count(self) -> int:
        """How many accounts there are."""
        return sum(len(org.users) for org in self.orgs)


def build_world(seed: int, users_count: int, rates: Rates | None = None) -> World:
    """Return the world of a seed: the same for the same arguments."""
    rng = Random(f"world|{seed}")
    rates = rates or Rates()
    orgs_count = max(2, 2 * round(users_count / USERS_PER_ORG_MAX / 2))
    world = World([], CarrierNat(Random(f"carriers|{seed}")), Exits(Random(f"exits|{seed}")))
    for number in range(orgs_count):
        org = _organisation(seed, number, rng)
        world.orgs.append(org)
        for index in range(number, users_count, orgs_count):
            org.users.append(_user(index, org, rates, rng))
    return world


def _organisation(seed: int, number: int, rng: Random) -> Organisation:
    atlas = load_atlas()
    hq = rng.choice(cities_of())
    blocked = rng.choice(sorted({city.country for city in atlas.cities} - {atlas.cities[hq].country}))
    office_net = rng.choice(nets_of(NetworkKind.ISP, hq))
    offices = [access_in(office_net, rng, hq)]
    other = rng.choice([city for city in cities_of() if atlas.cities[city].country != blocked])
    offices.append(access_in(rng.choice(nets_of(NetworkKind.ISP, other)), rng, other))
    gateway_kind = NetworkKind.HOSTING if rng.random() < 0.5 else NetworkKind.ISP
    return Organisation(
        org_id=OrgId(f"00000000-0000-4000-8000-{seed % 2**24:06x}{number:06x}"),
        name=f"org{number}",
        hq_city=hq,
        is_attacked=number % 2 == 1,
        sends_device_ids=rng.random() < 0.5,
        sends_session_ids=number % 4 != 2,
        skews_ms=(0, rng.randrange(-5_000, 5_000), rng.randrange(0, 120_000), -rng.randrange(0, 120_000)),
        blocked_country=blocked,
        offices=offices,
        corporate_vpn=access_in(rng.choice(nets_of(gateway_kind, hq)), rng, hq),
    )


@cache
def _homes_of(hq: int, blocked: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    cities = load_atlas().cities
    return cities_of(cities[hq].country), tuple(c for c in cities_of() if cities[c].country != blocked)


def _user(index: int, org: Organisation, rates: Rates, rng: Random) -> User:
    in_country, anywhere = _homes_of(org.hq_city, org.blocked_country)
    drawn = rng.random()
    city = org.hq_city if drawn < 0.55 else rng.choice(in_country if drawn < 0.85 else anywhere)
    # Ids and addresses look alike for everybody: nothing in them tells who is attacked.
    number = "".join(rng.choices(_HEX, k=12))
    actor = Actor(f"usr_{number}", f"{rng.choice(_NAMES)}.{number[:6]}@{org.name}.example")
    user = User(index, org, actor, city)
    user.home = home_line(city, rng)
    user.browser = computer(rng, _device_id(org, rng))
    user.typo_rate = rng.uniform(0.03, 0.08)
    user.mfa = rng.random() < rates.has_mfa
    user.rhythm_h = rng.gauss(8.6, 0.8)
    if rng.random() < rates.service_accounts:
        return _as_service(user, rng)
    user.is_dormant = rng.random() < rates.dormant_accounts
    user.is_worker = rng.random() < rates.workers
    if user.is_worker:
        user.office = next((office for office in org.offices if office.true_city == city), None)
        user.uses_corporate_vpn = rng.random() < 0.35
        user.is_admin = rng.random() < rates.admins / rates.workers
        user.people = rng.randint(3, 6) if not user.is_admin and rng.random() < rates.shared_accounts / rates.workers else 1
    if rng.random() < rates.phone_users:
        user.phone = phone(rng, _device_id(org, rng))
        user.phone_net = rng.choice(nets_of(NetworkKind.MOBILE, country=load_atlas().cities[city].country))
        user.has_relay = user.phone.model.is_slow and rng.random() < rates.has_relay
    if rng.random() < rates.has_consumer_vpn:
        user.vpn = rng.choice(nets_of(NetworkKind.VPN))
        if load_atlas().cities[user.vpn.city].country == org.blocked_country:
            user.vpn = None
    user.is_frequent_traveller = rng.random() < rates.frequent_travellers
    return user


def _as_service(user: User, rng: Random) -> User:
    user.is_service, user.mfa = True, False
    user.home = access_in(rng.choice(nets_of(NetworkKind.HOSTING, user.org.hq_city)), rng)
    user.browser = script(rng)
    return user


def _device_id(org: Organisation, rng: Random) -> str | None:
    return "dev_" + "".join(rng.choices(_HEX, k=16)) if org.sends_device_ids else None
