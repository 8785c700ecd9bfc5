"""Plots of a report. matplotlib comes with the extra `litesoc-server[plots]`."""

from pathlib import Path
from typing import Any

from litesoc_server.evaluation.evaluate import Evaluation, SetReport
from litesoc_server.evaluation.report import ours

FORMATS = ("svg", "png")
_OURS, _OTHERS, _GOAL = "#1f6feb", "#9aa4b2", "#d1242f"
_QUIET_GOAL = 0.5


class PlotsUnavailable(Exception):
    """matplotlib is not installed; the text says how to get it."""


def write_plots(evaluation: Evaluation, directory: Path, file_format: str) -> list[Path]:
    """Write the plots of the last set of seeds (the one held out, if there is one) into ``directory``; returns the files.

    Raises PlotsUnavailable, OSError.
    """
    plt = _pyplot()
    directory.mkdir(parents=True, exist_ok=True)
    report = evaluation.sets[-1]
    drawings = {"families": _families, "reauthentication": _reauthentication, "alerts": _alerts}
    files: list[Path] = []
    for name, draw in drawings.items():
        figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
        draw(axes, report)
        path = directory / f"{name}.{file_format}"
        figure.savefig(path, metadata={"Date": None} if file_format == "svg" else None)
        plt.close(figure)
        files.append(path)
    return files


def check_available() -> None:
    """Raise PlotsUnavailable before hours are spent if the plots could not be drawn."""
    _pyplot()


def _pyplot() -> Any:  # noqa: ANN401 - matplotlib has no types of its own
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra that most installations lack

        mpl.use("agg")
        from matplotlib import pyplot as plt  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise PlotsUnavailable("plots need matplotlib: pip install 'litesoc-server[plots]'") from error
    return plt


def _families(axes: Any, report: SetReport) -> None:  # noqa: ANN401 - see _pyplot
    families = list(reversed(ours(report.systems).families))
    for offset, name, colour in ((0.2, "recall", _OURS), (-0.2, "precision", _OTHERS)):
        estimates = [family.recall if name == "recall" else family.precision for family in families]
        values = [estimate.value or 0.0 for estimate in estimates]
        low = [max(0.0, value - (estimate.low or value)) for value, estimate in zip(values, estimates, strict=True)]
        high = [max(0.0, (estimate.high or value) - value) for value, estimate in zip(values, estimates, strict=True)]
        places = [number + offset for number in range(len(families))]
        axes.barh(places, values, height=0.38, color=colour, label=name, xerr=[low, high], error_kw={"linewidth": 0.8})
    axes.set_yticks(range(len(families)), [family.family.replace("_", " ") for family in families])
    axes.axvline(0.95, color=_GOAL, linewidth=1, linestyle="--", label="goal for recall: 95 %")
    axes.set_xlim(0, 1.02)
    axes.set_title(f"Recall and precision by family of attacks, {report.name} seeds, 95 % intervals")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.05), ncols=3)


def _reauthentication(axes: Any, report: SetReport) -> None:  # noqa: ANN401 - see _pyplot
    colours = ("#1f6feb", "#1a7f37", "#9a6700", "#8250df")
    for curve, colour in zip(report.curves, colours, strict=False):
        name = f"{curve.attacker}, {curve.tpr:.1%} stopped"
        rates = [(n, rate) for n, rate in curve.rates.items() if rate is not None]
        axes.plot([n for n, _ in rates], [rate for _, rate in rates], color=colour, marker="o", label=f"LiteSOC: {name}")
        axes.plot(
            list(curve.published), list(curve.published.values()), color=colour, linestyle=":", label=f"published: {name}"
        )
    axes.set_xlabel("logins of the owner so far")
    axes.set_ylabel("median re-authentication rate")
    axes.set_ylim(0, 1)
    axes.set_title("How often owners are asked again (published: Wiefling et al. 2022, CC BY 4.0)")
    axes.legend(fontsize="small")


def _alerts(axes: Any, report: SetReport) -> None:  # noqa: ANN401 - see _pyplot
    systems = list(reversed(report.systems))
    values = [system.quiet_per_1000_user_days.value or 0.001 for system in systems]
    colours = [_OURS if system is ours(report.systems) else _OTHERS for system in systems]
    axes.barh([system.system for system in systems], values, color=colours)
    for number, value in enumerate(values):
        axes.text(value, number, f" {value:.2f}", va="center")
    axes.axvline(_QUIET_GOAL, color=_GOAL, linewidth=1, linestyle="--", label="goal: 0.5")
    axes.set_xscale("log")
    axes.set_xlabel("alerts per 1,000 users and day in traffic without attacks (logarithmic)")
    axes.set_title(f"Noise, {report.name} seeds")
    axes.legend()
