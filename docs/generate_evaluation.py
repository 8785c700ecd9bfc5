"""Prints the results part of docs/evaluation.md from the report of a run: `python docs/generate_evaluation.py report.json`.

Everything between the lines "## Results" and "## Limits" but the remarks on what misses its goal comes from here.
"""

import json
import sys
from typing import Any

Json = dict[str, Any]


def number(value: float | None, *, digits: int = 2) -> str:
    """Return a figure, "-" for one that was not measured."""
    return "-" if value is None else f"{value:.{digits}f}"


def interval(estimate: Json, *, digits: int = 2) -> str:
    """Return a figure with its interval."""
    if estimate.get("value") is None:
        return "-"
    low, high = estimate.get("low"), estimate.get("high")
    return f"{estimate['value']:.{digits}f}" + ("" if low is None else f" ({low:.{digits}f} to {high:.{digits}f})")


def percent(estimate: Json) -> str:
    """Return a share as a percentage with its interval."""
    if estimate.get("value") is None:
        return "-"
    return f"{100 * estimate['value']:.0f} % ({100 * estimate['low']:.0f} to {100 * estimate['high']:.0f})"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n".join(lines)


def goals(report: Json) -> str:
    """Return the goals, of both sets of seeds."""
    development, held_out = report["sets"]
    rows = []
    for ours, theirs in zip(development["goals"], held_out["goals"], strict=True):
        measured = [interval({**goal, "value": goal["measured"]}) for goal in (ours, theirs)]
        reached = "-" if theirs["measured"] is None else "yes" if theirs["is_reached"] else "no"
        rows.append((ours["name"], ours["target"], *measured, reached))
    return table(("goal", "target", "development", "held out", "reached (held out)"), rows)


def families(system: Json) -> str:
    """Return the attacks."""
    head = ("family", "campaigns", "recall", "precision", "incidents", "events to alert", "seconds", "found by")
    rows = []
    for one in system["families"]:
        found = sorted(one["detectors"].items(), key=lambda pair: -pair[1])[:3]
        rows.append(
            (
                one["family"],
                str(one["recall"]["count"]),
                percent(one["recall"]),
                "-" if one["precision"]["value"] is None else f"{100 * one['precision']['value']:.0f} %",
                number(one["incidents_per_campaign"], digits=1),
                number(one["events_to_alarm"], digits=0),
                "-" if one["seconds_to_alarm"] is None else f"{one['seconds_to_alarm']:,.0f}",
                ", ".join(f"{name} {count}" for name, count in found),
            )
        )
    return table(head, rows)


def systems(part: Json) -> str:
    """Return ours beside the published rules of others."""
    head = (
        "system",
        "recall",
        "precision",
        "alerts without attacks, per 1,000 users and day",
        "alarms per 1,000 users and day",
    )
    rows = [
        (
            one["system"],
            percent(one["recall"]),
            percent(one["precision"]),
            interval(one["quiet_per_1000_user_days"]),
            number(one["alarms_per_1000_user_days"], digits=1),
        )
        for one in part["systems"]
    ]
    return table(head, rows)


def detectors(report: Json) -> str:
    """Return what each detector found, and how often it was wrong where nobody attacked."""
    sets = [{one["detector"]: one for one in part["systems"][0]["detectors"]} for part in report["sets"]]
    rows = []
    for name in sorted(sets[0].keys() | sets[1].keys()):
        both = [part.get(name) for part in sets]
        count = sum(one["precision"]["count"] for one in both if one)
        hits = sum(one["precision"]["count"] * one["precision"]["value"] for one in both if one)
        quiet = [number(one["quiet_per_1000_user_days"]["value"] if one else 0.0) for one in both]
        rows.append((name, str(count), f"{100 * hits / count:.0f} %" if count else "-", *quiet))
    return table(("detector", "incidents", "precision", "alerts without attacks, development", "held out"), rows)


def twins(report: Json) -> str:
    """Return the benign events."""
    counted: dict[str, list[int]] = {}
    for part in report["sets"]:
        for one in part["systems"][0]["twins"]:
            total = counted.setdefault(one["family"], [0, 0, 0])
            alarmed = round(one["staged"] * one["alarmed"]["value"])
            for place, amount in enumerate((one["staged"], alarmed, one["incidents_count"])):
                total[place] += amount
    rows = [(name, *map(str, total)) for name, total in sorted(counted.items())]
    return table(("event", "staged", "led to an alert", "incidents"), rows)


def curves(part: Json) -> str:
    """Return the re-authentication curves, ours / published."""
    rows = []
    for one in part["curves"]:
        cells = [
            f"{number(one['rates'].get(count))} / {number(one['published'].get(count))}" for count in ("5", "12", "20", "39")
        ]
        rows.append((one["attacker"].replace("_", " "), f"{100 * one['tpr']:.1f} %", *cells))
    return table(("attacker", "stopped", "5 logins", "12", "20", "39"), rows)


def main() -> None:
    """Print the tables."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        report = json.load(file)
    held_out = report["sets"][1]
    parts = [
        ("Goals", goals(report)),
        ("Attacks, held-out seeds", families(held_out["systems"][0])),
        ("Beside others, held-out seeds", systems(held_out)),
        ("Detectors, both sets", detectors(report)),
        ("Benign events that look like attacks, both sets", twins(report)),
        (
            "Re-authentication, held-out seeds",
            "Median share of the first n logins above the threshold that stops the attacker (ours / published).\n\n"
            + curves(held_out),
        ),
    ]
    print("\n\n".join(f"### {title}\n\n{text}" for title, text in parts))


if __name__ == "__main__":
    main()
