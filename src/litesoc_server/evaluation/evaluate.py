"""The whole evaluation: seeds that detection was developed on and seeds held out, ours and the baselines."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from litesoc_server.evaluation.baselines.registry import new_baselines
from litesoc_server.evaluation.goals import Goal, goals_of
from litesoc_server.evaluation.parallel import run_all
from litesoc_server.evaluation.reauth import Curve, ReauthResult, curves_of, run_reauth
from litesoc_server.evaluation.report import SystemReport, ours, report_of, throughput
from litesoc_server.evaluation.results import SeedResult
from litesoc_server.evaluation.run import run_seed
from litesoc_server.evaluation.simulator.simulation import Plan

DEVELOPMENT_SEED, HELD_OUT_SEED = 1, 1_001  # the first of each; nobody looks at held-out runs while changing a detector
REAUTH_USERS = 1_000
_Either: TypeAlias = SeedResult | ReauthResult


class Settings(msgspec.Struct, frozen=True):
    """How much to run."""

    seeds: int
    held_out: int
    users: int
    days: int
    attacks_per_org_day: float = 1.0
    has_baselines: bool = True


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work for a process."""

    plan: Plan
    has_baselines: bool = False
    is_reauth: bool = False


class SetReport(msgspec.Struct, frozen=True):
    """What one set of seeds comes to."""

    name: str
    seeds: list[int]
    systems: list[SystemReport]
    curves: list[Curve]
    goals: list[Goal]


class Evaluation(msgspec.Struct, frozen=True):
    """Everything measured; the JSON report."""

    settings: Settings
    sets: list[SetReport]
    events_count: int
    events_per_s: float  # of CPU time of one process: simulation, detection and baselines
    detect_events_per_s: float  # detection alone


def ticks_count(settings: Settings) -> int:
    """Return how many ticks (days lived) an evaluation takes."""
    return sum(part.plan.days for parts in _parts(settings).values() for part in parts)


def evaluate(settings: Settings, *, jobs: int, advance: Callable[[int], None]) -> Evaluation:
    """Run everything in ``jobs`` processes; ``advance`` hears of the ticks that passed."""
    parts = _parts(settings)
    names = {part.plan.seed: name for name, listed in parts.items() for part in listed}
    done: dict[str, list[_Either]] = {name: [] for name in parts}
    everything = [part for listed in parts.values() for part in listed]
    for result in run_all(run_part, everything, jobs=jobs, advance=advance):
        done[names[result.seed]].append(result)
    sets = [_set_report(name, sorted(results, key=_order)) for name, results in done.items()]
    runs = [result for results in done.values() for result in results if isinstance(result, SeedResult)]
    overall, alone = throughput(runs)
    return Evaluation(settings, sets, sum(run.events_count for run in runs), overall, alone)


def run_part(part: Part, tick: Callable[[int], None]) -> _Either:
    """Do one piece of work."""
    if part.is_reauth:
        return run_reauth(part.plan, tick)
    return run_seed(part.plan, new_baselines() if part.has_baselines else (), tick)


def _parts(settings: Settings) -> dict[str, list[Part]]:
    sets = {"development": (DEVELOPMENT_SEED, settings.seeds), "held out": (HELD_OUT_SEED, settings.held_out)}
    return {name: _parts_of(settings, first, count) for name, (first, count) in sets.items() if count}


def _parts_of(settings: Settings, first: int, count: int) -> list[Part]:
    parts: list[Part] = []
    for seed in range(first, first + count):
        plan = Plan(seed=seed, users=settings.users, days=settings.days, attacks_per_org_day=settings.attacks_per_org_day)
        parts.append(Part(plan=plan, has_baselines=settings.has_baselines))
        quiet = msgspec.structs.replace(
            plan, users=min(settings.users, REAUTH_USERS), attacks_per_org_day=0.0, twins_per_org_day=0.0
        )
        parts.append(Part(plan=quiet, is_reauth=True))
    return parts


def _order(result: _Either) -> int:
    return result.seed


def _set_report(name: str, results: list[_Either]) -> SetReport:
    runs = [result for result in results if isinstance(result, SeedResult)]
    curves = curves_of([result for result in results if isinstance(result, ReauthResult)])
    systems = [report_of(system, runs) for system in runs[0].systems]
    return SetReport(name, [run.seed for run in runs], systems, curves, goals_of(ours(systems), curves))
