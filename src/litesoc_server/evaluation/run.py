"""Runs one seed: the simulated events stream through the real detectors, and through the baselines beside them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from litesoc_server.evaluation.alarms import Alarm, IncidentBook, alarm_of, campaign_of
from litesoc_server.evaluation.results import CampaignResult, SeedResult, SystemResult, Tally
from litesoc_server.evaluation.simulator.ledger import Campaign, Ledger
from litesoc_server.evaluation.simulator.population import World
from litesoc_server.evaluation.simulator.simulation import Plan, Simulation
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

OURS = "litesoc"
STATE_KEYS_MAX = 4_000_000
_RECENT_MAX = 50_000  # events; a repeat comes within a minute


class Baseline(Protocol):
    """Somebody else's rules, to compare with."""

    name: str

    def examine(self, event: Event) -> Sequence[Alarm]:
        """Return what fires on ``event``. An event that comes again is not handed over again."""
        ...


class SimulatedPolicies:
    """Default settings; every organisation blocks one country."""

    def __init__(self, world: World) -> None:
        self._policies = {
            org.org_id: DetectionPolicy(blocked_countries=frozenset({org.blocked_country})) for org in world.orgs
        }

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        """Return the organisation's policy."""
        return self._policies[org_id]


class Scorer:
    """Notes for one system which campaigns its alarms are about."""

    def __init__(self, ledger: Ledger) -> None:
        self.alarms_count = 0
        self._ledger = ledger
        self._book = IncidentBook()
        self._results: dict[int, CampaignResult] = {}
        self._incidents_of: dict[int, set[int]] = {}
        self._unflagged: dict[int, set[str]] = {}

    def add(self, alarm: Alarm, events_seen: Sequence[int]) -> None:
        """Take in an alarm; ``events_seen`` tells how many events of each campaign have come by now."""
        self.alarms_count += 1
        number = campaign_of(alarm, self._ledger.campaign_of)
        incident = self._book.add(alarm, number)
        if number is None:
            return
        campaign = self._ledger.campaigns[number]
        result = self._results.get(number)
        if result is None:
            result = self._results[number] = _result_of(campaign)
            result.events_to_alarm = events_seen[number]
            result.ms_to_alarm = max(0, alarm.at_ms - campaign.start_ms)
            self._unflagged[number] = set(campaign.successes)
        if alarm.detector not in result.detectors:
            result.detectors.append(alarm.detector)
        self._incidents_of.setdefault(number, set()).add(incident)
        self._unflagged[number] -= {alarm.trigger_event_id, *alarm.event_ids}

    def finish(self, attacked: frozenset[OrgId]) -> SystemResult:
        """Return what it comes to, now that the ledger is complete."""
        for campaign in self._ledger.campaigns:
            result = self._results.setdefault(campaign.number, _result_of(campaign))
            result.successes_count = len(campaign.successes)
            unflagged = self._unflagged.get(campaign.number, set(campaign.successes))
            result.flagged_count = len(campaign.successes) - len(unflagged)
            result.incidents_count = len(self._incidents_of.get(campaign.number, ()))
            result.events_count = campaign.events_count
        done = SystemResult([self._results[c.number] for c in self._ledger.campaigns], alarms_count=self.alarms_count)
        for incident in self._book.incidents:
            is_attacked = incident.org_id in attacked
            self._count(done.incidents, set[int | None]().union(*incident.detectors.values()), is_attacked=is_attacked)
            for detector, campaigns in incident.detectors.items():
                self._count(done.detectors.setdefault(detector, Tally()), campaigns, is_attacked=is_attacked)
        return done

    def _count(self, tally: Tally, campaigns: set[int | None], *, is_attacked: bool) -> None:
        known = [self._ledger.campaigns[number].is_attack for number in campaigns if number is not None]
        if any(known):
            tally.true += 1
        elif known:
            tally.twin += 1
        elif is_attacked:
            tally.false_attacked += 1
        else:
            tally.false_quiet += 1


def _result_of(campaign: Campaign) -> CampaignResult:
    return CampaignResult(
        family=campaign.family,
        speed=campaign.speed,
        place=campaign.place,
        is_attack=campaign.is_attack,
        copies_agent=campaign.copies_agent,
        is_physical=campaign.is_physical,
        events_count=campaign.events_count,
    )


def run_seed(plan: Plan, baselines: Sequence[Baseline], tick: Callable[[int], None]) -> SeedResult:
    """Simulate ``plan`` and judge it by our detectors and by ``baselines``; ``tick`` hears how many days have passed."""
    started = time.process_time()
    simulation = Simulation(plan)
    ledger, world = simulation.ledger, simulation.world
    runner = DetectionRunner(MemoryState(STATE_KEYS_MAX), DETECTORS, SimulatedPolicies(world), score)
    ours = Scorer(ledger)
    theirs = [(baseline, Scorer(ledger)) for baseline in baselines]
    seen = _Seen(ledger)
    detect_seconds = 0.0
    events_count = 0
    for event in _events(simulation, tick):
        is_fresh = seen.take(event)
        events_count += 1
        begins = time.process_time()
        outcome = runner.run((event,))  # one by one, so that it is known how many events an alarm took
        detect_seconds += time.process_time() - begins
        for detection in outcome.detections:
            if detection.suppressed_by is None:
                ours.add(alarm_of(detection), seen.counts)
        for baseline, scorer in theirs if is_fresh else ():
            for alarm in baseline.examine(event):
                scorer.add(alarm, seen.counts)
    attacked = frozenset(org.org_id for org in world.orgs if org.is_attacked)
    attacked_users = sum(len(org.users) for org in world.orgs if org.is_attacked)
    systems = {OURS: ours.finish(attacked)}
    systems.update((baseline.name, scorer.finish(attacked)) for baseline, scorer in theirs)
    return SeedResult(
        seed=plan.seed,
        users=plan.users,
        days=plan.days,
        quiet_user_days=(world.users_count - attacked_users) * plan.days,
        attacked_user_days=attacked_users * plan.days,
        orgs_count=len(world.orgs),
        events_count=events_count,
        seconds=time.process_time() - started,
        detect_seconds=detect_seconds,
        systems=systems,
    )


class _Seen:
    """Counts the events of each campaign that have come, and finds those that came before."""

    def __init__(self, ledger: Ledger) -> None:
        self.counts: list[int] = []
        self._ledger = ledger
        self._recent: OrderedDict[str, None] = OrderedDict()

    def take(self, event: Event) -> bool:
        """Return whether ``event`` had not come before."""
        if event.event_id in self._recent:
            return False
        self._recent[event.event_id] = None
        if len(self._recent) > _RECENT_MAX:
            self._recent.popitem(last=False)
        number = self._ledger.campaign_of.get(event.event_id)
        if number is not None:
            self.counts.extend([0] * (len(self._ledger.campaigns) - len(self.counts)))
            self.counts[number] += 1
        return True


def _events(simulation: Simulation, tick: Callable[[int], None]) -> Iterator[Event]:
    day = 0
    for event in simulation.events():
        yield event
        if simulation.day != day:
            tick(simulation.day - day)
            day = simulation.day
    tick(simulation.plan.days - day)
