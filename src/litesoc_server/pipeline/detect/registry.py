"""Every detector, in the order in which they see an event.

Those that mark risky logins stand before those that look for marks, and the one that counts all guesses at accounts that do
not exist before those that say how many there are.
"""

from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.detectors import (
    account_probing,
    account_takeover,
    api_key_abuse,
    brute_force_account,
    brute_force_address,
    credential_stuffing,
    dormant_account,
    impossible_travel,
    instant_alert,
    mass_data_access,
    mfa_fatigue,
    new_country,
    new_device,
    off_hours_admin,
    password_spray,
    privilege_escalation,
    risky_login,
    session_hijack,
    slow_brute_force,
    success_after_failures,
    suspicious_network,
)

DETECTORS: tuple[Detector, ...] = (
    account_probing.DETECTOR,
    brute_force_address.DETECTOR,
    brute_force_account.DETECTOR,
    slow_brute_force.DETECTOR,
    password_spray.DETECTOR,
    credential_stuffing.DETECTOR,
    success_after_failures.DETECTOR,
    impossible_travel.DETECTOR,
    new_country.DETECTOR,
    new_device.DETECTOR,
    suspicious_network.DETECTOR,
    risky_login.DETECTOR,
    mfa_fatigue.DETECTOR,
    session_hijack.DETECTOR,
    dormant_account.DETECTOR,
    privilege_escalation.DETECTOR,
    account_takeover.DETECTOR,
    mass_data_access.DETECTOR,
    api_key_abuse.DETECTOR,
    off_hours_admin.DETECTOR,
    instant_alert.DETECTOR,
)
