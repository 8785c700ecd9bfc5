"""`litesoc detectors`: what is looked for, and what the organisation decided about it."""

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.cli.setting_text import shown_value

if TYPE_CHECKING:
    from litesoc_server.orgs.policy_view import DetectorInForce

_STATES = {"on": "on", "muted": "off", "not_in_plan": "not in the plan"}


def detectors(
    detector_id: Annotated[str | None, typer.Argument(help="Show this one in full.", show_default=False)] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the detectors, or show one: what it finds, what else it could be, what to do, and its settings."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.policy_view import detectors_in_force  # noqa: PLC0415 # needs Django set up

    by_id = {found.detector.id: found for found in detectors_in_force(organization)}
    if detector_id is not None and detector_id not in by_id:
        near = difflib.get_close_matches(detector_id, list(by_id), n=3, cutoff=0.5)
        fix = f"did you mean {' or '.join(near)}?" if near else "`litesoc detectors` lists all"
        fail(f"there is no detector {detector_id!r}", fix)
    if as_json:
        print_json(_row(by_id[detector_id]) if detector_id is not None else [_row(found) for found in by_id.values()])
    elif detector_id is not None:
        _show(by_id[detector_id])
    else:
        _list(by_id)


def _list(by_id: "dict[str, DetectorInForce]") -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)
    for column in ("State", "Severity", "ATT&CK", "Title"):
        table.add_column(column, overflow="fold")
    for found in by_id.values():
        detector = found.detector
        techniques = ", ".join(technique.id for technique in detector.techniques)
        severity = found.severity or detector.severity
        table.add_row(*map(shown, (detector.id, _STATES[found.state], severity.value, techniques, detector.title)))
    out.print(table)


def _show(found: "DetectorInForce") -> None:
    detector = found.detector
    severity = f"usually {detector.severity.value}" if found.severity is None else f"set to {found.severity.value}"
    out.print(f"[bold]{shown(detector.title)}[/] ({shown(detector.id)})")
    out.print(f"{_STATES[found.state]}; severity {severity}; alert type {detector.alert_type.value}")
    for technique in detector.techniques:
        out.print(f"MITRE ATT&CK {technique.id} {shown(technique.name)}  {technique.url}")
    out.print(f"\n{shown(detector.description)}")
    for title, texts in (("What else it could be", detector.false_positives), ("What to do", detector.actions)):
        out.print(f"\n[bold]{title}[/]")
        for text in texts:
            out.print(f"- {shown(text)}")
    if found.settings:
        out.print("\n[bold]Settings[/]")
    for one in found.settings:
        value = shown_value(one.setting.name, one.value)
        mark = " (set)" if one.is_overridden else ""
        out.print(f"- {shown(one.setting.name)} = {shown(value)}{mark}: {shown(one.setting.description)}")


def _row(found: "DetectorInForce") -> dict[str, Any]:
    detector = found.detector
    return {
        "id": detector.id,
        "title": detector.title,
        "state": found.state,
        "alert_type": detector.alert_type.value,
        "severity": detector.severity.value,
        "severity_override": None if found.severity is None else found.severity.value,
        "techniques": [{"id": one.id, "name": one.name, "url": one.url} for one in detector.techniques],
        "description": detector.description,
        "false_positives": list(detector.false_positives),
        "actions": list(detector.actions),
        "event_names": sorted(detector.event_names),
        "settings": {one.setting.name: one.value for one in found.settings},
    }
