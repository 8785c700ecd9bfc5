"""The control plane's tests once more, on PostgreSQL: in a process of their own, because Django's database is set once.

What may differ between databases: locks, constraints and leases, writers at the same time, bulk statements, search, JSON,
order, migrations, deletion with all that refers to a row. Not the pages, the API, the command line and signing in, which ask
the same services; of what is mostly about events and files a part. They would take four times as long again:
`make test-postgresql` (LITESOC_TEST_WHOLE_ON_POSTGRESQL) runs them as well.
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
        *("alert_decisions", "audit_acts"),
        *("api_", "openapi", "llms", "events_export"),
        *("account_mail", "second_factors", "sign_in"),
        *("forward_command", "forwarder_settings"),  # nearly all is refused before a database is asked
    )
)
# Beside these: what rewrites events or goes on after a crash for most of its time, and laws of files.
EVENTS_AND_FILES = (
    "test_dead_letters_of_several_lose_only_what_is_theirs",
    "test_ended_anywhere_in_the_middle_it_goes_on_the_next_time",
    "test_one_that_cannot_go_on_holds_up_no_other",
    "test_what_a_crash_left_undone_is_gone_on_with_at_the_next_start",
    "test_what_is_connected_still_works_when_an_actor_is_called_as_a_word_of_it",
    "test_what_is_on_its_way",
    "test_where_events_keep_coming_patience_ends_and_what_is_not_counted_stays",
    *("test_the_page_says_what", "test_fewer_days_say_first_what_they_delete", "test_rules_are_set_on_the_page"),
    *("test_every_edit_of_an_export_is_found", "test_each_byte_of_an_export_counts"),
)
CHOSEN = (*FRONTS, "-k", " and ".join(f"not {test}" for test in EVENTS_AND_FILES))


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
            *(() if "LITESOC_TEST_WHOLE_ON_POSTGRESQL" in os.environ else CHOSEN),
        ],
        cwd=suite.parents[2],
        env={**os.environ, "LITESOC_TEST_DATABASE_URL": postgres_server.url()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-2_000:]
