"""The event store on a ClickHouse server or cluster, over HTTP."""

from typing import Any
from urllib.parse import unquote, urlsplit

from clickhouse_connect.driver.client import Client

from litesoc_server.store.connections import QUERY_SECONDS_MAX, connect
from litesoc_server.store.sql_store import SqlStore

_CONNECT_TIMEOUT_S = 5
_PATIENT_TIMEOUT_S = 3_600  # for rewriting the rows of all months
_ANSWER_TIMEOUT_S = QUERY_SECONDS_MAX + 10  # the server gives up first and says why
_TLS_SCHEMES = ("clickhouses", "https")
_HTTP_PORT, _HTTPS_PORT = 8123, 8443


class ClickHouseStore(SqlStore):
    """One server or load balancer, named by ``scheme://user:password@host:port/database``.

    Schemes are clickhouse and http, or clickhouses and https for TLS. The database must exist (``default`` when none is
    named); its tables are made here.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        is_tls = parts.scheme in _TLS_SCHEMES
        host = parts.hostname or "localhost"
        port = parts.port or (_HTTPS_PORT if is_tls else _HTTP_PORT)
        super().__init__(name=f"the event store at {host}:{port}")
        self._arguments: dict[str, Any] = {
            "interface": "https" if is_tls else "http",
            "host": host,
            "port": port,
            "username": unquote(parts.username) if parts.username else "default",
            "password": unquote(parts.password) if parts.password else "",
            "database": unquote(parts.path.strip("/")) or "default",
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "send_receive_timeout": _ANSWER_TIMEOUT_S,
            "autogenerate_session_id": False,  # no state is kept between statements, so any server of a cluster may answer
            "settings": {"max_execution_time": QUERY_SECONDS_MAX},
        }

    def _connect_arguments(self) -> dict[str, Any]:
        return dict(self._arguments)

    def _connect_patiently(self) -> Client:
        return connect(self._connect_arguments() | {"send_receive_timeout": _PATIENT_TIMEOUT_S})
