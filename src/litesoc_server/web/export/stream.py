"""The answer that carries a list as a file, written page by page: neither side ever holds more than one page.

For async views: the pages come from an async generator that asks for the next one when this one is on its way.
"""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum

import msgspec
from django.http import StreamingHttpResponse

from litesoc_server.web.export.csv_rows import BYTE_ORDER_MARK, Cell, csv_line

_ENCODER = msgspec.json.Encoder()
Row = Sequence[Cell]


class FileFormat(StrEnum):
    """What a list can be saved as."""

    CSV = "csv"
    JSON = "json"
    OCSF = "ndjson"  # of events only: objects of the Open Cybersecurity Schema Framework, one a line


def csv_file(
    filename: str, header: Sequence[str], pages: AsyncIterator[Sequence[Row]], *, rows_count: int | None = None
) -> StreamingHttpResponse:
    """Return an answer that saves ``pages`` of rows as ``filename``. An error in between breaks the download off.

    ``rows_count`` is for the page, to tell how far it is.
    """
    return _file(filename, "text/csv; charset=utf-8", _csv(header, pages), rows_count)


def json_file(
    filename: str, pages: AsyncIterator[Sequence[object]], *, rows_count: int | None = None
) -> StreamingHttpResponse:
    """Return an answer that saves ``pages`` of objects as one JSON array; else like ``csv_file``."""
    return _file(filename, "application/json", _json(pages), rows_count)


def lines_file(
    filename: str, pages: AsyncIterator[Sequence[bytes]], *, rows_count: int | None = None
) -> StreamingHttpResponse:
    """Return an answer that saves ``pages`` of lines as NDJSON; else like ``csv_file``."""
    return _file(filename, "application/x-ndjson", _lines(pages), rows_count)


def stored_lines_file(filename: str, pieces: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """Return an answer that saves ``pieces`` of JSON lines, as they are, as ``filename``."""
    return _file(filename, "application/jsonl", pieces, None)


def document_file(filename: str, pieces: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """Return an answer that saves ``pieces`` of one JSON document, as they are, as ``filename``."""
    return _file(filename, "application/json", pieces, None)


async def _csv(header: Sequence[str], pages: AsyncIterator[Sequence[Row]]) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_line(header)
    async for page in pages:
        yield "".join(csv_line(row) for row in page)


async def _lines(pages: AsyncIterator[Sequence[bytes]]) -> AsyncIterator[bytes]:
    async for page in pages:
        yield b"".join(page)


async def _json(pages: AsyncIterator[Sequence[object]]) -> AsyncIterator[str]:
    """One object a line, so that the file can also be read line by line."""
    before = "[\n"
    async for page in pages:
        for one in page:
            yield f"{before}{_ENCODER.encode(one).decode()}"
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _file(
    filename: str, content_type: str, chunks: AsyncIterator[str] | AsyncIterator[bytes], rows_count: int | None
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    if rows_count is not None:
        response["X-Total-Count"] = str(rows_count)
    return response
