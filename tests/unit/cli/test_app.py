"""The command tree: complete, and no heavier than the command that is asked for."""

import subprocess
import sys

from typer.testing import CliRunner

from litesoc_server.cli.app import app

COMMANDS = "init serve demo replay simulate evaluate tail usage explain mcp detectors doctor migrate"
GROUPS = "accounts keys plans policy privacy suppress audit dead-letters geo"
HEAVY = ("litesoc_server.evaluation", "litesoc_server.store", "litesoc_server.stream", "numpy", "redis", "nats")


def test_help_lists_every_command_in_its_order() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    positions = [text.index(f"│ {name} ") for name in f"{COMMANDS} {GROUPS}".split()]
    assert positions == sorted(positions)


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["dead-leters"])
    assert done.exit_code == 2
    assert "Did you mean 'dead-letters'" in done.output


def test_a_command_imports_nothing_of_the_others() -> None:
    script = f"import sys; from litesoc_server.cli.app import app; app(['keys', '--help'], standalone_mode=False); \
print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
