"""Make docs/img/demo.svg: run the demo and draw what it prints. Run as `.venv/bin/python docs/generate_demo_image.py`."""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console  # noqa: TID251 # draws a picture, not on a terminal
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 125  # characters
ALERTS_SHOWN = 3  # the story makes three times as many; the picture stands at the top of the README
IMAGE = Path(__file__).parent / "img" / "demo.svg"


def main() -> None:
    """Write the image."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "DEMO_EXIT": "1"}
        arguments = [sys.executable, "-m", "litesoc_server", "demo", "--data-dir", f"{directory}/demo"]
        printed = subprocess.run(arguments, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    alerts = printed.stdout[printed.stdout.index("\n\n", printed.stdout.index("curl")) :].strip("\n").split("\n\n")
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n\n".join(alerts[:ALERTS_SHOWN])))
    svg = console.export_svg(title="make demo", theme=MONOKAI)
    # rich names a font on a public server; a page that shows the image must not call out.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    IMAGE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
