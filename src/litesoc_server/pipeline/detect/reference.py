"""Prints docs/reference/detectors.md: `python -m litesoc_server.pipeline.detect.reference > docs/reference/detectors.md`."""

import sys
import textwrap

from litesoc_server.pipeline.detect.base import Detector
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.policy import DetectionPolicy, setting_descriptions

_WIDTH = 120
_HEAD = """\
# Detectors

Made from the detector files by `python -m litesoc_server.pipeline.detect.reference`; a test fails when it is out of date.

Every alert says why it was raised, with the numbers and the limits they were held against. Limits are settings of the
organisation; these are the defaults.

Who gets into an account, and who tries to, is one incident of that account, `account|actor:<id>`, whichever detectors see
it; attacks from one address are an incident of the address. What is done with an account (data taken, rights granted) has
incidents of its own, so that harm never hides in an alert that is open already.

Detections of one incident key update one alert as long as it is open or acknowledged. Once it is resolved or marked safe,
more of the same joins it quietly for an hour after the incident was last seen; what comes later, is more severe, or comes
from another detector opens a new alert. While an incident goes on, each new alert cools down for twice as long, up to a
day. When more than 20 incidents of an organisation come within an hour, further ones are gathered in one alert, a storm,
that lists them; critical ones always get an alert of their own.
"""


def render() -> str:
    """Return the page."""
    parts = [_HEAD, *(_section(detector) for detector in DETECTORS), _settings()]
    return "\n".join(parts)


def _section(detector: Detector) -> str:
    techniques = ", ".join(f"[{technique.id} {technique.name}]({technique.url})" for technique in detector.techniques)
    lines = [
        f"## {detector.id}",
        "",
        f"**{detector.title}** · alert type `{detector.alert_type.value}` · usual severity {detector.severity.value}",
        "",
        f"MITRE ATT&CK: {techniques}",
        "",
        _wrapped(detector.description),
        "",
        _looks_at(detector),
        "",
        "Benign behaviour that can look like it:",
        "",
        *(_item(text) for text in detector.false_positives),
        "",
        "What to do:",
        "",
        *(_item(text) for text in detector.actions),
        "",
    ]
    return "\n".join(lines)


def _looks_at(detector: Detector) -> str:
    looks_at = [f"`{name}`" for name in sorted(detector.event_names)]
    if detector.wants_sessions:
        looks_at.append("every event that names its session")
    return f"Looks at: {', '.join(looks_at)}."


def _settings() -> str:
    lines = ["## Limits and their defaults", "", "| setting | default | meaning |", "|---|---|---|"]
    policy, descriptions = DetectionPolicy(), setting_descriptions()
    for name in policy.__struct_fields__:
        value = getattr(policy, name)
        if isinstance(value, (int, float)) and name not in {"version", "retention_days"}:
            lines.append(f"| `{name}` | {value:,} | {descriptions[name]} |")
    return "\n".join([*lines, ""])


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _item(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return "- " + "\n  ".join(lines)


if __name__ == "__main__":
    sys.stdout.write(render())
