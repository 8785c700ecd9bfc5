"""How many events there will be by the end of the month, if the coming days are like the last four weeks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

DAYS_LOOKED_AT = 28
DAYS_MIN = 3  # whole days; of fewer nothing can be said
HALF_LIFE_DAYS = 7.0  # a day a week ago counts half
_Z = 1.282  # of a normal distribution: four times out of five the sum lies between mean minus and plus so many deviations


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a month will come to."""

    expected: int
    low: int  # four times out of five it is between these two
    high: int
    days_looked_at: int
    full_in_days: float | None  # from now until the limit is reached, if that is expected this month


def forecast(past: Sequence[int], *, used: int, days_left: float, limit: int | None) -> Forecast | None:
    """Forecast from ``past``, the events of whole days, the newest last; None where there are too few of them.

    The mean of the days, newer ones counting more, goes on for ``days_left``. The range comes from how much the days differ
    and from how well so few of them tell their mean.
    """
    days = past[-DAYS_LOOKED_AT:]
    if len(days) < DAYS_MIN:
        return None
    weights = [2.0 ** (-age / HALF_LIFE_DAYS) for age in range(len(days))][::-1]
    total = math.fsum(weights)
    mean = math.fsum(weight * events for weight, events in zip(weights, days, strict=True)) / total
    variance = math.fsum(weight * (events - mean) ** 2 for weight, events in zip(weights, days, strict=True)) / total
    worth_days = total**2 / math.fsum(weight**2 for weight in weights)  # so many days of equal weight tell as much
    deviation = math.sqrt(variance * days_left + variance * days_left**2 / worth_days)
    expected = used + mean * days_left
    is_reached = limit is not None and used < limit <= expected
    return Forecast(
        expected=round(expected),
        low=max(used, round(expected - _Z * deviation)),
        high=round(expected + _Z * deviation),
        days_looked_at=len(days),
        full_in_days=(limit - used) / mean if is_reached and limit is not None else None,
    )
