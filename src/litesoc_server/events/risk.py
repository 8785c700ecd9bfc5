"""How risky a login is, and what the score is made of."""

import msgspec

# Features of the failed logins just before; those may still come in late.
FAILURE_FEATURES = frozenset({"account_failures", "address_failures"})


class RiskContribution(msgspec.Struct, frozen=True, gc=False):
    """One feature's share of a score. The shares of a score add up to its log-likelihood ratio."""

    feature: str  # "network", "agent", "hour_of_week", …
    text: str  # for people, e.g. "new country Brazil"
    weight: float  # natural log of the likelihood ratio, attacker over owner; negative speaks for the owner


class Risk(msgspec.Struct, frozen=True, gc=False):
    """The risk of one login, explained."""

    score: int  # 0 to 100
    log_ratio: float  # sum of the weights: what the score is a scale of
    contributions: tuple[RiskContribution, ...]  # all of them, the weightiest first
