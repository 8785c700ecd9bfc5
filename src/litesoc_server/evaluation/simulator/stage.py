"""What attacks and staged benign events act with: victims, addresses, devices, and a way to emit events."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from litesoc_server.evaluation.simulator.atlas import cities_of, distance_km, load_atlas, nets_of
from litesoc_server.evaluation.simulator.clock import DAY_MS, HOUR_MS, local_ms
from litesoc_server.evaluation.simulator.devices import SCRIPTS, computer, device_of, phone
from litesoc_server.evaluation.simulator.ledger import Campaign, Ledger, Place, Speed
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED, Maker
from litesoc_server.evaluation.simulator.networks import Access, access_in
from litesoc_server.evaluation.simulator.population import Login, Organisation, User, World
from litesoc_server.events.event import Actor, Device, Event, NetworkKind

COPIES_AGENT_SHARE = 0.3  # of attackers: browser and system of the victim
_SCRIPT_SHARE = 0.25  # of the others: a program rather than a browser


class Stage:
    """One campaign on its day."""

    def __init__(
        self,
        campaign: Campaign,
        *,
        ledger: Ledger,
        world: World,
        org: Organisation,
        maker: Maker,
        rng: Random,
        day: int,
        day_ms: int,
        logins: Sequence[Login],
        emit: Callable[[Event], None],
    ) -> None:
        self.campaign, self.world, self.org, self.rng = campaign, world, org, rng
        self.day, self.day_ms, self.logins = day, day_ms, logins
        self._ledger, self._maker, self._emit = ledger, maker, emit
        self._copies_agent = rng.random() < COPIES_AGENT_SHARE
        self.speed, self.place = campaign.speed, campaign.place

    def pick(self, fast: int, slow: int, distributed: int) -> int:
        """Return the number that belongs to the campaign's speed."""
        return {Speed.FAST: fast, Speed.SLOW: slow, Speed.DISTRIBUTED: distributed}[self.speed]

    def start(self, hour_from: float = 0.0, hour_to: float = 24.0, city: int | None = None) -> int:
        """Return a moment of the day, between two local hours of ``city`` (else of the organisation)."""
        return local_ms(self.org.hq_city if city is None else city, self.day_ms, self.rng.uniform(hour_from, hour_to))

    def victims(self, count: int, is_fine: Callable[[User], bool] | None = None) -> list[User]:
        """Return up to ``count`` different people's accounts."""
        able = [u for u in self.org.users if not (u.is_service or u.is_dormant) and (is_fine is None or is_fine(u))]
        return self.rng.sample(able, min(count, len(able)))

    def stranger(self) -> Actor:
        """Return an account that does not exist, from a list that was stolen elsewhere."""
        number = f"{self.rng.getrandbits(32):08x}"
        return Actor(f"{number}@mail.example", f"{number}@mail.example")

    def access(self, *, far_from: int | None = None, far_km: float = 3_000.0) -> Access:
        """Return a new address of the attacker, if asked at least ``far_km`` from a city."""
        rng, cities = self.rng, load_atlas().cities
        blocked = self.org.blocked_country
        if self.place is Place.OFFICE:
            return self.org.offices[0]
        if self.place is Place.TOR:
            return self.world.exits.of_kind(NetworkKind.TOR)
        able = [
            c
            for c in cities_of()
            if cities[c].country != blocked and (far_from is None or distance_km(far_from, c) >= far_km)
        ]
        kind = {Place.VPN: NetworkKind.VPN, Place.HOSTING: NetworkKind.HOSTING}.get(self.place, NetworkKind.ISP)
        able = [c for c in able if any(net.city == c for net in nets_of(kind, c))] or able
        net = rng.choice(nets_of(kind, rng.choice(able)))
        return self.world.exits.access(net) if kind is NetworkKind.VPN else access_in(net, rng)

    def accesses(self, count: int) -> list[Access]:
        """Return several addresses of the attacker."""
        return [self.access() for _ in range(count)]

    def device(self, victim: User | None = None) -> Device:
        """Return the attacker's device; some copy browser and system of the victim."""
        rng = self.rng
        if victim is not None and self._copies_agent:
            self.campaign.copies_agent = True
            copied = victim.browser.on(self.day)
            return Device(copied.user_agent, copied.browser, copied.browser_major, copied.os, copied.kind)
        if victim is None and rng.random() < _SCRIPT_SHARE:
            return device_of(rng.choice(SCRIPTS))
        while True:
            device = (computer if rng.random() < 0.8 else phone)(rng).on(self.day)
            if victim is None or not _is_like(device, victim, self.day):
                return device

    def do(
        self,
        at_ms: int,
        name: str,
        actor: Actor | None,
        access: Access,
        device: Device | None,
        *,
        metadata: Mapping[str, object] | None = None,
        session_id: str | None = None,
    ) -> Event:
        """Emit an event of the campaign."""
        event = self._maker.make(self.org, at_ms, name, actor, access, device, metadata=metadata, session_id=session_id)
        self._ledger.add(self.campaign, event)
        self._emit(event)
        return event

    def fail(self, at_ms: int, actor: Actor, access: Access, device: Device | None) -> None:
        """Emit a failed login."""
        self.do(at_ms, LOGIN_FAILED, actor, access, device, metadata={"reason": "bad_password"})

    def enter(self, at_ms: int, actor: Actor, access: Access, device: Device | None) -> str:
        """Emit a login that succeeds; returns the new session's id."""
        session_id = self._maker.session_id()
        event = self.do(at_ms, LOGIN_SUCCEEDED, actor, access, device, session_id=session_id)
        if self.campaign.is_attack:
            self.campaign.successes.append(event.event_id)
        return session_id

    def last_login(self, is_fine: Callable[[Login], bool]) -> Login | None:
        """Return one of the day's logins."""
        able = [login for login in self.logins if is_fine(login)]
        return self.rng.choice(able) if able else None

    def gaps(self, start_ms: int, count: int, mean_s: float, spread: float = 0.5) -> list[int]:
        """Return ``count`` times from ``start_ms`` on, ``mean_s`` seconds apart, each up to ``spread`` of it off."""
        times: list[int] = []
        at_ms = float(start_ms)
        for _ in range(count):
            times.append(int(at_ms))
            at_ms += mean_s * 1000 * self.rng.uniform(1 - spread, 1 + spread)
        return times

    def working_time(self, city: int | None = None) -> int:
        """Return a moment of the working day."""
        return self.start(9.5, 16.0, city)

    @property
    def end_of_day_ms(self) -> int:
        """Return when the day is over, UTC."""
        return self.day_ms + DAY_MS

    def hours(self, count: float) -> int:
        """Return hours as ms."""
        return int(count * HOUR_MS)


def _is_like(device: Device, victim: User, day: int) -> bool:
    own = [victim.browser.on(day)] + ([victim.phone.on(day)] if victim.phone is not None else [])
    return any((device.browser, device.os) == (known.browser, known.os) for known in own)
