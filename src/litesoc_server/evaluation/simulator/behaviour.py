"""A day in the life of an account: when and from where its people sign in, what goes wrong, and what they do then."""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from litesoc_server.evaluation.simulator import travel
from litesoc_server.evaluation.simulator.activity import Session, act
from litesoc_server.evaluation.simulator.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, is_weekend, local_ms
from litesoc_server.evaluation.simulator.devices import computer, phone
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED, Maker
from litesoc_server.evaluation.simulator.networks import Access, home_line, same_network
from litesoc_server.evaluation.simulator.population import Login, User, World
from litesoc_server.events.event import Device, Event, NetworkKind

PHONE_LOGINS_SHARE = 0.45  # of the logins of those who have one; with it the naive travel rule errs as often as published
_OFFICE_SHARE, _CONSUMER_VPN_SHARE, _RELAY_SHARE = 0.55, 0.3, 0.5  # of the logins of those who have it; assumed
_WORKER_DAYS, _CONSUMER_DAYS = (0.85, 0.12), (0.3, 0.4)  # share of weekdays and weekend days with a login; assumed
_CORPORATE_VPN_SHARE, _PHONE_IN_WLAN_SHARE = 0.4, 0.5  # likewise
_ANOTHER_SESSION = 0.52
_GAP_MEAN_H = 1.5  # between sessions of one day
_NEW_ADDRESS_PER_DAY = 1 / 30  # a household's line gets a new address
_NEW_DEVICE_PER_DAY = 1 / 500
_MOVES_PER_DAY = 1 / 900  # another provider
_STALE_PASSWORD_PER_DAY = 1 / 1_500  # changed elsewhere; the password manager tries the old one in a burst
_FORGOTTEN_PER_LOGIN = 0.002
_MFA_TIMED_OUT, _MFA_DENIED = 0.006, 0.001  # of challenges: the phone is elsewhere; pressed wrongly
_ROAMS_HOME_SHARE = 0.6  # of phone logins abroad: the home operator's gateway is used

_Mistake: TypeAlias = tuple[int, str, dict[str, str]]


class Behaviour:
    """Lives the days of accounts, in order. Draws from one random source: the same world and seed, the same days."""

    def __init__(self, seed: int, world: World, maker: Maker) -> None:
        self._rng = Random(f"behaviour|{seed}")
        self._world = world
        self._maker = maker
        self.logins: list[Login] = []  # those of the day so far, for whoever follows them; emptied by the caller

    def live(self, user: User, day: int, day_ms: int, emit: Callable[[Event], None]) -> None:
        """Emit the events of one account on one day, roughly in order of time; some may lie in the next day."""
        rng = self._rng
        if user.is_service:
            self._serve(user, day, day_ms, emit)
            return
        if user.is_dormant:
            return
        self._change(user, day_ms)
        weekday, weekend = _WORKER_DAYS if user.is_worker else _CONSUMER_DAYS
        for person in range(user.people):
            if rng.random() >= (weekend if is_weekend(day_ms) else weekday):
                continue
            hour = self._first_hour(user, day_ms)
            while True:
                city = travel.city_at(user, day_ms + DAY_MS // 2)
                self._session(user, day, local_ms(city, day_ms, hour), emit, person)
                hour += rng.expovariate(1 / _GAP_MEAN_H) + 0.05
                if rng.random() >= _ANOTHER_SESSION or hour > 23.5:
                    break

    def _first_hour(self, user: User, day_ms: int) -> float:
        """Return the local hour of the first login: workers in the morning, consumers in the evening or during the day."""
        rng = self._rng
        if user.is_worker and not is_weekend(day_ms):
            return min(max(rng.gauss(user.rhythm_h, 0.7), 0.1), 22.0)
        return min(max(rng.gauss(19.5, 2.0) if rng.random() < 0.6 else rng.gauss(12.5, 3.0), 0.1), 23.4)

    def _change(self, user: User, day_ms: int) -> None:
        """Let happen what happens to people between one day and the next."""
        rng = self._rng
        travel.plan(user, day_ms, rng)
        if rng.random() < _NEW_ADDRESS_PER_DAY:
            user.home = same_network(user.home, rng)
        if rng.random() < _MOVES_PER_DAY:
            user.home = home_line(user.city, rng)
        if rng.random() < _NEW_DEVICE_PER_DAY:
            if user.phone is not None and rng.random() < 0.6:
                user.phone = phone(rng, _new_id(user.phone.device_id, rng))
            else:
                user.browser = computer(rng, _new_id(user.browser.device_id, rng))
        if rng.random() < _STALE_PASSWORD_PER_DAY:
            user.stale_password = True

    def _session(self, user: User, day: int, at_ms: int, emit: Callable[[Event], None], person: int) -> None:
        found = self._where(user, at_ms)
        if found is None:
            return
        access, is_phone = found
        browser = user.phone if is_phone and user.phone is not None else user.browser
        device = browser.on(day)
        if person:  # the others who share the account have their own computers, of the same make
            device = Device(device.user_agent, device.browser, device.browser_major, device.os, device.kind)
        self.sign_in(user, at_ms, access, device, emit)

    def sign_in(self, user: User, at_ms: int, access: Access, device: Device, emit: Callable[[Event], None]) -> None:
        """Emit one login with its mistakes, and what follows it."""
        rng, make, org = self._rng, self._maker.make, user.org
        server = self._maker.server(org)
        for wait_ms, name, metadata in self._mistakes(user):
            emit(make(org, at_ms, name, user.actor, access, device, server=server, metadata=metadata))
            at_ms += wait_ms
        session_id = self._maker.session_id()
        if user.mfa:
            at_ms = self._second_factor(user, at_ms, access, device, server, emit)
        emit(make(org, at_ms, LOGIN_SUCCEEDED, user.actor, access, device, server=server, session_id=session_id))
        if org.is_attacked:
            self.logins.append(Login(at_ms, user, access, session_id if org.sends_session_ids else None))
        act(Session(user, at_ms, access, device, server, session_id), rng, self._maker, emit)

    def _mistakes(self, user: User) -> list[_Mistake]:
        """Return what comes before the login: how long until the next step in ms, event name, metadata."""
        rng = self._rng
        wrong = {"reason": "bad_password"}
        if user.stale_password:
            user.stale_password = False
            tries = rng.randint(3, 9)
            return [(rng.randint(500, 6_000), LOGIN_FAILED, wrong) for _ in range(tries)] + [
                (20 * SECOND_MS, LOGIN_FAILED, wrong)
            ]
        if rng.random() < _FORGOTTEN_PER_LOGIN:
            tries = [(rng.randint(5_000, 40_000), LOGIN_FAILED, wrong) for _ in range(rng.randint(3, 6))]
            return [*tries, (rng.randint(60_000, 300_000), "auth.password_reset", {"method": "email"})]
        mistakes: list[_Mistake] = []
        while rng.random() < (user.typo_rate if not mistakes else 0.2) and len(mistakes) < 4:
            mistakes.append((rng.randint(4_000, 25_000), LOGIN_FAILED, wrong))
        return mistakes

    def _second_factor(
        self, user: User, at_ms: int, access: Access, device: Device, server: int, emit: Callable[[Event], None]
    ) -> int:
        """Emit the challenge and what came of it; returns when the login succeeds."""
        rng, make, org = self._rng, self._maker.make, user.org
        while True:
            emit(make(org, at_ms, "auth.mfa_challenge_sent", user.actor, access, device, server=server))
            drawn = rng.random()
            if drawn < _MFA_TIMED_OUT:
                at_ms += MINUTE_MS
                emit(make(org, at_ms, "auth.mfa_timed_out", user.actor, access, device, server=server))
            elif drawn < _MFA_TIMED_OUT + _MFA_DENIED:
                at_ms += rng.randint(3_000, 20_000)
                emit(make(org, at_ms, "auth.mfa_denied", user.actor, access, device, server=server))
            else:
                at_ms += rng.randint(4_000, 25_000)
                emit(make(org, at_ms, "auth.mfa_challenge_success", user.actor, access, device, server=server))
                return at_ms + 200
            at_ms += rng.randint(5_000, 30_000)

    def _where(self, user: User, at_ms: int) -> tuple[Access, bool] | None:
        """Return the way in and whether it is the phone; None while nobody can sign in, on a flight."""
        rng, trip = self._rng, user.trip
        is_phone = user.phone is not None and rng.random() < PHONE_LOGINS_SHARE
        if trip is None or not trip.leaves_ms <= at_ms < trip.home_ms:
            return (self._by_phone(user) if is_phone else self._by_computer(user, at_ms)), is_phone
        if not trip.arrives_ms <= at_ms < trip.returns_ms:
            return None
        roams_home = is_phone and rng.random() < _ROAMS_HOME_SHARE
        abroad = travel.access_abroad(user, trip, self._world.carriers, is_phone=is_phone, roams_home=roams_home)
        return abroad, is_phone

    def _by_phone(self, user: User) -> Access:
        rng, world = self._rng, self._world
        if user.has_relay and rng.random() < _RELAY_SHARE:
            country = user.home.geo.country_code if user.home.geo else None
            return world.exits.of_kind(NetworkKind.RELAY, country=country)
        if user.phone_net is None or rng.random() < _PHONE_IN_WLAN_SHARE:
            return user.home
        return world.carriers.access(user.phone_net, user.city)

    def _by_computer(self, user: User, at_ms: int) -> Access:
        rng = self._rng
        if user.office is not None and not is_weekend(at_ms) and rng.random() < _OFFICE_SHARE:
            return user.office
        if user.uses_corporate_vpn and rng.random() < _CORPORATE_VPN_SHARE:
            return user.org.corporate_vpn
        if user.vpn is not None and rng.random() < _CONSUMER_VPN_SHARE:
            return self._world.exits.access(user.vpn)
        return user.home

    def _serve(self, user: User, day: int, day_ms: int, emit: Callable[[Event], None]) -> None:
        """Emit the steady day of a service account: a login every four hours, key uses, a nightly export."""
        rng, make, org, device = self._rng, self._maker.make, user.org, user.browser.on(day)
        key = {"api_key_id": f"key_{user.actor.id[4:]}"}
        start_ms = day_ms + user.index % 60 * MINUTE_MS
        for hour in range(0, 24, 4):
            at_ms = start_ms + hour * HOUR_MS + rng.randrange(MINUTE_MS)
            emit(make(org, at_ms, LOGIN_SUCCEEDED, user.actor, user.home, device))
            emit(make(org, at_ms + SECOND_MS, "api.key_used", user.actor, user.home, device, metadata=key))
        rows = int(8_000 * rng.lognormvariate(0, 0.2))
        emit(make(org, start_ms + 2 * HOUR_MS, "data.export", user.actor, user.home, device, metadata={"rows": rows, **key}))


def _new_id(device_id: str | None, rng: Random) -> str | None:
    return None if device_id is None else f"dev_{rng.getrandbits(64):016x}"
