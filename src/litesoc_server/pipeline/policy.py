"""Every number a detector goes by, per organisation. Detectors read these fields and no constants of their own."""

from typing import Protocol

import msgspec

from litesoc_server.events.ids import OrgId

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class DetectionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one organisation. Defaults: contract 8.1 and 9 (rows 20, 21), docs/reference/detectors.md."""

    version: int = 1
    muted_detectors: frozenset[str] = frozenset()
    retention_days: int = 400

    brute_force_address_failures_count: int = 5
    brute_force_address_window_ms: int = 5 * MINUTE_MS
    brute_force_account_failures_count: int = 10
    brute_force_account_window_ms: int = HOUR_MS
    brute_force_account_addresses_count: int = 5  # from so many addresses on it is high
    success_after_failures_count: int = 5
    success_after_failures_window_ms: int = HOUR_MS

    travel_speed_kmh: float = 1000.0
    travel_distance_km: float = 300.0
    travel_same_country_distance_km: float = 2000.0
    travel_history_count: int = 3
    travel_in_no_time_ms: int = HOUR_MS  # fires even where nothing can be said of the device
    login_memory_ms: int = 90 * DAY_MS  # how long a network or a device stays familiar

    grants_count: int = 3
    grants_window_ms: int = 10 * MINUTE_MS
    fresh_account_age_ms: int = DAY_MS
    risky_login_window_ms: int = HOUR_MS


class PolicyProvider(Protocol):
    """Where policies come from; implemented by the control plane."""

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        """Return the policy in force. Never blocks on the network and never raises: the last known one when in doubt."""
        ...
