"""How well the risk score tells attackers from owners, on a made-up population, and what it costs.

Run `python benchmarks/risk_score.py --seeds 1 2 3`. For each seed, an organisation's users log in for some months through
the scorer; attackers who know the password log in at random moments, and what they do is not learned. For each kind of
attacker it prints the median re-authentication rate of users over their first n logins, at the threshold that catches a
given share of the attackers: the measure of Wiefling et al., ACM TOPS 26(1) 2022, whose figures (on other data) PUBLISHED
holds. The baseline on the same logins is the plain score of that study, on address and user agent.

The population is this file's own, and the figures of the baseline on it come close to the published ones. `litesoc evaluate`
is the evaluation proper.
"""

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from math import log
from random import Random
from typing import Any, TypeVar

import msgspec

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.pipeline.detect.login_history import record_login
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import Answer, RememberRequest, Request, Steps
from litesoc_server.pipeline.state.memory import MemoryState

HISTORIES = (5, 12, 20, 39)
PUBLISHED = {  # attacker: (share caught, rate at 12, 20 and 39 logins)
    "naive": (0.995, 0.25, 0.15, 0.05),
    "vpn": (0.99, 0.25, 0.15, 0.06),
    "targeted": (0.99, 0.33, 0.20, 0.07),
    "very_targeted": (0.8966, None, 0.96, 0.67),
}
T0_MS = 1_767_225_600_000  # 2026-01-01
COUNTRIES = ("NO", "NO", "NO", "NO", "NO", "SE", "DE", "GB", "US", "FR")
WORLD = ("US", "CN", "RU", "BR", "IN", "VN", "ID", "NL", "DE", "FR", "UA", "TR", "NG", "PL", "GB")
DESKTOPS = [("Windows", 62), ("Mac OS X", 28), ("Linux", 10)]
BROWSERS = {
    "Windows": [("Chrome", 62), ("Edge", 26), ("Firefox", 12)],
    "Mac OS X": [("Safari", 40), ("Chrome", 48), ("Firefox", 12)],
    "Linux": [("Chrome", 50), ("Firefox", 50)],
    "iOS": [("Mobile Safari", 88), ("Chrome Mobile iOS", 12)],
    "Android": [("Chrome Mobile", 85), ("Samsung Internet", 15)],
}
T = TypeVar("T")
POLICY = DetectionPolicy()
ORG = OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01")


def pick(random: Random, weighted: list[tuple[str, int]]) -> str:
    """Return one of the weighted names."""
    return random.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]


class Provider:
    """A network of a country with a pool of /24s."""

    def __init__(self, random: Random, asn: int, country: str, kind: NetworkKind, prefixes: int) -> None:
        self.asn, self.country, self.kind = asn, country, kind
        self._prefixes = [
            f"{random.randrange(11, 220)}.{random.randrange(256)}.{random.randrange(256)}" for _ in range(prefixes)
        ]

    def address(self, random: Random) -> str:
        """Return any address of the pool."""
        return f"{random.choice(self._prefixes)}.{random.randrange(1, 255)}"


class World:
    """The networks there are."""

    def __init__(self, random: Random) -> None:
        self.isps, self.carriers, self.vpns = {}, {}, {}
        for index, country in enumerate(dict.fromkeys((*COUNTRIES, *WORLD))):
            base = 1000 * (index + 1)
            self.isps[country] = [Provider(random, base + n, country, NetworkKind.ISP, 150) for n in range(6)]
            self.carriers[country] = [Provider(random, base + 50 + n, country, NetworkKind.MOBILE, 25) for n in range(3)]
            self.vpns[country] = [Provider(random, base + 80 + n, country, NetworkKind.VPN, 10) for n in range(3)]
        self.offices = [Provider(random, 90_000 + n, random.choice(COUNTRIES), NetworkKind.ISP, 1) for n in range(40)]

    def isp(self, random: Random, country: str) -> Provider:
        """Return one of a country's providers, by market share."""
        return random.choices(self.isps[country], (38, 25, 15, 10, 7, 5))[0]

    def carrier(self, random: Random, country: str) -> Provider:
        """Return one of a country's mobile carriers, by market share."""
        return random.choices(self.carriers[country], (48, 33, 19))[0]


class Machine:
    """A device whose browser is brought up to date every four weeks or so."""

    def __init__(self, random: Random, *, is_phone: bool, has_id: bool = False) -> None:
        self.os = pick(random, [("iOS", 55), ("Android", 45)] if is_phone else DESKTOPS)
        self.browser = pick(random, BROWSERS[self.os])
        self.model = "iPhone" if self.os == "iOS" else f"SM-{random.randrange(60)}" if self.os == "Android" else None
        self._delay_days = random.choice((1, 2, 4, 9, 20))
        self.id = f"{random.getrandbits(64):x}" if has_id else None

    def device(self, day: float) -> Device:
        """Return what the user agent says on a day."""
        return device_of(self.browser, self.os, self.model, day - self._delay_days, self.id)


def device_of(browser: str, os: str, model: str | None, day: float, device_id: str | None = None) -> Device:
    """Return the device of a user agent of a day."""
    period = 45 if "Safari" in browser else 28
    major = str(120 + int((day + 100) // period))
    return Device(
        user_agent=f"{browser}/{major} ({os}; {model})",
        browser=browser,
        browser_major=major,
        os=os,
        kind=model,
        id=device_id,
    )


class User:
    """One person's places, devices and hours."""

    def __init__(self, random: Random, world: World, name: str, *, has_ids: bool) -> None:
        self.random, self.world, self.name, self.has_ids = random, world, name, has_ids
        self.country = random.choice(COUNTRIES)
        self.home, self.carrier = world.isp(random, self.country), world.carrier(random, self.country)
        self._home_address, self._home_until = "", -1.0
        self._lease_days = random.choice((400, 400, 90, 60, 30, 14, 7, 3))
        self.mobile_share = random.choice((0, 0, 0.05, 0.1, 0.2, 0.4))
        offices = [office for office in world.offices if office.country == self.country]
        self.office = random.choice(offices) if offices and random.random() < 0.5 else None
        self.office_address = None if self.office is None else self.office.address(Random(self.office.asn))
        self.vpn_share = 0.15 if random.random() < 0.06 else 0.0
        self.desktop, self.phone = self._machine(is_phone=False), self._machine(is_phone=True)
        self.logins_a_day = min(4.0, random.lognormvariate(-0.7, 0.8))
        self.hour = random.gauss(10 if self.office else 15, 3)
        self.trips = [random.uniform(0, 180) for _ in range(random.choice((0, 0, 1, 1, 2)))]

    def _machine(self, *, is_phone: bool) -> Machine:
        return Machine(self.random, is_phone=is_phone, has_id=self.has_ids)

    def times(self, days: int) -> list[float]:
        """Return the days, with fractions, at which the user logs in."""
        moments: list[float] = []
        for day in range(days):
            weekend = (day + 3) % 7 >= 5
            expected = self.logins_a_day * (0.25 if weekend and self.office else 1)
            number = int(expected) + (self.random.random() < expected % 1)
            moments += [day + (self.random.gauss(self.hour, 3) % 24) / 24 for _ in range(number)]
        return sorted(moments)

    def login(self, day: float) -> dict[str, Any]:
        """Return from where and with what the user logs in."""
        random = self.random
        if random.random() < 1 / 400:
            self.desktop = self._machine(is_phone=False)
        trip = next((start for start in self.trips if start <= day < start + 5), None)
        if trip is not None:
            abroad = Random(trip).choice(WORLD)
            provider = Random(trip).choice(self.world.isps[abroad])
            return {"provider": provider, "ip": provider.address(Random(trip)), "device": self.desktop.device(day)}
        if random.random() < self.mobile_share:
            return {"provider": self.carrier, "ip": self.carrier.address(random), "device": self.phone.device(day)}
        if random.random() < self.vpn_share:
            vpn = self.world.vpns[self.country][0]
            return {"provider": vpn, "ip": vpn.address(random), "device": self.desktop.device(day)}
        if self.office is not None and self.office_address is not None and 0.3 < day % 1 < 0.75 and (int(day) + 3) % 7 < 5:
            return {"provider": self.office, "ip": self.office_address, "device": self.desktop.device(day)}
        if day > self._home_until:
            self._home_address = self.home.address(random)
            self._home_until = day + random.expovariate(1 / self._lease_days)
        machine = self.phone if random.random() < self.mobile_share else self.desktop
        return {"provider": self.home, "ip": self._home_address, "device": machine.device(day)}


def popular_device(random: Random, day: float, *, has_id: bool) -> Device:
    """Return a device as many have one."""
    machine = Machine(random, is_phone=random.random() < 0.3, has_id=has_id)
    return device_of(machine.browser, machine.os, machine.model, day - random.choice((0, 1, 5)), machine.id)


def attack(random: Random, world: World, user: User, kind: str, day: float) -> dict[str, Any]:
    """Return from where and with what an attacker logs in who knows so much of the user."""
    if kind == "naive":
        country = random.choice(WORLD)
        pool = random.choices((world.vpns[country], world.isps[country]), (6, 4))[0]
        return _of(random, random.choice(pool), popular_device(random, day, has_id=user.has_ids))
    if kind == "vpn":
        return _of(random, random.choice(world.vpns[user.country]), popular_device(random, day, has_id=user.has_ids))
    if kind == "targeted":  # a residential proxy in the user's country, three in ten with the user's kind of browser
        provider = world.isp(random, user.country) if random.random() < 0.8 else world.carrier(random, user.country)
        device = popular_device(random, day, has_id=user.has_ids)
        if random.random() < 0.3:
            device = device_of(
                user.desktop.browser, user.desktop.os, user.desktop.model, day - random.choice((0, 1, 5)), device.id
            )
        return _of(random, provider, device)
    device = user.desktop.device(day)
    device = device if device.id is None else msgspec.structs.replace(device, id=f"{random.getrandbits(64):x}")
    return _of(random, user.home, device)  # very targeted: the user's own provider and user agent


def _of(random: Random, provider: Provider, device: Device) -> dict[str, Any]:
    return {"provider": provider, "ip": provider.address(random), "device": device}


def event_of(number: int, actor: str, day: float, login: dict[str, Any]) -> Event:
    """Return the login as an event."""
    at_ms = T0_MS + round(day * DAY_MS)
    digits = f"{at_ms:012x}70008{number:015x}"
    provider: Provider = login["provider"]
    return Event(
        event_id=EventId(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"),
        org_id=ORG,
        environment=Environment.LIVE,
        key_id="key",
        source="collect",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        name="auth.login_success",
        category="auth",
        severity=Severity.INFO,
        actor=Actor(actor),
        user_ip=login["ip"],
        server_ip=None,
        metadata=msgspec.Raw(b"{}"),
        geo=Geo(country_code=provider.country),
        network=Network(asn=provider.asn, as_org=f"AS{provider.asn}", kind=provider.kind),
        device=login["device"],
    )


class Ours:
    """The scorer on a state in memory."""

    def __init__(self) -> None:
        self._state, self.requests, self.seconds, self.logins = MemoryState(), 0, 0.0, 0

    def login(self, event: Event) -> float:
        """Score and learn."""
        _carry_out(record_login(event, POLICY), self._state.answer_one)
        started = time.thread_time()
        risk = _carry_out(score(event, POLICY), self._counted)
        self.seconds += time.thread_time() - started
        self.logins += 1
        return risk.log_ratio

    def attack(self, event: Event) -> float:
        """Score and learn nothing."""
        return _carry_out(score(event, POLICY), self._read_only).log_ratio

    def _counted(self, request: Request) -> Answer:
        self.requests += 1
        return self._state.answer_one(request)

    def _read_only(self, request: Request) -> Answer:
        return None if type(request) is RememberRequest else self._state.answer_one(request)


def _carry_out(steps: Steps[T], ask: Callable[[Request], Answer]) -> T:
    try:
        request = next(steps)
        while True:
            request = steps.send(ask(request))
    except StopIteration as stop:
        return stop.value


class Freeman:
    """The plain score on address and user agent, with the weights and the smoothing of the study's published code.

    A feature's ratio is the weighted sum of those of its parts, frequency among all over frequency with this user. A part
    that the user never had counts with a quarter of its frequency among all.
    """

    def __init__(self) -> None:
        self._all: list[Counter[str]] = [Counter() for _ in range(6)]
        self._own: defaultdict[str, list[Counter[str]]] = defaultdict(lambda: [Counter() for _ in range(6)])
        self._count = 0

    def login(self, event: Event) -> float:
        """Score and learn."""
        value = self.attack(event)
        assert event.actor is not None
        self._count += 1
        for counts in (self._all, self._own[event.actor.id]):
            for counter, name in zip(counts, _parts(event), strict=True):
                counter[name] += 1
        return value

    def attack(self, event: Event) -> float:
        """Score and learn nothing."""
        assert event.actor is not None
        own, names = self._own[event.actor.id], _parts(event)
        total = sum(own[0].values())
        ratios = []
        for index, name in enumerate(names):
            of_all = (self._all[index][name] + 1) / (self._count + 1)
            ratios.append(of_all / (own[index][name] / total) if own[index][name] else 4.0)
        network = 0.6 * ratios[0] + 0.3 * ratios[1] + 0.1 * ratios[2]
        agent = 0.54 * ratios[3] + 0.27 * ratios[4] + 0.19 * ratios[5]
        return log(network) + log(agent)


def _parts(event: Event) -> tuple[str, ...]:
    assert event.network is not None
    assert event.geo is not None
    assert event.device is not None
    device = event.device
    return (
        event.user_ip or "",
        str(event.network.asn),
        str(event.geo.country_code),
        device.user_agent or "",
        f"{device.browser}/{device.browser_major}",
        str(device.os),
    )


def simulate(seed: int, users_count: int, days: int, ids_share: float = 0.0) -> dict[str, Any]:
    """Return rates by method, attacker and history, and the cost."""
    random = Random(seed)
    world = World(random)
    users = [
        User(Random(f"{seed}/{n}"), world, f"user-{n}", has_ids=random.random() < ids_share) for n in range(users_count)
    ]
    moments = sorted((day, n) for n, user in enumerate(users) for day in user.times(days))
    methods = {"litesoc": Ours(), "freeman": Freeman()}
    owners: dict[str, dict[int, list[float]]] = {name: defaultdict(list) for name in methods}
    attackers: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in methods}
    for number, (day, n) in enumerate(moments):
        user = users[n]
        history = len(owners["litesoc"][n])
        event = event_of(number, user.name, day, user.login(day))
        for name, method in methods.items():
            owners[name][n].append(method.login(event))
        if history and random.random() < 0.06:
            later = day + random.uniform(0.02, 3)
            for kind in PUBLISHED:
                attempt = event_of(number, user.name, later, attack(random, world, user, kind, later))
                for name, method in methods.items():
                    attackers[name][kind].append(method.attack(attempt))
    result: dict[str, Any] = {"seed": seed, "logins": len(moments), "attacks": len(attackers["litesoc"]["naive"])}
    for name in methods:
        result[name] = {kind: rates(owners[name], attackers[name][kind], PUBLISHED[kind][0]) for kind in PUBLISHED}
    ours = methods["litesoc"]
    assert isinstance(ours, Ours)
    result["us_per_login"] = round(ours.seconds / ours.logins * 1e6, 1)
    result["requests_per_login"] = round(ours.requests / ours.logins, 2)
    values = sorted(value for scores in owners["litesoc"].values() for value in scores[1:])
    result["owner_ratios"] = [round(values[int(len(values) * q)], 2) for q in (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)]
    return result


def rates(owners: dict[int, list[float]], attackers: list[float], caught: float) -> dict[str, float]:
    """Return the threshold and the median share of the first n logins at or above it, by n; "@n" of the n-th to n+5th."""
    threshold = sorted(attackers)[int(len(attackers) * (1 - caught))]
    found = {"threshold": round(threshold, 2)}
    for history in HISTORIES:
        of_users = [scores for scores in owners.values() if len(scores) >= history]
        shares = [sum(value >= threshold for value in scores[:history]) / history for scores in of_users]
        found[str(history)] = round(statistics.median(shares), 3)
        found[f"mean {history}"] = round(statistics.mean(shares), 3)
    return found


def main() -> None:
    """Print one line of JSON per seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    for seed in options.seeds:
        print(json.dumps(simulate(seed, options.users, options.days), indent=1))


if __name__ == "__main__":
    main()
