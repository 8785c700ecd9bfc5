"""The control plane's tests once more, on PostgreSQL: in a process of their own, because Django's database is set once.

Services, selectors, consumers and the audit log: what speaks to the database. Not the pages, the API, signing in and the
settings of forwarders, which ask the same ones and would take three times as long again. `make test-postgresql`
(LITESOC_TEST_WHOLE_ON_POSTGRESQL) runs these as well.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers import PostgresServer

FRONTS = tuple(
    f"--ignore-glob=*test_{name}*.py"
    for name in (
        *("*_page", "page_", "pages", "palette", "profile", "screenshots", "setup", "*_stream", "slow_readers"),
        *("api_", "openapi"),
        *("account_mail", "second_factors", "sign_in"),
        "forwarder_settings",  # nearly all is refused before a database is asked
    )
)


@pytest.mark.takes_minutes
@pytest.mark.timeout(600)
def test_control_plane_on_postgresql(postgres_server: PostgresServer) -> None:
    suite = Path(__file__).parent / "control"
    notifications = [
        suite.parent / "notify" / f"test_{name}.py"
        for name in ("outbox", "reopening", "threads", "deliver", "by_the_clock", "forgetting")
    ]
    run = subprocess.run(
        # The database is left to its server, which ends with the tests: threads that views ran in may still be connected.
        [
            *(sys.executable, "-m", "pytest", str(suite), *map(str, notifications)),
            *("-q", "-p", "no:cacheprovider", "--reuse-db"),
            *(() if "LITESOC_TEST_WHOLE_ON_POSTGRESQL" in os.environ else FRONTS),
        ],
        cwd=suite.parents[2],
        env={**os.environ, "LITESOC_TEST_DATABASE_URL": postgres_server.url()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-2_000:]
