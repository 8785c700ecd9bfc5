"""From a log-likelihood ratio to a score of 0 to 100: by how few of the organisation's own logins are as risky."""

from math import exp, floor, log10

from litesoc_server.pipeline.risk.community import RATIO_MAX, RATIO_MIN, Community

# 30 points for each tenfold rarity: 30 = riskier than 90 of 100 logins, 60 = than 99, 90 = than 999 of 1,000.
POINTS_PER_DECADE = 30
# Until enough logins are known: a logistic curve with the median and slope of ordinary logins in benchmarks/risk_score.py.
_PRIOR_LOGINS = 200
_PRIOR_MEDIAN = -7.0
_PRIOR_SLOPE = 1.6


def score_of(log_ratio: float, community: Community) -> int:
    """Return the score, 0 to 100. A higher ratio never scores lower against the same community."""
    share = riskier_share(log_ratio, community)
    return min(100, round(-POINTS_PER_DECADE * log10(share)))


def riskier_share(log_ratio: float, community: Community) -> float:
    """Return which share of the organisation's logins is expected to be as risky: above 0, at most 1."""
    total = sum(community.ratios)
    return (_PRIOR_LOGINS * _prior_share(log_ratio) + _count_above(log_ratio, community)) / (_PRIOR_LOGINS + total)


def _prior_share(log_ratio: float) -> float:
    return 1 / (1 + exp(min((log_ratio - _PRIOR_MEDIAN) / _PRIOR_SLOPE, 300)))


def _count_above(log_ratio: float, community: Community) -> float:
    """Return how many sampled logins had a higher ratio, those of its own bin in proportion."""
    if log_ratio >= RATIO_MAX:
        return 0.0
    if log_ratio < RATIO_MIN:
        return float(sum(community.ratios))
    index = floor(log_ratio) - RATIO_MIN
    part = 1 - (log_ratio - floor(log_ratio))
    return sum(community.ratios[index + 1 :]) + community.ratios[index] * part
