"""A ClickHouse server for tests: the real engine (chDB) behind as much of ClickHouse's HTTP interface as its client uses.

Run as ``python clickhouse_http_main.py DIRECTORY PORT USER PASSWORD``. It differs from a server in this: results are neither
compressed nor streamed, and every error of the engine answers 500.
Interface: https://clickhouse.com/docs/interfaces/http
"""

import base64
import gzip
import re
import sys
import tempfile
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb
from chdb.state.sqlitelike import Connection
from lz4.frame import LZ4FrameDecompressor

# What the interface takes as a URL parameter and the engine does not know as a setting.
NO_SETTINGS = frozenset({
    "buffer_size", "client_protocol_version", "compress", "database", "decompress", "query", "query_id", "quota_key",
    "session_check", "session_id", "session_timeout", "wait_end_of_query",
})  # fmt: skip


def decode_lz4(body: bytes) -> bytes:
    """Decode one frame after the other: the client makes one of each block. Raises RuntimeError."""
    blocks = []
    while body:
        decoder = LZ4FrameDecompressor()
        blocks.append(decoder.decompress(body))
        body = decoder.unused_data or b""
    return b"".join(blocks)


DECODERS: dict[str | None, Callable[[bytes], bytes]] = {None: lambda body: body, "gzip": gzip.decompress, "lz4": decode_lz4}
INSERT = re.compile(rb"(INSERT .*?) FORMAT (\w+)\n(.*)", re.DOTALL)
TRAILING_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*$", re.IGNORECASE)
ERROR = re.compile(r"Code: (\d+)\..*", re.DOTALL)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer: two would wait 40 ms for each other
    engine_path: str
    authorization: str

    def setup(self) -> None:
        super().setup()
        self.engine = chdb.connect(self.engine_path)

    def finish(self) -> None:
        super().finish()
        self.engine.close()

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.read_body()
        url = urlsplit(self.path)
        if url.path == "/ping":
            return self.answer(200, b"Ok.\n")
        if self.headers["Authorization"] != self.authorization:
            return self.answer_error(403, "Code: 516. DB::Exception: no (AUTHENTICATION_FAILED)")
        fields = dict(parse_qsl(url.query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            fields |= self.read_form(body)
            body = b""
        try:
            body = DECODERS[self.headers["Content-Encoding"]](body)
        except RuntimeError:
            return self.answer_error(500, "Code: 432. DB::Exception: no (UNKNOWN_CODEC)")
        statement = b"\n".join(part for part in (fields.get("query", "").encode(), body) if part)
        try:
            result, format_name = self.run(statement, fields)
        except RuntimeError as error:
            return self.answer_error(500, str(error))
        return self.answer(200, result, {"Format": format_name})

    def run(self, statement: bytes, fields: dict[str, str]) -> tuple[bytes, str]:
        settings = {name: value for name, value in fields.items() if name not in NO_SETTINGS and name[:6] != "param_"}
        try:
            for name, value in settings.items():
                self.engine.query(f"SET {name} = '{value}'")
            self.engine.query(f"USE `{fields.get('database', 'default')}`")
            return self.execute(statement, fields)
        finally:
            for name in settings:
                self.engine.query(f"SET {name} = DEFAULT")

    def execute(self, statement: bytes, fields: dict[str, str]) -> tuple[bytes, str]:
        found = INSERT.match(statement)
        if found is not None:
            insert(self.engine, found[1].decode(), found[2].decode(), found[3])
            return b"", found[2].decode()
        sql = statement.decode()
        match = TRAILING_FORMAT.search(sql)
        values = {name.removeprefix("param_"): value for name, value in fields.items() if name.startswith("param_")}
        result = self.engine.query(sql, "TabSeparated", params=values)
        return result.bytes() or b"", match[1] if match else "TabSeparated"

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def read_form(self, body: bytes) -> dict[str, str]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + body)
        return {
            part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True).decode()
            for part in form.iter_parts()
        }

    def answer_error(self, status: int, text: str) -> None:
        match = ERROR.search(text)
        assert match is not None
        self.answer(status, match[0].encode(), {"Exception-Code": match[1]})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Timezone": "UTC", "Summary": "{}", **(headers or {})}.items():
            self.send_header(f"X-ClickHouse-{name}", value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_message: object) -> None:
        """Keep quiet."""


def insert(connection: Connection, head: str, format_name: str, data: bytes) -> None:
    """Insert rows: the engine as a library takes them from a file only."""
    with tempfile.NamedTemporaryFile(suffix=".rows") as file:
        file.write(data)
        file.flush()
        connection.query(f"{head} FROM INFILE '{file.name}' FORMAT {format_name}")


def main() -> None:
    directory, port, user, password = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    engine_path, temporary_path = directory / "engine", directory / "tmp"
    temporary_path.mkdir(exist_ok=True)
    tempfile.tempdir = str(temporary_path)
    Handler.engine_path = str(engine_path)
    Handler.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    chdb.connect(str(engine_path))  # stays open, so that the engine does
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
