"""Lists as files: what spreadsheets and programs read from them."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from django.http import StreamingHttpResponse
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.web.export.csv_rows import csv_line
from litesoc_server.web.export.stream import Row, csv_file, json_file

FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four are full-width
cells = st.none() | st.integers() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def text_of(response: StreamingHttpResponse) -> str:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in response])

    return asyncio.run(read()).decode()


async def pages_of(*pages: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    for page in pages:
        yield page


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_line([f"{start}HYPERLINK(1)"]), newline=""))
    assert row == [f"'{start}HYPERLINK(1)"]


def test_numbers_and_flags_stay_what_they_are() -> None:
    assert csv_line([-1, 0.5, True, False, None, "a"]) == "-1,0.5,true,false,,a\r\n"


@given(st.lists(cells, min_size=2, max_size=5))
def test_what_is_written_can_be_read(row: list[str | int | bool | None]) -> None:
    (read,) = csv.reader(io.StringIO(csv_line(row), newline=""))
    assert len(read) == len(row)
    for written, cell in zip(row, read, strict=True):
        if isinstance(written, str):
            assert cell.removeprefix("'") == written.removeprefix("'")
            assert not cell.startswith(FORMULA_STARTS)


def test_a_csv_file_is_saved_under_its_name_and_opens_as_unicode() -> None:
    response = csv_file("events.csv", ["time", "actor"], pages_of([["1", "Åse"]], [["2", 'a "b", c']]))
    assert response["Content-Disposition"] == 'attachment; filename="events.csv"'
    text = text_of(response)
    assert text.startswith("\ufefftime,actor\r\n")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [["time", "actor"], ["1", "Åse"], ["2", 'a "b", c']]


def test_a_json_file_is_one_array_with_one_object_a_line() -> None:
    text = text_of(json_file("events.json", pages_of([["a"], ["b"]], [], [["c"]])))
    assert json.loads(text) == [["a"], ["b"], ["c"]]
    assert len(text.splitlines()) == 5
    assert json.loads(text_of(json_file("events.json", pages_of()))) == []
