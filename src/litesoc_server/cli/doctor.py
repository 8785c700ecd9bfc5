"""`litesoc doctor`: check everything the server depends on, and say the fix for what is wrong."""

import typer

from litesoc_server.cli.console import out, print_json, shown, shown_lines
from litesoc_server.cli.options import DataDir, Json, configure, set_up_django
from litesoc_server.runtime.checks import Outcome, run_checks

_MARKS = {Outcome.OK: "[green]✓[/]", Outcome.WARNING: "[yellow]![/]", Outcome.FAILURE: "[bold red]✗[/]"}


def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check configuration, disk, databases, clock and the age of the data. Exits with 1 when something is broken."""
    config = configure(data_dir)
    set_up_django()
    results = run_checks(config)
    if as_json:
        print_json(
            [
                {"check": result.name, "outcome": result.outcome.value, "finding": result.finding, "fix": result.fix}
                for result in results
            ]
        )
    else:
        for result in results:
            out.print(f"{_MARKS[result.outcome]} [bold]{result.name}[/]: {shown_lines(result.finding, '    ')}")
            if result.fix:
                out.print(f"    fix: {shown(result.fix)}")
    if any(result.outcome is Outcome.FAILURE for result in results):
        raise typer.Exit(1)
