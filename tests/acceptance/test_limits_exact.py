"""Quotas and rates while several processes send, and while a server is killed; benchmarks/limits.py is the long version."""

from functools import partial
from pathlib import Path

import pytest

from limit_clients import send_from_processes, wait_for_minute
from limit_servers import Servers, embedded_server, servers_on_redis, stored_events

QUOTA = 600
RATE = 100
PROCESSES = 4


def check_quota(servers: Servers) -> None:
    api = servers.tenant("Quota", monthly_events=QUOTA)
    send = partial(send_from_processes, servers.urls, api.key, processes=PROCESSES, batch_max=7)
    first = send()
    assert (sum(one.accepted for one in first), stored_events(api)) == (QUOTA, QUOTA)
    assert all(one.other == () for one in first)


def check_rate(servers: Servers) -> None:
    api = servers.tenant("Rate", per_minute=RATE)
    wait_for_minute(at_least_s=20)
    sent = send_from_processes(servers.urls, api.key, processes=PROCESSES, batch_max=1, ends_s=15)
    assert sum(one.accepted for one in sent) == RATE


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_one_server_takes_exactly_what_the_limits_say_also_after_it_was_killed(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as servers:
        check_quota(servers)
        check_rate(servers)
        api = servers.tenant("Killed", monthly_events=2 * QUOTA)
        send = partial(send_from_processes, servers.urls, api.key, processes=PROCESSES, batch_max=3)
        sent = servers.while_one_is_killed(send, after_s=1.5) + send()
        stored = stored_events(api)
        assert stored == 2 * QUOTA
        assert sum(one.accepted for one in sent) <= stored


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_several_processes_take_together_exactly_what_the_limits_say(tmp_path: Path) -> None:
    with servers_on_redis(tmp_path, takers=2) as servers:
        check_quota(servers)
        check_rate(servers)
