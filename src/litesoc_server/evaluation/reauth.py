"""How often owners would be asked again for the score to stop attackers: the measure of Wiefling et al.

Wiefling, Jørgensen, Thunem, Lo Iacono: "Pump Up Password Security!", ACM TOPS 26(1), 2022, doi 10.1145/3546069. There are
attackers who know more and more of their victim, a threshold that stops a given share of them, and the share of an owner's
first n logins above it (median over owners). The published curves are those of the plain Freeman score on address and user
agent, read off the paper's figure (das-group/rba-dataset, CC BY 4.0; about +- 0.02).
"""

from collections.abc import Callable
from enum import StrEnum
from random import Random
from statistics import median

import msgspec

from litesoc_server.evaluation.dry_run import dry_risk
from litesoc_server.evaluation.run import STATE_KEYS_MAX, SimulatedPolicies
from litesoc_server.evaluation.simulator.atlas import cities_of, load_atlas, nets_of
from litesoc_server.evaluation.simulator.devices import computer, phone
from litesoc_server.evaluation.simulator.maker import LOGIN_SUCCEEDED, Maker
from litesoc_server.evaluation.simulator.networks import Access, access_in, home_line, same_network
from litesoc_server.evaluation.simulator.population import User
from litesoc_server.evaluation.simulator.simulation import Plan, Simulation
from litesoc_server.events.event import Device, NetworkKind
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

HISTORIES = (5, 12, 20, 39)  # logins at which the rate is taken
ATTACKS_AT = frozenset(HISTORIES)
_USERS_MAX = 600  # whose logins are kept
_AFTER_MS = 10 * 60_000  # an attack comes so long after a login: what is known of it is final by then


class Attacker(StrEnum):
    """How much an attacker knows."""

    NAIVE = "naive"  # the password
    VPN = "vpn"  # and the country
    TARGETED = "targeted"  # and city, browser and system
    VERY_TARGETED = "very targeted"  # and the provider, the exact user agent and the usual hours


class Published(msgspec.Struct, frozen=True):
    """A published curve: the attacker, the share of them that is stopped, and the rate by number of logins."""

    attacker: Attacker
    tpr: float
    rates: dict[int, float]


PUBLISHED = (
    Published(Attacker.NAIVE, 0.995, {4: 0.48, 8: 0.25, 12: 0.25, 20: 0.15, 30: 0.06, 39: 0.05}),
    Published(Attacker.VPN, 0.99, {4: 0.45, 8: 0.38, 12: 0.25, 20: 0.15, 30: 0.10, 39: 0.06}),
    Published(Attacker.TARGETED, 0.99, {4: 0.49, 8: 0.38, 12: 0.33, 20: 0.20, 39: 0.07}),
    Published(Attacker.VERY_TARGETED, 0.897, {20: 0.96, 39: 0.67}),
)


class ReauthResult(msgspec.Struct):
    """Scores of one run, as log-likelihood ratios."""

    seed: int
    owners: list[list[float]]  # of each owner, the first logins in order
    attackers: dict[str, list[float]]


class Curve(msgspec.Struct, frozen=True):
    """Our rates for one attacker, beside the published ones."""

    attacker: Attacker
    tpr: float
    threshold: float | None  # log-likelihood ratio
    rates: dict[int, float | None]  # by number of logins
    published: dict[int, float]
    attacks_count: int
    owners_count: int  # with the most logins


class _Watch:
    """The run in progress."""

    def __init__(self, plan: Plan) -> None:
        self.simulation = Simulation(plan)
        self.rng = Random(f"reauth|{plan.seed}")  # noqa: S311 - seeded
        self.maker = Maker(plan.seed + 1)
        people = [u for org in self.simulation.world.orgs for u in org.users if not u.is_service and u.people == 1]
        self.users = {user.actor.id: user for user in self.rng.sample(people, min(_USERS_MAX, len(people)))}
        self.owners: dict[str, list[float]] = {actor: [] for actor in self.users}
        self.attackers: dict[str, list[float]] = {attacker: [] for attacker in Attacker}


def run_reauth(plan: Plan, tick: Callable[[int], None]) -> ReauthResult:
    """Score the logins of a population without attacks, and of attackers at each of HISTORIES logins of an owner."""
    watch, day = _Watch(plan), 0
    policies, state = SimulatedPolicies(watch.simulation.world), MemoryState(STATE_KEYS_MAX)
    runner = DetectionRunner(state, (), policies, score)
    for event in watch.simulation.events():
        risk = runner.run((event,)).risks.get(event.event_id)
        if risk is not None and event.actor is not None and event.actor.id in watch.users:
            ratios = watch.owners[event.actor.id]
            if len(ratios) < HISTORIES[-1]:
                ratios.append(risk.log_ratio)
                if len(ratios) in ATTACKS_AT:
                    user, at_ms = watch.users[event.actor.id], event.received_at_ms + _AFTER_MS
                    _attack(watch, user, at_ms, policies.policy_for(event.org_id), state)
        if watch.simulation.day != day:
            tick(watch.simulation.day - day)
            day = watch.simulation.day
    owners = [ratios for ratios in watch.owners.values() if len(ratios) >= HISTORIES[0]]
    return ReauthResult(plan.seed, owners, watch.attackers)


def _attack(watch: _Watch, user: User, at_ms: int, policy: DetectionPolicy, state: MemoryState) -> None:
    for attacker in Attacker:
        access, device = _disguise(attacker, user, watch.simulation.day, watch.rng)
        when_ms = at_ms if attacker is Attacker.VERY_TARGETED else at_ms + watch.rng.randrange(DAY_MS)
        event = watch.maker.make(user.org, when_ms, LOGIN_SUCCEEDED, user.actor, access, device)
        risk = dry_risk(score, event, policy, state)
        if risk is not None:
            watch.attackers[attacker].append(risk.log_ratio)


def _disguise(attacker: Attacker, user: User, day: int, rng: Random) -> tuple[Access, Device]:
    anybody = (computer(rng) if rng.random() < 0.7 else phone(rng)).on(day)  # noqa: PLR2004 - as common as among users
    own = user.browser.on(day)
    match attacker:
        case Attacker.NAIVE:
            kind = rng.choice((NetworkKind.ISP, NetworkKind.HOSTING))
            return access_in(rng.choice(nets_of(kind, rng.choice(cities_of()))), rng), anybody
        case Attacker.VPN:
            return access_in(
                rng.choice(nets_of(NetworkKind.VPN, country=load_atlas().cities[user.city].country)), rng
            ), anybody
        case Attacker.TARGETED:
            return home_line(user.city, rng), computer_like(own, rng, day)
        case Attacker.VERY_TARGETED:
            return same_network(user.home, rng), Device(own.user_agent, own.browser, own.browser_major, own.os, own.kind)


def computer_like(own: Device, rng: Random, day: int) -> Device:
    """Return a device with browser and system of ``own``, updated on another day."""
    for _ in range(200):
        device = computer(rng).on(day)
        if (device.browser, device.os) == (own.browser, own.os):
            return device
    return Device(own.user_agent, own.browser, own.browser_major, own.os, own.kind)


def curves_of(results: list[ReauthResult]) -> list[Curve]:
    """Return our curve for each published one. Attackers of all histories share a threshold, as in the paper."""
    owners = [ratios for result in results for ratios in result.owners]
    curves: list[Curve] = []
    for published in PUBLISHED:
        attacks = sorted(ratio for result in results for ratio in result.attackers[published.attacker])
        # The highest threshold that still stops the wanted share: at most (1 - TPR) of the attacks lie below it.
        threshold = attacks[int((1 - published.tpr) * len(attacks))] if attacks else None
        rates = {n: None if threshold is None else _median_rate(owners, n, threshold) for n in HISTORIES}
        enough = sum(len(ratios) >= HISTORIES[-1] for ratios in owners)
        curves.append(Curve(published.attacker, published.tpr, threshold, rates, published.rates, len(attacks), enough))
    return curves


def _median_rate(owners: list[list[float]], n: int, threshold: float) -> float | None:
    rates = sorted(sum(ratio >= threshold for ratio in ratios[:n]) / n for ratios in owners if len(ratios) >= n)
    return median(rates) if rates else None
