"""One row of a list as a line of CSV (RFC 4180) in which no cell is taken for a formula.

A spreadsheet runs a cell that begins with one of `= + - @`, a tab or a line end, quoted or not, and what events carry is
written by anybody. Some take the full-width forms of the four signs, too. A quote in front makes it text: OWASP, "CSV
Injection".
"""

import csv
import io
from collections.abc import Sequence

_FORMULA_STARTS = (
    *("=", "+", "-", "@", "\t", "\r", "\n"),
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it spreadsheets read UTF-8 as something else

Cell = str | int | float | bool | None


def csv_line(cells: Sequence[Cell]) -> str:
    """Return the line for ``cells``, its line end included. None is an empty cell; numbers stay numbers."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return line.getvalue()


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell
