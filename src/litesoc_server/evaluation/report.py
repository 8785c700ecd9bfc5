"""The figures of many seeds together: recall, precision, false alarms, times to the first alarm, with their intervals."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import msgspec

from litesoc_server.evaluation.intervals import Estimate, mean, share
from litesoc_server.evaluation.results import CampaignResult, SeedResult, SystemResult, Tally
from litesoc_server.evaluation.run import OURS

TRAVEL, TRAVEL_FAMILY = "impossible_travel", "travel_takeover"
DISTRIBUTED_FAMILIES = frozenset({"stuffing"})  # those of at most 4 attempts an address
CAMPAIGN_MS, CAMPAIGN_ATTEMPTS = 60_000, 50
_DAYS_PER_MONTH = 30
_CREDENTIAL_CAMPAIGN = ("credential_stuffing", "password_spray")


class FamilyReport(msgspec.Struct, frozen=True):
    """One family of attacks, or one variant of it."""

    family: str
    variant: str  # "all", or speed/place
    recall: Estimate
    precision: Estimate  # of the detectors that found it: their incidents that are about some attack
    detectors: dict[str, int]  # how many of the campaigns each found
    incidents_per_campaign: float | None  # of those found
    events_to_alarm: float | None  # median
    seconds_to_alarm: float | None  # median


class TwinReport(msgspec.Struct, frozen=True):
    """One benign event that looks like an attack."""

    family: str
    staged: int
    alarmed: Estimate  # share that led to an alert
    incidents_count: int


class DetectorReport(msgspec.Struct, frozen=True):
    """One detector."""

    detector: str
    precision: Estimate
    incidents_count: int
    quiet_per_1000_user_days: Estimate  # in organisations without attacks


class TravelReport(msgspec.Struct, frozen=True):
    """The travel detector on takeovers that travel alone gives away."""

    recall_new_device: Estimate  # the attacker's browser and system are new
    recall_copied_agent: Estimate  # they are the victim's
    found_by_any: Estimate  # by whichever detector
    precision: Estimate
    quiet_per_1000_user_days: Estimate


class DistributedReport(msgspec.Struct, frozen=True):
    """Campaigns of at most four attempts an address."""

    in_time: Estimate  # an alert within 60 s or 50 attempts
    successes_flagged: Estimate
    false_campaigns_per_org_month: Estimate


class SystemReport(msgspec.Struct, frozen=True):
    """One system on one set of seeds."""

    system: str
    recall: Estimate
    precision: Estimate
    quiet_per_1000_user_days: Estimate
    attacked_per_1000_user_days: Estimate  # all incidents, true ones too
    alarms_per_1000_user_days: float
    families: list[FamilyReport]
    variants: list[FamilyReport]
    twins: list[TwinReport]
    detectors: list[DetectorReport]
    travel: TravelReport
    distributed: DistributedReport


def report_of(system: str, seeds: Sequence[SeedResult]) -> SystemReport:
    """Return the figures of ``system`` over ``seeds``."""
    runs = [(seed, seed.systems[system]) for seed in seeds]
    campaigns = [campaign for _, run in runs for campaign in run.campaigns]
    attacks = [campaign for campaign in campaigns if campaign.is_attack]
    tallies = _tallies(run for _, run in runs)
    true = sum(run.incidents.true for _, run in runs)
    false = sum(run.incidents.false for _, run in runs)
    user_days = sum(seed.quiet_user_days + seed.attacked_user_days for seed in seeds)
    return SystemReport(
        system=system,
        recall=_recall(attacks),
        precision=share(true, true + false),
        quiet_per_1000_user_days=_quiet(seeds, lambda seed: seed.systems[system].incidents),
        attacked_per_1000_user_days=mean(
            [1000 * _all_attacked(seed.systems[system].incidents) / seed.attacked_user_days for seed in seeds]
        ),
        alarms_per_1000_user_days=1000 * sum(run.alarms_count for _, run in runs) / user_days,
        families=_families(attacks, tallies, lambda campaign: (campaign.family, "all")),
        variants=_families(attacks, tallies, lambda campaign: (campaign.family, f"{campaign.speed}/{campaign.place}")),
        twins=_twins(campaigns),
        detectors=[
            DetectorReport(
                name,
                share(tally.true, tally.true + tally.false),
                tally.true + tally.false,
                _quiet(seeds, lambda seed, name=name: seed.systems[system].detectors.get(name, Tally())),
            )
            for name, tally in sorted(tallies.items())
        ],
        travel=_travel(attacks, tallies, seeds, system),
        distributed=_distributed(attacks, seeds, system),
    )


def _all_attacked(tally: Tally) -> int:
    return tally.true + tally.twin + tally.false_attacked


def _quiet(seeds: Sequence[SeedResult], of: Callable[[SeedResult], Tally]) -> Estimate:
    return mean([1000 * of(seed).false_quiet / seed.quiet_user_days for seed in seeds])


def _recall(campaigns: Sequence[CampaignResult]) -> Estimate:
    return share(sum(campaign.is_found for campaign in campaigns), len(campaigns))


def _tallies(runs: Iterable[SystemResult]) -> dict[str, Tally]:
    total: dict[str, Tally] = defaultdict(Tally)
    for run in runs:
        for name, tally in run.detectors.items():
            sum_ = total[name]
            sum_.true += tally.true
            sum_.twin += tally.twin
            sum_.false_quiet += tally.false_quiet
            sum_.false_attacked += tally.false_attacked
    return total


def _families(
    attacks: Sequence[CampaignResult], tallies: dict[str, Tally], key: Callable[[CampaignResult], tuple[str, str]]
) -> list[FamilyReport]:
    groups: dict[tuple[str, str], list[CampaignResult]] = defaultdict(list)
    for campaign in attacks:
        groups[key(campaign)].append(campaign)
    return [_family(*name, group, tallies) for name, group in sorted(groups.items())]


def _family(family: str, variant: str, campaigns: list[CampaignResult], tallies: dict[str, Tally]) -> FamilyReport:
    found = [campaign for campaign in campaigns if campaign.is_found]
    detectors: dict[str, int] = defaultdict(int)
    for campaign in found:
        for detector in campaign.detectors:
            detectors[detector] += 1
    true = sum(tallies[name].true for name in detectors)
    false = sum(tallies[name].false for name in detectors)
    events = [c.events_to_alarm for c in found if c.events_to_alarm is not None]
    waits_ms = [c.ms_to_alarm for c in found if c.ms_to_alarm is not None]
    return FamilyReport(
        family=family,
        variant=variant,
        recall=_recall(campaigns),
        precision=share(true, true + false),
        detectors=dict(sorted(detectors.items(), key=lambda pair: -pair[1])),
        incidents_per_campaign=sum(c.incidents_count for c in found) / len(found) if found else None,
        events_to_alarm=median(events) if events else None,
        seconds_to_alarm=median(waits_ms) / 1000 if waits_ms else None,
    )


def _twins(campaigns: Sequence[CampaignResult]) -> list[TwinReport]:
    groups: dict[str, list[CampaignResult]] = defaultdict(list)
    for campaign in campaigns:
        if not campaign.is_attack:
            groups[campaign.family].append(campaign)
    return [
        TwinReport(family, len(group), _recall(group), sum(campaign.incidents_count for campaign in group))
        for family, group in sorted(groups.items())
    ]


def _travel(
    attacks: Sequence[CampaignResult], tallies: dict[str, Tally], seeds: Sequence[SeedResult], system: str
) -> TravelReport:
    physical = [campaign for campaign in attacks if campaign.family == TRAVEL_FAMILY and campaign.is_physical]
    names = [name for name in tallies if TRAVEL in name or "travel" in name]

    def recall(campaigns: list[CampaignResult]) -> Estimate:
        return share(sum(any(name in c.detectors for name in names) for c in campaigns), len(campaigns))

    true, false = sum(tallies[name].true for name in names), sum(tallies[name].false for name in names)
    return TravelReport(
        recall_new_device=recall([campaign for campaign in physical if not campaign.copies_agent]),
        recall_copied_agent=recall([campaign for campaign in physical if campaign.copies_agent]),
        found_by_any=_recall(physical),
        precision=share(true, true + false),
        quiet_per_1000_user_days=_quiet(seeds, lambda seed: _sum_of(seed.systems[system], names)),
    )


def _sum_of(run: SystemResult, names: Sequence[str]) -> Tally:
    return Tally(false_quiet=sum(run.detectors[name].false_quiet for name in names if name in run.detectors))


def _distributed(attacks: Sequence[CampaignResult], seeds: Sequence[SeedResult], system: str) -> DistributedReport:
    campaigns = [campaign for campaign in attacks if campaign.family in DISTRIBUTED_FAMILIES]
    in_time = sum(
        (c.ms_to_alarm is not None and c.ms_to_alarm <= CAMPAIGN_MS)
        or (c.events_to_alarm is not None and c.events_to_alarm <= CAMPAIGN_ATTEMPTS)
        for c in campaigns
    )
    months = [seed.orgs_count * seed.days / _DAYS_PER_MONTH for seed in seeds]
    false = [
        sum(
            tally.false_quiet + tally.false_attacked
            for name, tally in seed.systems[system].detectors.items()
            if name in _CREDENTIAL_CAMPAIGN or "stuffing" in name or "spray" in name
        )
        for seed in seeds
    ]
    return DistributedReport(
        in_time=share(in_time, len(campaigns)),
        successes_flagged=share(sum(c.flagged_count for c in campaigns), sum(c.successes_count for c in campaigns)),
        false_campaigns_per_org_month=mean([count / month for count, month in zip(false, months, strict=True)]),
    )


def throughput(seeds: Sequence[SeedResult]) -> tuple[float, float]:
    """Return events a second: of simulation and detection together, and of detection alone."""
    events = sum(seed.events_count for seed in seeds)
    return events / sum(seed.seconds for seed in seeds), events / sum(seed.detect_seconds for seed in seeds)


def ours(reports: Sequence[SystemReport]) -> SystemReport:
    """Return our own report among several."""
    return next(report for report in reports if report.system == OURS)
