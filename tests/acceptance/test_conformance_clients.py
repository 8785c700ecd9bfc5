"""Every known client's request to /collect, and its reading of the answer (contract 1.1 to 1.5, 2.1, 2.2, 2.11)."""

import httpx
import pytest

from client_readings import COLLECT_READERS, auth0_quota, node_plan, php_retention
from client_requests import KEY, REQUESTS, ClientRequest, Json
from live_server import LiveServer
from tenants import TenantApi

EVENTS_SENT = sum(request.count for request in REQUESTS)
each_client = pytest.mark.parametrize("request_sent", REQUESTS, ids=lambda request: request.client)


@pytest.fixture(scope="module")
def answers(shared_server: LiveServer, shop: TenantApi) -> dict[str, httpx.Response]:
    """Send everything, each request as its client does."""
    with httpx.Client(trust_env=False, timeout=30) as http:
        return {
            request.client: http.post(
                shared_server.url + request.path,
                headers={name: value.replace(KEY, shop.key) for name, value in request.headers.items()},
                json=request.body,
            )
            for request in REQUESTS
        }


@pytest.fixture(scope="module")
def events(shop: TenantApi, answers: dict[str, httpx.Response]) -> list[Json]:
    """Return everything that was stored of it."""
    newest = shop.wait_for_events(EVENTS_SENT, limit=100)
    rest = shop.events(limit=100, offset=100)["data"]
    return [*newest, *rest]


@each_client
def test_the_path_was_sent_as_written(answers: dict[str, httpx.Response], request_sent: ClientRequest) -> None:
    assert answers[request_sent.client].request.url.raw_path.decode() == request_sent.path


@each_client
def test_the_client_takes_its_events_for_delivered(answers: dict[str, httpx.Response], request_sent: ClientRequest) -> None:
    answer = answers[request_sent.client]

    assert answer.status_code == 202
    assert answer.headers["Content-Type"].startswith("application/json")
    assert COLLECT_READERS[request_sent.reader](answer) == request_sent.count


@pytest.mark.parametrize("reader", COLLECT_READERS)
def test_one_body_serves_every_client(answers: dict[str, httpx.Response], reader: str) -> None:
    for request in REQUESTS:
        assert COLLECT_READERS[reader](answers[request.client]) == request.count


def test_the_body_is_the_one_of_the_contract(answers: dict[str, httpx.Response]) -> None:
    for request in REQUESTS:
        assert answers[request.client].json() == {
            "success": True,
            "status": "queued",
            "queued": request.count,
            "events_accepted": request.count,
            "quota": {"remaining": None, "limit": None},
        }


@each_client
def test_the_headers_can_be_read(answers: dict[str, httpx.Response], request_sent: ClientRequest) -> None:
    headers = answers[request_sent.client].headers

    assert node_plan(headers) == ("enterprise", 400)
    assert php_retention(headers) == 400
    assert auth0_quota(headers) == {}


@each_client
def test_the_event_is_stored_as_the_client_meant_it(events: list[Json], request_sent: ClientRequest) -> None:
    wanted = (request_sent.event_name, request_sent.actor_id, request_sent.actor_email, request_sent.user_ip)
    found = [
        event
        for event in events
        if (event["event_name"], event["actor_id"], event["actor_email"], event["user_ip"]) == wanted
        and request_sent.metadata.items() <= event["metadata"].items()
    ]

    assert len(found) == 1, [event for event in events if event["actor_id"] == request_sent.actor_id]
    assert found[0]["country_code"] == (None if request_sent.user_ip is None else "NO")


def test_nothing_was_stored_twice_or_lost(events: list[Json]) -> None:
    assert len(events) == EVENTS_SENT
    assert len({event["id"] for event in events}) == EVENTS_SENT


def test_time_and_severity_are_the_servers(events: list[Json]) -> None:
    years = {event["created_at"][:4] for event in events}
    severities = {event["event_name"]: event["severity"] for event in events}

    assert years.isdisjoint({"2020", "2024"})
    assert severities["auth.login_failed"] == "warning"


def test_masked_values_of_the_agent_are_kept_apart(shop: TenantApi, events: list[Json]) -> None:
    agent = {event["metadata"]["number"]: event for event in events if "number" in event["metadata"]}

    assert len(agent) == 50
    for number, event in agent.items():
        assert event["actor_id"] == ("[REDACTED]" if number % 3 == 2 else "root")
        assert event["user_ip"] == (None if number % 3 == 1 else "129.240.118.130")
        assert (event["country_code"] is None) == (number % 3 == 1)
    assert not [alert for alert in shop.alerts()["data"] if alert["actor_id"] == "[REDACTED]"]
