"""Every detector, in the order in which they see an event: those that mark risky logins before those that look for marks."""

from litesoc_server.pipeline.detect import (
    brute_force_account,
    brute_force_address,
    dormant_account,
    impossible_travel,
    instant_alert,
    mfa_fatigue,
    new_country,
    new_device,
    privilege_escalation,
    session_hijack,
    success_after_failures,
    suspicious_network,
)
from litesoc_server.pipeline.detect.base import Detector

DETECTORS: tuple[Detector, ...] = (
    brute_force_address.DETECTOR,
    brute_force_account.DETECTOR,
    success_after_failures.DETECTOR,
    impossible_travel.DETECTOR,
    new_country.DETECTOR,
    new_device.DETECTOR,
    suspicious_network.DETECTOR,
    mfa_fatigue.DETECTOR,
    session_hijack.DETECTOR,
    dormant_account.DETECTOR,
    privilege_escalation.DETECTOR,
    instant_alert.DETECTOR,
)
