"""Plans and their limits as they are unless the operator changes them: the hosted service's figures (contract 3.8).

What is in force, the operator's changes among it, says orgs.plan_rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

UNLIMITED = 0  # how an organisation's own limit says "no limit" where the plan has one
RETENTION_DAYS_MAX = 3650  # an event store keeps its rows' expiry as a date; ten years are far from its end


class PlanName(StrEnum):
    """The only names that clients know; the Node SDK takes any other for "no management API"."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class Feature(StrEnum):
    """What a plan may include beyond collecting events, listing them and instant alerts."""

    ALERTS_API = "alerts_api"
    NETWORK_INTELLIGENCE = "network_intelligence"  # places, VPN and the like, shown with events and alerts
    BEHAVIOURAL_DETECTION = "behavioural_detection"  # impossible travel, geo-anomaly
    NOTIFICATIONS = "notifications"
    AUDIT_LOG = "audit_log"
    WILDCARD_ORIGINS = "wildcard_origins"
    SSO = "sso"
    IP_ALLOW_LIST = "ip_allow_list"
    CUSTOM_THREAT_MODELS = "custom_threat_models"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One plan, or one organisation's version of it. None means: no limit."""

    name: PlanName  # as clients know it
    title: str  # as people read it
    monthly_events_limit: int | None
    rate_limit_per_minute: int | None  # events
    retention_days: int
    origins_limit: int | None  # authorised browser origins
    alerts_page_limit: int  # rows
    features: frozenset[Feature]


EVENTS_PAGE_LIMIT = 100  # rows, on every plan (contract 1.6)
EVENTS_PAGE_DEFAULT = 50
ALERTS_PAGE_DEFAULT = 100

_PRO_FEATURES = frozenset(
    {
        Feature.ALERTS_API,
        Feature.NETWORK_INTELLIGENCE,
        Feature.BEHAVIOURAL_DETECTION,
        Feature.NOTIFICATIONS,
        Feature.AUDIT_LOG,
        Feature.WILDCARD_ORIGINS,
    }
)

# From the smallest to the largest: the first one with a feature is the one to ask for.
PLAN_DEFAULTS: Mapping[PlanName, Plan] = {
    PlanName.FREE: Plan(
        name=PlanName.FREE,
        title="Free",
        monthly_events_limit=5_000,
        rate_limit_per_minute=60,
        retention_days=7,
        origins_limit=1,
        alerts_page_limit=200,
        features=frozenset(),
    ),
    PlanName.PRO: Plan(
        name=PlanName.PRO,
        title="Pro",
        monthly_events_limit=50_000,
        rate_limit_per_minute=300,
        retention_days=30,
        origins_limit=5,
        alerts_page_limit=200,
        features=_PRO_FEATURES,
    ),
    PlanName.ENTERPRISE: Plan(
        name=PlanName.ENTERPRISE,
        title="Enterprise",
        monthly_events_limit=None,
        rate_limit_per_minute=1_200,
        retention_days=90,
        origins_limit=None,
        alerts_page_limit=500,
        features=frozenset(Feature),
    ),
}


class HasPlan(Protocol):
    """What is read of an organisation: its plan and its own limits, None where the plan's hold."""

    @property
    def plan(self) -> str: ...  # noqa: D102 # fields of the model, described there
    @property
    def monthly_events_override(self) -> int | None: ...  # noqa: D102
    @property
    def rate_per_minute_override(self) -> int | None: ...  # noqa: D102
    @property
    def retention_days_override(self) -> int | None: ...  # noqa: D102
    @property
    def retention_days_chosen(self) -> int | None: ...  # noqa: D102


def with_own_limits(plan: Plan, org: HasPlan) -> Plan:
    """Return ``plan`` with an organisation's own limits in place of the plan's."""
    allowed = plan.retention_days if org.retention_days_override is None else org.retention_days_override
    return replace(
        plan,
        monthly_events_limit=_limit(org.monthly_events_override, plan.monthly_events_limit),
        rate_limit_per_minute=_limit(org.rate_per_minute_override, plan.rate_limit_per_minute),
        retention_days=allowed if org.retention_days_chosen is None else min(allowed, org.retention_days_chosen),
    )


def _limit(own: int | None, of_plan: int | None) -> int | None:
    if own is None:
        return of_plan
    return None if own == UNLIMITED else own
