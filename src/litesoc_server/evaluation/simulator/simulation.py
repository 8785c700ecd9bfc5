"""The stream of a simulated population: days are lived one after the other, attacks and twins are staged in them."""

import heapq
import itertools
from collections.abc import Iterator
from random import Random

import msgspec

from litesoc_server.evaluation.simulator.attacks.base import Family
from litesoc_server.evaluation.simulator.attacks.registry import FAMILIES
from litesoc_server.evaluation.simulator.behaviour import Behaviour
from litesoc_server.evaluation.simulator.clock import DAY_MS, HOUR_MS
from litesoc_server.evaluation.simulator.ledger import Ledger, Speed
from litesoc_server.evaluation.simulator.maker import LOGIN_SUCCEEDED, Maker
from litesoc_server.evaluation.simulator.noise import disturb
from litesoc_server.evaluation.simulator.population import Login, Organisation, World, build_world
from litesoc_server.evaluation.simulator.stage import Stage
from litesoc_server.evaluation.simulator.twins import sign_in, work
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId

START_MS = 1_767_571_200_000  # Monday 5 January 2026, 00:00 UTC
TWINS: tuple[Family, ...] = (*sign_in.TWINS, *work.TWINS)
_DORMANT_DAYS = (110, 100)  # before the start: when dormant accounts were last used, three times
_WARM_UP_DAYS = 14  # detectors learn what is usual before the first attack


class Plan(msgspec.Struct, frozen=True):
    """What to simulate."""

    seed: int = 1
    users: int = 20_000
    days: int = 60
    start_ms: int = START_MS  # Unix ms, the beginning of a UTC day
    attacks_per_org_day: float = 1.0  # in attacked organisations
    twins_per_org_day: float = 0.5
    families: frozenset[str] = frozenset()  # of attacks; empty: all
    repeats: bool = True  # some events come twice under their id, see noise

    @property
    def warm_up_days(self) -> int:
        """How many days pass before the first attack."""
        return min(_WARM_UP_DAYS, self.days // 3)


class Simulation:
    """One run. Iterate over ``events`` once; the ledger is complete when they have ended."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world: World = build_world(plan.seed, plan.users)
        self.ledger = Ledger()
        self._maker = Maker(plan.seed)
        self._behaviour = Behaviour(plan.seed, self.world, self._maker)
        self._rng = Random(f"attacks|{plan.seed}")
        self._decks: dict[bool, Iterator[tuple[Family, Speed]]] = {}
        self.day = 0  # the one that is lived, for progress

    def events(self) -> Iterator[Event]:
        """Yield every event in order of arrival. Holds about two days of them at a time."""
        return disturb(self._in_order(), self.plan.seed, repeats=self.plan.repeats)

    def _in_order(self) -> Iterator[Event]:
        """Yield events in order of their true time."""
        yield from self._before()
        waiting: list[tuple[int, int, Event]] = []
        number = itertools.count()
        for day in range(self.plan.days):
            self.day = day
            day_ms = self.plan.start_ms + self.day * DAY_MS
            events: list[Event] = []
            logins: dict[OrgId, list[Login]] = {}
            for org in self.world.orgs:
                logins[org.org_id] = self._behaviour.logins = []
                for user in org.users:
                    self._behaviour.live(user, self.day, day_ms, events.append)
            self._stage(day_ms, events, logins)
            for event in events:
                heapq.heappush(waiting, (event.received_at_ms, next(number), event))
            # People in the east begin their day before it is day in UTC.
            until_ms = day_ms + DAY_MS - 16 * HOUR_MS
            while waiting and waiting[0][0] < until_ms:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _before(self) -> Iterator[Event]:
        """Yield the logins that dormant accounts made long ago."""
        events: list[Event] = []
        rng = Random(f"dormant|{self.plan.seed}")
        for org in self.world.orgs:
            for user in org.users:
                if user.is_dormant:
                    for _ in range(4):
                        at_ms = self.plan.start_ms - int(rng.uniform(*_DORMANT_DAYS) * DAY_MS)
                        device = user.browser.on(0)
                        events.append(self._maker.make(org, at_ms, LOGIN_SUCCEEDED, user.actor, user.home, device))
        events.sort(key=lambda event: event.received_at_ms)
        yield from events

    def _stage(self, day_ms: int, events: list[Event], logins: dict[OrgId, list[Login]]) -> None:
        plan, rng = self.plan, self._rng
        if self.day < plan.warm_up_days or self.day >= plan.days - 1:
            return
        for org in self.world.orgs:
            if not org.is_attacked:
                continue
            for is_attack, rate in ((True, plan.attacks_per_org_day), (False, plan.twins_per_org_day)):
                for _ in range(int(rate) + (rng.random() < rate % 1)):
                    self._launch(org, day_ms, events, logins[org.org_id], is_attack=is_attack)

    def _launch(self, org: Organisation, day_ms: int, events: list[Event], logins: list[Login], *, is_attack: bool) -> None:
        family, speed = next(self._deck(is_attack))
        rng = self._rng
        campaign = self.ledger.open(family.name, speed, rng.choice(family.places), org.org_id, is_attack=is_attack)
        stage = Stage(
            campaign,
            ledger=self.ledger,
            world=self.world,
            org=org,
            maker=self._maker,
            rng=rng,
            day=self.day,
            day_ms=day_ms,
            logins=logins,
            emit=events.append,
        )
        family.launch(stage)
        if not campaign.events_count:  # there was no victim
            self.ledger.campaigns.pop()

    def _deck(self, is_attack: bool) -> Iterator[tuple[Family, Speed]]:  # noqa: FBT001 - the key of a dictionary
        deck = self._decks.get(is_attack)
        if deck is None:
            wanted = self.plan.families
            families = [f for f in FAMILIES if not wanted or f.name in wanted] if is_attack else list(TWINS)
            deck = self._decks[is_attack] = self._dealt(families)
        return deck

    def _dealt(self, families: list[Family]) -> Iterator[tuple[Family, Speed]]:
        """Yield every family in every speed once, shuffled, and begin again."""
        while True:
            cards = [(family, speed) for family in families for speed in Speed]
            self._rng.shuffle(cards)
            yield from cards
