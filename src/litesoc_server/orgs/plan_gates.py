"""What a plan includes, and the one refusal of what it does not (contract 3.8)."""

from collections.abc import Collection, Mapping

from litesoc_server.orgs.plan_rows import smallest_plan_with
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

# How tables and refusals name each feature.
FEATURE_TITLES: Mapping[Feature, str] = {
    Feature.ALERTS_API: "Alerts in the API",
    Feature.NETWORK_INTELLIGENCE: "Places and networks",
    Feature.BEHAVIOURAL_DETECTION: "Behavioural detection",
    Feature.NOTIFICATIONS: "Notifications",
    Feature.AUDIT_LOG: "Audit log",
    Feature.WILDCARD_ORIGINS: "Authorised origins with wildcards",
    Feature.SSO: "Single sign-on",
    Feature.IP_ALLOW_LIST: "IP allow-list",
    Feature.CUSTOM_THREAT_MODELS: "Custom threat models",
}
# Plans can include these already; this release has nothing of them yet.
NOT_YET = frozenset({Feature.SSO, Feature.CUSTOM_THREAT_MODELS})
_IN_SENTENCES: Mapping[Feature, str] = {
    Feature.ALERTS_API: "alerts",
    Feature.NETWORK_INTELLIGENCE: "searching by places and networks",
    Feature.SSO: "single sign-on",
    Feature.IP_ALLOW_LIST: "the IP allow-list",
    Feature.AUDIT_LOG: "the audit log",
}  # else its title in lower case


class PlanRestricted(Exception):
    """The organisation's plan lacks a feature; the text is for people, ``required`` is the plan that has it."""

    def __init__(self, feature: Feature) -> None:
        self.feature = feature
        found = smallest_plan_with(feature)
        self.required = None if found is None else found.title
        what = _IN_SENTENCES.get(feature, FEATURE_TITLES[feature].lower())
        needs = "no plan of this server does" if found is None else f"it needs {found.title} or a larger plan"
        super().__init__(f"this organisation's plan does not include {what}: {needs}")


def require_feature(features: Collection[str], feature: Feature) -> None:
    """Return if ``feature`` is among those of the plan. Raises PlanRestricted: 403 on pages and in the API."""
    if feature not in features:
        raise PlanRestricted(feature)


def detectors_left_out(plan: Plan) -> frozenset[str]:
    """Return the ids of the detectors that ``plan`` does not include."""
    return frozenset() if Feature.BEHAVIOURAL_DETECTION in plan.features else BEHAVIOURAL
