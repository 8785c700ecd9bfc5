"""Which detectors a plan includes (contract 3.8)."""

from litesoc_server.orgs.plans import Feature, Plan
from litesoc_server.pipeline.detect.registry import DETECTORS

# Instant alerts and brute force are on every plan. Whatever is not named here compares people with their own habits or with
# each other: behavioural detection, which the plan free has not.
ON_EVERY_PLAN = frozenset(
    {
        "instant_alert",
        "brute_force_address",
        "brute_force_account",
        "slow_brute_force",
        "success_after_failures",
        "password_spray",
        "credential_stuffing",
    }
)
BEHAVIOURAL = frozenset(detector.id for detector in DETECTORS) - ON_EVERY_PLAN


def detectors_left_out(plan: Plan) -> frozenset[str]:
    """Return the ids of the detectors that ``plan`` does not include."""
    return frozenset() if Feature.BEHAVIOURAL_DETECTION in plan.features else BEHAVIOURAL
