"""What is in force for one organisation, for people to read: every setting, and every detector with its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_gates import detectors_left_out
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.policy_changes import stored_policy
from litesoc_server.orgs.policy_values import Problem, Setting, as_json, settings, usable
from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.registry import DETECTORS

DetectorState: TypeAlias = Literal["on", "muted", "not_in_plan"]


@dataclass(frozen=True, kw_only=True)
class SettingInForce:
    """One setting with its value."""

    setting: Setting
    detector: str | None  # the one that it belongs to; None: several, or none in particular
    value: object  # as JSON has it
    is_overridden: bool


@dataclass(frozen=True, kw_only=True)
class PolicyView:
    """A policy as it is in force, beside what is stored and does not fit this release."""

    version: int
    settings: tuple[SettingInForce, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class DetectorInForce:
    """One detector as an organisation has it."""

    detector: Detector
    state: DetectorState
    severity: AlertSeverity | None  # that the organisation gave it; None: its own
    settings: tuple[SettingInForce, ...]  # those that are its alone


def policy_view(org: Organization) -> PolicyView:
    """Return what is in force for ``org``."""
    stored = stored_policy(org)
    fields, problems = usable(stored.overrides)
    return PolicyView(version=stored.version, settings=_settings_in_force(fields), problems=problems)


def detectors_in_force(org: Organization) -> tuple[DetectorInForce, ...]:
    """Return every detector, in the order of the registry, as ``org`` has it."""
    fields, _ = usable(stored_policy(org).overrides)
    left_out = detectors_left_out(plan_of(org))
    muted = fields.get("muted_detectors", frozenset())
    severities = fields.get("severities", {})
    found = _settings_in_force(fields)
    return tuple(
        DetectorInForce(
            detector=detector,
            state="not_in_plan" if detector.id in left_out else "muted" if detector.id in muted else "on",
            severity=severities.get(detector.id),
            settings=tuple(setting for setting in found if setting.detector == detector.id),
        )
        for detector in DETECTORS
    )


def _settings_in_force(fields: Mapping[str, object]) -> tuple[SettingInForce, ...]:
    return tuple(
        SettingInForce(
            setting=setting,
            detector=detector_of(name),
            value=as_json(fields[name]) if name in fields else setting.default,
            is_overridden=name in fields,
        )
        for name, setting in settings().items()
    )


def detector_of(name: str) -> str | None:
    """Return the detector whose id ``name`` begins with, the longest one where ids begin alike."""
    owners = [detector.id for detector in DETECTORS if name.startswith(f"{detector.id}_")]
    return max(owners, key=len, default=None)
