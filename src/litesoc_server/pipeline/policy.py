"""Every number a detector goes by, per organisation. Detectors read these fields and no constants of their own."""

from typing import Annotated, Protocol, TypeAlias, get_type_hints

import msgspec
from msgspec import Meta

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.privacy import PrivacyRules

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

# What a setting may be; a description beside it is what people read. A window is at most as long as state is kept.
Count: TypeAlias = Annotated[int, Meta(ge=1, le=4_000)]  # state keeps the newest 4,096 observations of a key
SmallCount: TypeAlias = Annotated[int, Meta(ge=1, le=8)]  # and the 8 latest values
UsersCount: TypeAlias = Annotated[int, Meta(ge=1, le=64)]  # and 64 members of a set
WindowMs: TypeAlias = Annotated[int, Meta(ge=1_000, le=400 * DAY_MS)]
Ratio: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Factor: TypeAlias = Annotated[float, Meta(ge=1, le=1_000)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=1_000_000)]


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's decision that certain detections need no alert. Every field that is set must match; one at least is."""

    id: str
    owner: str  # who decided
    reason: str
    expires_at_ms: int  # Unix ms, event time: no suppression is for ever
    detector: str | None = None  # its id
    actor_id: str | None = None  # personal data
    address: str | None = None  # an address or a CIDR range (personal data)


class DetectionPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one organisation. Defaults: contract 8.1 and 9 (rows 20, 21), docs/reference/detectors.md.

    A field that belongs to one detector begins with its id.
    """

    version: int = 1
    retention_days: int = 400
    privacy: PrivacyRules = PrivacyRules()

    # What is left alone.
    muted_detectors: frozenset[str] = frozenset()
    severities: dict[str, AlertSeverity] = {}  # detector id -> the severity its detections get instead of their own
    allowed_addresses: tuple[str, ...] = ()  # addresses and CIDR ranges whose events no detector looks at
    allowed_asns: frozenset[int] = frozenset()
    allowed_actors: frozenset[str] = frozenset()
    allowed_user_agents: tuple[str, ...] = ()  # beginnings of user agents
    suppressions: tuple[Suppression, ...] = ()
    blocked_countries: frozenset[str] = frozenset()  # ISO 3166-1 alpha-2: a login from there is reported

    # How detections become alerts.
    cool_down_ms: Annotated[
        WindowMs, Meta(description="More of what people have settled joins it for so long; twice as long each further time.")
    ] = HOUR_MS
    cool_down_longest_ms: Annotated[WindowMs, Meta(description="But for no longer than this.")] = DAY_MS
    storm_incidents_count: Annotated[
        Count, Meta(description="Incidents with alerts of their own; further ones are gathered in one.")
    ] = 20
    storm_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = HOUR_MS

    # What several detectors share.
    login_memory_ms: Annotated[WindowMs, Meta(description="How long a network or a device stays familiar.")] = 90 * DAY_MS
    history_count: Annotated[SmallCount, Meta(description="Earlier logins needed to say what is familiar.")] = 3
    last_logins_memory_ms: Annotated[WindowMs, Meta(description="How long an account's latest logins are remembered.")] = (
        400 * DAY_MS
    )
    org_history_count: Annotated[
        Count, Meta(description="Noted logins of an organisation needed to call something new to it.")
    ] = 20
    org_familiar_after_ms: Annotated[
        WindowMs, Meta(description="What an organisation first saw longer ago than this is familiar to it.")
    ] = DAY_MS
    risky_login_window_ms: Annotated[WindowMs, Meta(description="What follows a risky login within this is suspect.")] = (
        HOUR_MS
    )

    usual_failure_weight_ratio: Annotated[
        Ratio, Meta(description="What a failed login from a network and device familiar of its account counts.")
    ] = 0.25

    risk_memory_ms: Annotated[WindowMs, Meta(description="How long the risk score remembers what was seen once.")] = (
        180 * DAY_MS
    )

    brute_force_address_failures_count: Annotated[Count, Meta(description="Failed logins from one address.")] = 5
    brute_force_address_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = 5 * MINUTE_MS

    brute_force_address_shared_users_count: Annotated[
        UsersCount, Meta(description="An address from which so many users logged in within 7 days is a shared one.")
    ] = 3
    brute_force_address_shared_failures_count: Annotated[
        Count, Meta(description="Failed logins from a shared address instead.")
    ] = 20
    brute_force_address_shared_times_p99_ratio: Annotated[
        Positive, Meta(description="And so many times the 99th centile of its own 5-minute windows.")
    ] = 4.0
    brute_force_address_shared_account_failures_count: Annotated[
        Count, Meta(description="Or so many of them on one account.")
    ] = 8
    brute_force_address_shared_unknown_accounts_count: Annotated[
        Count, Meta(description="Or on so many accounts that do not exist.")
    ] = 5

    brute_force_account_failures_count: Annotated[Count, Meta(description="Failed logins on one account.")] = 10
    brute_force_account_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = HOUR_MS
    brute_force_account_addresses_count: Annotated[Count, Meta(description="From so many addresses on it is high.")] = 5

    brute_force_account_day_window_ms: Annotated[WindowMs, Meta(description="A longer time beside it.")] = DAY_MS
    brute_force_account_day_failures_count: Annotated[Count, Meta(description="Failed logins in the longer time.")] = 20
    brute_force_account_day_addresses_count: Annotated[
        Count, Meta(description="If they come from at least so many addresses.")
    ] = 8

    account_probing_window_ms: Annotated[WindowMs, Meta(description="How long guesses are added up.")] = DAY_MS
    account_probing_addresses_count: Annotated[
        Count, Meta(description="Addresses that try one account that does not exist.")
    ] = 5
    account_probing_unnamed_addresses_count: Annotated[
        Count, Meta(description="Addresses that try accounts whose names are not sent.")
    ] = 10

    slow_brute_force_gaps_count: Annotated[
        int, Meta(ge=3, le=48, description="Latest gaps between failed logins that are looked at.")
    ] = 6
    slow_brute_force_gap_min_ms: Annotated[WindowMs, Meta(description="The median of a slow attack's gaps, at least.")] = (
        2 * MINUTE_MS
    )
    slow_brute_force_gap_max_ms: Annotated[
        int, Meta(ge=1_000, le=DAY_MS, description="The median of a slow attack's gaps, at most.")
    ] = HOUR_MS
    slow_brute_force_variation_ratio: Annotated[
        Ratio, Meta(description="Coefficient of variation below which gaps are steady.")
    ] = 0.35

    password_spray_accounts_count: Annotated[Count, Meta(description="Accounts that exist and fail in one place.")] = 10
    password_spray_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = 10 * MINUTE_MS
    password_spray_hour_accounts_count: Annotated[Count, Meta(description="The same for a longer time.")] = 15
    password_spray_hour_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = HOUR_MS
    password_spray_day_accounts_count: Annotated[Count, Meta(description="The same for a still longer time.")] = 30
    password_spray_day_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = DAY_MS
    password_spray_addresses_count: Annotated[
        Count, Meta(description="Addresses in a range, or ranges with one client, that are one place.")
    ] = 3

    credential_stuffing_accounts_count: Annotated[
        Count, Meta(description="Accounts that fail where none of the users logs in, or that do not exist.")
    ] = 25
    credential_stuffing_existing_attempts_count: Annotated[
        Count, Meta(description="So many attempts are on accounts that exist; else it is background noise.")
    ] = 3
    credential_stuffing_addresses_count: Annotated[Count, Meta(description="Addresses they are tried from.")] = 5
    credential_stuffing_times_usual_ratio: Annotated[
        Positive, Meta(description="The limit grows by so many times what is usual at this hour of the week.")
    ] = 3.0
    credential_stuffing_window_ms: Annotated[int, Meta(ge=1_000, le=HOUR_MS, description="Within this time.")] = (
        10 * MINUTE_MS
    )
    credential_stuffing_long_window_ms: Annotated[int, Meta(ge=1_000, le=HOUR_MS, description="Or within this time.")] = (
        HOUR_MS
    )

    success_after_failures_count: Annotated[Count, Meta(description="Failed logins before the one that succeeds.")] = 5
    success_after_failures_window_ms: Annotated[WindowMs, Meta(description="Within this time before it.")] = HOUR_MS

    impossible_travel_speed_kmh: Annotated[Positive, Meta(description="Faster than this nobody travels.")] = 1000.0
    impossible_travel_distance_km: Annotated[Positive, Meta(description="Shorter distances are passed over.")] = 300.0
    impossible_travel_same_country_distance_km: Annotated[Positive, Meta(description="The same within one country.")] = (
        2000.0
    )
    impossible_travel_plain_distance_km: Annotated[
        Positive, Meta(description="So far abroad, within the next, fires even where nothing is known of the device.")
    ] = 3000.0
    impossible_travel_in_no_time_ms: Annotated[
        WindowMs, Meta(description="Within this, the distance before fires even where nothing is known of the device.")
    ] = 4 * HOUR_MS

    risky_login_likelihood_ratio: Annotated[
        Positive,
        Meta(description="A login with a new device that is so many times as likely from an attacker as from the owner."),
    ] = 1_000.0
    risky_login_known_device_likelihood_ratio: Annotated[
        Positive, Meta(description="The same with a device like one that the account has used.")
    ] = 10_000.0
    risky_login_high_likelihood_ratio: Annotated[Positive, Meta(description="From this on it is high.")] = 100_000.0

    mfa_fatigue_refusals_count: Annotated[Count, Meta(description="Refused or unanswered requests on one account.")] = 5
    mfa_fatigue_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = 10 * MINUTE_MS
    mfa_fatigue_approval_refusals_count: Annotated[
        Count, Meta(description="So many before an approval from a new address are critical.")
    ] = 3
    mfa_fatigue_approval_window_ms: Annotated[WindowMs, Meta(description="Within this time before it.")] = 15 * MINUTE_MS

    session_hijack_memory_ms: Annotated[
        WindowMs, Meta(description="How long after its last use a session is remembered.")
    ] = 7 * DAY_MS
    session_hijack_shared_accounts_count: Annotated[
        Count, Meta(description="A network in which the sessions of so many other accounts went on is the company's own.")
    ] = 3

    dormant_account_silence_ms: Annotated[WindowMs, Meta(description="Without a login for so long it is dormant.")] = (
        90 * DAY_MS
    )
    dormant_account_reset_window_ms: Annotated[
        WindowMs, Meta(description="A password reset within this before the login makes it high.")
    ] = DAY_MS

    privilege_escalation_grants_count: Annotated[Count, Meta(description="Grants by one actor.")] = 3
    privilege_escalation_window_ms: Annotated[WindowMs, Meta(description="Within this time.")] = 10 * MINUTE_MS
    privilege_escalation_fresh_account_age_ms: Annotated[
        WindowMs, Meta(description="An account younger than this is new.")
    ] = DAY_MS

    mass_data_access_deletions_count: Annotated[
        int, Meta(ge=1, le=1_000_000_000, description="Records deleted in an hour.")
    ] = 100
    mass_data_access_rows_count: Annotated[
        int, Meta(ge=1, le=1_000_000_000, description="Rows read or exported in an hour.")
    ] = 1_000
    mass_data_access_exports_count: Annotated[Count, Meta(description="Exports made in an hour.")] = 10
    mass_data_access_own_factor: Annotated[
        Factor, Meta(description="And so many times what the account does in its busy hours.")
    ] = 8.0
    mass_data_access_peers_factor: Annotated[
        Factor, Meta(description="And so many times what is done in the account's role, where events name one.")
    ] = 4.0

    mass_data_access_days_count: Annotated[
        Count, Meta(description="Earlier days with the like that are needed to say what is usual for the account.")
    ] = 5
    mass_data_access_first_factor: Annotated[
        Factor,
        Meta(description="Without those days, reading from the account's own place and device: so many times the limits."),
    ] = 20.0

    account_takeover_window_ms: Annotated[
        WindowMs, Meta(description="How far apart a login and what belongs to its takeover may be.")
    ] = DAY_MS
    account_takeover_failures_count: Annotated[
        Count,
        Meta(description="Failed logins within that time that count as a burst; or as many as make success_after_failures."),
    ] = 10
    account_takeover_stages_count: Annotated[
        int, Meta(ge=2, le=5, description="Stages, the suspicious login among them.")
    ] = 2

    api_key_abuse_baseline_ms: Annotated[
        WindowMs, Meta(description="A key must have been in use for so long to say what is new.")
    ] = 10 * DAY_MS
    api_key_abuse_uses_count: Annotated[Count, Meta(description="And so often.")] = 20
    api_key_abuse_networks_count: Annotated[
        Count, Meta(description="A key used from more networks than this is used anywhere.")
    ] = 5

    off_hours_admin_baseline_ms: Annotated[
        WindowMs, Meta(description="Administrative acts must be known for so long to say what is usual.")
    ] = 14 * DAY_MS
    # Of acts spread over 16 waking hours, 7/16 are within 3 hours of any one: none on 6 days is chance in 3 of 100 cases.
    off_hours_admin_days_count: Annotated[Count, Meta(description="And on so many days.")] = 6
    off_hours_admin_share: Annotated[
        Ratio, Meta(description="An hour is unusual if at most this share of those days had acts near it.")
    ] = 0.02
    off_hours_admin_near_hours: Annotated[int, Meta(ge=0, le=11, description="So many hours away is still near.")] = 3
    off_hours_admin_org_share: Annotated[
        Ratio, Meta(description="And at most this share of the days had acts of anybody within an hour of it.")
    ] = 0.05


def setting_descriptions() -> dict[str, str]:
    """Return what each number of a DetectionPolicy means, by the field's name."""
    described: dict[str, str] = {}
    for name, hint in get_type_hints(DetectionPolicy, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description is not None:
                described[name] = meta.description
    return described


class PolicyProvider(Protocol):
    """Where policies come from; implemented by the control plane."""

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        """Return the policy in force. Never blocks on the network and never raises: the last known one when in doubt.

        As long as it does not change, the very same object is returned.
        """
        ...
