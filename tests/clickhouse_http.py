"""A private ClickHouse server on a free port of 127.0.0.1, to be stopped and started again under a client's feet."""

import socket
import sys
from pathlib import Path
from urllib.parse import quote

from servers import ServerProcess, free_port

USER, PASSWORD = "litesoc", "p@ss:w/rd %"  # as in a URL, it has to be quoted

_PROGRAM = Path(__file__).with_name("clickhouse_http_main.py")


class ClickHouseServer(ServerProcess):
    """The engine behind its HTTP interface, see clickhouse_http_main.py; it keeps its data in ``directory``."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"clickhouse://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/default"
        super().__init__(directory, [sys.executable, str(_PROGRAM), str(directory), str(self.port), USER, PASSWORD])

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
                return connection.recv(16).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
