"""One running server for all tests of a file that only talk to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clickhouse_http import ClickHouseServer
from http_client import Api
from live_server import LiveServer
from started_before import started_before
from tenants import Tenant, TenantApi, create_tenants


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = started_before(tmp_path_factory.mktemp("server") / "data")
    live.start()
    yield live
    if live.is_running:
        live.stop()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all files whose tests keep to organisations of their own."""
    live = started_before(tmp_path_factory.mktemp("shared") / "data")
    live.start()
    yield live
    live.stop()


@pytest.fixture(scope="module")
def shop(shared_server: LiveServer) -> TenantApi:
    """A file's own organisation on the shared server, without limits."""
    return create_tenants(shared_server, Tenant(name="Shop Example"))[0]


@pytest.fixture(scope="module")
def account(server: LiveServer) -> dict[str, str]:
    return server.init()


@pytest.fixture(scope="module")
def api(server: LiveServer, account: dict[str, str]) -> Api:
    return Api(server.url, account["api_key"])


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """A ClickHouse server of the test's own, which it may stop and start."""
    server = ClickHouseServer(tmp_path / "clickhouse")
    server.start()
    yield server
    server.stop()
