"""Intervals: how far a measured share or mean may be off, at 95 % confidence."""

from collections.abc import Sequence
from math import sqrt
from random import Random

import msgspec

_Z = 1.96
_RESAMPLES = 2_000


class Estimate(msgspec.Struct, frozen=True):
    """A figure and its interval at 95 % confidence; all None when there was nothing to measure."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0  # of observations


def share(hits: int, count: int) -> Estimate:
    """Return hits / count with Wilson's interval (Wilson, JASA 22, 1927)."""
    if not count:
        return Estimate(None)
    p, z2 = hits / count, _Z * _Z
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half), count)


def mean(values: Sequence[float]) -> Estimate:
    """Return the mean over runs with its bootstrap interval (percentiles, resampled with a fixed seed)."""
    if not values:
        return Estimate(None)
    average = sum(values) / len(values)
    if len(values) == 1:
        return Estimate(average, None, None, 1)
    rng = Random(len(values))  # noqa: S311 - repeatable on purpose
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(_RESAMPLES))
    return Estimate(average, means[int(0.025 * _RESAMPLES)], means[int(0.975 * _RESAMPLES) - 1], len(values))
