"""Benign waves of failed logins and of new places."""

from litesoc_server.evaluation.simulator.atlas import cities_of, distance_km, load_atlas, nets_of
from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.clock import HOUR_MS, MINUTE_MS
from litesoc_server.evaluation.simulator.devices import phone
from litesoc_server.evaluation.simulator.ledger import Place
from litesoc_server.evaluation.simulator.networks import access_in, home_line
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.stage import Stage
from litesoc_server.evaluation.simulator.travel import journey
from litesoc_server.events.event import NetworkKind

_OWN = (Place.OWN,)


def migration(stage: Stage) -> None:
    """The office gets another provider: everybody there signs in from one new address on one morning."""
    access = access_in(stage.rng.choice(nets_of(NetworkKind.ISP, stage.org.hq_city)), stage.rng, stage.org.hq_city)
    workers = stage.victims(60, lambda user: user.office is stage.org.offices[0])
    for user in workers:
        at_ms = stage.start(7.5, 10.5)
        if stage.rng.random() < user.typo_rate:
            stage.fail(at_ms - 15_000, user.actor, access, user.browser.on(stage.day))
        stage.enter(at_ms, user.actor, access, user.browser.on(stage.day))


def password_reset(stage: Stage) -> None:
    """All passwords were reset in the night: in the morning people try the old one, then set a new one."""
    for user in stage.victims(80):
        access = user.office or user.home
        device, at_ms = user.browser.on(stage.day), stage.start(7.0, 11.0, user.city)
        for _ in range(stage.rng.randint(1, 3)):
            stage.fail(at_ms, user.actor, access, device)
            at_ms += stage.rng.randint(5_000, 30_000)
        stage.do(at_ms, "auth.password_reset", user.actor, access, device)
        stage.enter(at_ms + 60_000, user.actor, access, device)


def outage(stage: Stage) -> None:
    """All sessions were ended by an outage: half of the people sign in again within minutes, some with a typo."""
    start_ms = stage.start(9, 17)
    for user in stage.victims(150):
        access = user.office or user.home
        device, at_ms = user.browser.on(stage.day), start_ms + stage.rng.randrange(20 * MINUTE_MS)
        if stage.rng.random() < 0.2:
            stage.fail(at_ms - 10_000, user.actor, access, device)
        stage.enter(at_ms, user.actor, access, device)


def lost_password(stage: Stage) -> None:
    """Somebody tries everything they ever used, at home on their own computer, gives up and resets the password."""
    (user,) = stage.victims(1)
    device, at_ms = user.browser.on(stage.day), stage.start(9, 22, user.city)
    times = stage.gaps(at_ms, stage.rng.randint(8, 12), 20)
    for when_ms in times:
        stage.fail(when_ms, user.actor, user.home, device)
    stage.do(times[-1] + 90_000, "auth.password_reset", user.actor, user.home, device)
    stage.enter(times[-1] + 150_000, user.actor, user.home, device)


def stale_client(stage: Stage) -> None:
    """A mail program at home keeps an old password and tries it every quarter of an hour until evening."""
    (user,) = stage.victims(1)
    device = user.browser.on(stage.day)
    times = stage.gaps(stage.start(8, 10, user.city), 30, 900, 0.05)
    for when_ms in times:
        stage.fail(when_ms, user.actor, user.home, device)
    stage.enter(times[-1] + 10 * MINUTE_MS, user.actor, user.home, device)


def conference(stage: Stage) -> None:
    """Forty people fly to one city and sign in through the hall's WLAN, with typos."""
    cities = load_atlas().cities
    far = [c for c in cities_of() if distance_km(c, stage.org.hq_city) > 1_500]
    far = [c for c in far if cities[c].country != stage.org.blocked_country]
    hall = home_line(stage.rng.choice(far), stage.rng)
    for user in stage.victims(40, lambda user: user.trip is None and user.is_worker):
        user.trip = trip = journey(user, hall.true_city, stage.end_of_day_ms + stage.hours(12), stage.rng)
        trip.hotel = hall
        device, at_ms = user.browser.on(stage.day), trip.arrives_ms + stage.rng.randrange(6 * HOUR_MS)
        if stage.rng.random() < 0.15:
            stage.fail(at_ms - 12_000, user.actor, hall, device)
        stage.enter(at_ms, user.actor, hall, device)


def new_phone_abroad(stage: Stage) -> None:
    """A traveller signs in with a phone bought abroad, a day after the last login at home."""
    (user,) = stage.victims(1, lambda user: user.trip is None)
    city = stage.rng.choice([c for c in cities_of() if load_atlas().cities[c].country != stage.org.blocked_country])
    user.trip = trip = journey(user, city, stage.end_of_day_ms + stage.hours(12), stage.rng)
    user.phone = phone(stage.rng)
    at_ms = trip.arrives_ms + stage.hours(5)
    stage.enter(at_ms, user.actor, trip.hotel, user.phone.on(stage.day))


def returns_after_leave(stage: Stage) -> None:
    """Somebody comes back after months of leave, on their own computer at home."""
    dormant = [user for user in stage.org.users if user.is_dormant and not user.is_taken]
    if not dormant:
        return
    user = stage.rng.choice(dormant)
    user.is_taken = True
    device, at_ms = user.browser.on(stage.day), stage.start(8, 10, user.city)
    stage.fail(at_ms - 20_000, user.actor, user.home, device)
    stage.enter(at_ms, user.actor, user.home, device)


def clumsy_second_factor(stage: Stage) -> None:
    """The phone lies in another room: two challenges time out and one is denied by mistake, all at home."""
    people = stage.victims(1, _has_mfa)
    for user in people:
        device, at_ms = user.browser.on(stage.day), stage.start(8, 20, user.city)
        for answer in ("auth.mfa_timed_out", "auth.mfa_timed_out", "auth.mfa_denied", "auth.mfa_challenge_success"):
            stage.do(at_ms, "auth.mfa_challenge_sent", user.actor, user.home, device)
            stage.do(at_ms + 45_000, answer, user.actor, user.home, device)
            at_ms += 70_000
        stage.enter(at_ms, user.actor, user.home, device)


def _has_mfa(user: User) -> bool:
    return user.mfa


TWINS = (
    Family("migration", migration, _OWN),
    Family("password_reset", password_reset, _OWN),
    Family("outage", outage, _OWN),
    Family("lost_password", lost_password, _OWN),
    Family("stale_client", stale_client, _OWN),
    Family("conference", conference, _OWN),
    Family("new_phone_abroad", new_phone_abroad, _OWN),
    Family("returns_after_leave", returns_after_leave, _OWN),
    Family("clumsy_second_factor", clumsy_second_factor, _OWN),
)
