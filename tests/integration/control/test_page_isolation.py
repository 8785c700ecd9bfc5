"""Objects of one organisation, asked for by members of another through their own pages: nothing is found, nothing leaks.

Both organisations hold the same kinds of objects, made by the same function, and what is refused to the one is answered to
the other in the same walk.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import filterfalse

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from control_factories import MembershipFactory, OrganizationFactory, UserFactory, make_alert, make_key, make_suppression
from litesoc_server.alerts.bulk import start_bulk
from litesoc_server.alerts.comments import add_comment
from litesoc_server.alerts.models import Action as AlertAction
from litesoc_server.alerts.models import Alert, AlertComment, BulkChange
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor
from litesoc_server.forwarding.changes import add_forwarder
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import Channel, Delivery, EscalationRule, Route
from litesoc_server.notify.outbox import Addressed, notification_of, put
from litesoc_server.notify.route_changes import add_rule
from litesoc_server.orgs.invitations import invite
from litesoc_server.orgs.member_changes import Acting
from litesoc_server.orgs.models import Invitation, ListedPage, Membership, Organization, Role, SavedView, Suppression
from litesoc_server.orgs.principals import Who
from litesoc_server.servers.models import Server
from litesoc_server.store.base import EventStore
from management_api import Tenant, make_event, store_events
from notify_factories import LOOPBACK, make_channel

# What arguments of addresses name that is the same in every organisation, or counted anew in each.
NAMES = {"slug": "brute_force_address", "int": "1", "str": "csv", "format": "csv"}


@dataclass(frozen=True)
class Owned:
    """An organisation with one object of each kind, all of which hold its mark."""

    org: Organization
    mark: str
    ids: Mapping[str, str]  # argument of an address -> id

    def client(self, role: Role = Role.OWNER) -> Client:
        client = Client(headers={"Accept": "text/html"})
        client.force_login(MembershipFactory(org=self.org, role=role).user)
        return client

    def rows(self) -> str:
        """Return all of its rows that pages could change, as text."""
        org = {"org": self.org}
        kinds: list[tuple[type[Model], dict[str, object]]] = [
            (Alert, org),
            (Channel, org),
            (Delivery, org),
            (EscalationRule, org),
            (Forwarder, org),
            (Route, org),
            (AlertComment, {"alert__org": self.org}),
            (ApiKey, org),
            (BulkChange, org),
            (Invitation, org),
            (Membership, org),
            (SavedView, org),
            (Server, org),
            (Suppression, org),
            (AuditEntry, {"org_id": self.org.pk}),
        ]
        found = (kind._default_manager.filter(**where).order_by("pk") for kind, where in kinds)
        return "\n".join(serializers.serialize("json", rows) for rows in found)


def make_owned(org: Organization, mark: str, store: EventStore) -> Owned:
    member = MembershipFactory(
        org=org, role=Role.ANALYST, user=UserFactory(name=f"{mark}-name", email=f"{mark}@shop.example")
    )
    event = make_event(org, name="auth.login_success", actor=Actor(f"{mark}-actor", f"{mark}-actor@shop.example"))
    store_events(store, event)
    alert = make_alert(org, actor_id=f"{mark}-actor", title=f"About {mark}", event_ids=(event.event_id,))
    who = Who(by=mark, principal=f"user:{member.user.pk}")
    bulk = start_bulk(org, Environment.LIVE, AlertAction.ACKNOWLEDGE, [(alert.id, alert.revision)], who=who, note=mark)
    view = SavedView.objects.create(
        org=org, owner=member.user, page=ListedPage.EVENTS, name=f"{mark}-view", parameters=f"q={mark}", is_shared=True
    )
    acting = Acting.member(MembershipFactory(org=org, role=Role.OWNER).user, By.operator())
    invitation = invite(org, f"{mark}-guest@shop.example", Role.VIEWER, acting=acting).invitation
    with override_settings(EGRESS_POLICY=LOOPBACK):
        channel = make_channel(org, name=f"{mark}-hook", url=f"http://127.0.0.1:9/{mark}-hook")
        forwarder = add_forwarder(
            org,
            Environment.LIVE,
            kind="http",
            name=f"{mark}-siem",
            settings={"url": f"https://127.0.0.1:9/{mark}-siem"},
            store_now_s=0,
            by=By.operator(),
        )
    notification = notification_of(alert, Occasion.ALERT_CREATED, mark)
    (delivery,) = put(notification, [Addressed(channel=channel, due_at=timezone.now())])
    ids = {
        "alert_id": alert.id,
        "bulk_id": bulk.id,
        "channel_id": channel.id,
        "comment_id": add_comment(alert, f"{mark} says so", author=member.user).id,
        "delivery_id": delivery.id,
        "event_id": event.event_id,
        "forwarder_id": forwarder.id,
        "invitation_id": invitation.id,
        "server_id": Server.objects.create(org=org, environment="live", hostname=f"{mark}-host").id,
        "key_id": make_key(org, name=f"{mark}-key").record.id,
        "route_id": channel.routes.get().id,
        "rule_id": add_rule(channel, min_severity=AlertSeverity.HIGH, after_minutes=15, who=who).id,
        "suppression_id": make_suppression(org, reason=f"{mark} is loud", actor=f"{mark}-actor").id,
        "user_id": member.user.pk,
        "view_id": view.id,
    }
    return Owned(org, mark, {name: str(value) for name, value in ids.items()})


@pytest.fixture
def ours(tenant: Tenant, store: EventStore) -> Owned:
    return make_owned(tenant.org, "kittiwake", store)


@pytest.fixture
def theirs(tenant: Tenant, store: EventStore) -> Owned:
    return make_owned(OrganizationFactory(), "razorbill", store)


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Callable[..., object]]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry, route)
        elif isinstance(entry, URLPattern) and "<slug:org>" in route:
            yield route, entry.callback


ROUTES = dict(_routes(get_resolver()))
ARGUMENT = re.compile(r"<(\w+):(\w+)>")
# Last what makes an end of its object, and then what brings it back.
WITH_IDS = sorted(
    (route for route in ROUTES if any(kind == "uuid" for kind, _ in ARGUMENT.findall(route))),
    key=lambda route: (route.endswith("/restore"), route.endswith(("/delete", "/remove", "/revoke", "/withdraw", "/end"))),
)
WITHOUT_IDS = [route for route in ROUTES if route not in WITH_IDS]


def address(route: str, org: Organization, ids: Mapping[str, str]) -> str:
    def fill(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if name in {"org", "environment"}:
            return org.slug if name == "org" else "live"
        return ids[name] if kind == "uuid" else NAMES[kind]

    return "/" + ARGUMENT.sub(fill, route)


def body_of(answer: HttpResponse) -> str:
    """Return all that was answered, also where it streams."""
    if not answer.streaming:
        return answer.content.decode()

    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])  # type: ignore[attr-defined] # it streams

    pieces: bytes = async_to_sync(read)() if answer.is_async else b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return pieces.decode()


def is_endless(route: str) -> bool:
    """Return whether an address answers as long as somebody listens; tests/browser/test_events.py follows those."""
    return route.endswith("/stream")


def test_every_id_in_an_address_has_an_object_to_try(ours: Owned) -> None:
    named = {name for route in WITH_IDS for kind, name in ARGUMENT.findall(route) if kind == "uuid"}
    assert named - set(ours.ids) == set(), "make such an object in make_owned"


def test_ids_of_another_organisation_name_nothing(ours: Owned, theirs: Owned) -> None:
    before, client, wrong = theirs.rows(), ours.client(), {}
    for route in WITH_IDS:
        # Every id theirs, and where there are several also the first ours: an own alert with a comment of theirs.
        first = next(name for kind, name in ARGUMENT.findall(route) if kind == "uuid")
        for ids in (theirs.ids, {**theirs.ids, first: ours.ids[first]}):
            if all(ids[name] == ours.ids[name] for kind, name in ARGUMENT.findall(route) if kind == "uuid"):
                continue
            for method in ("GET", "POST"):
                answer = client.generic(method, address(route, ours.org, ids))
                if answer.status_code not in {404, 405} or theirs.mark in body_of(answer):
                    wrong[method, route] = answer.status_code
    assert wrong == {}
    assert theirs.rows() == before


def test_the_same_ids_name_something_to_their_own_members(theirs: Owned) -> None:
    client, missing = theirs.client(), {}
    for route in WITH_IDS:
        if "comments/" in route or "logins/" in route:  # forms: what they name is only looked at when they are whole
            continue
        answers = [client.get(address(route, theirs.org, theirs.ids))]
        if answers[0].status_code == 405:
            answers.append(client.post(address(route, theirs.org, theirs.ids)))
        if answers[-1].status_code in {404, 405}:
            missing[route] = [answer.status_code for answer in answers]
    assert missing == {}


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_no_page_says_anything_of_another_organisation(role: Role, ours: Owned, theirs: Owned) -> None:
    client, seen, leaks = ours.client(role), set(), {}
    for route in filterfalse(is_endless, WITHOUT_IDS):
        body = body_of(client.get(address(route, ours.org, ours.ids)))
        if theirs.mark in body:
            leaks[route] = body.count(theirs.mark)
        if ours.mark in body:
            seen.add(route)
    # What was asked is said again, and the audit log says later what was asked: so here only more than that counts.
    more = (
        f"{theirs.mark}-name",
        f"About {theirs.mark}",
        f"{theirs.mark}-actor@",
        f"{theirs.mark} is loud",
        f"{theirs.mark}-hook",
    )
    for query in (f"?q={theirs.mark}", f"?id={theirs.mark}-actor&start={theirs.mark}&who={theirs.mark}"):
        for route in filterfalse(is_endless, WITHOUT_IDS):
            body = body_of(client.get(address(route, ours.org, ours.ids) + query))
            if any(text in body for text in more):
                leaks[route + query] = body.count(theirs.mark)
    assert leaks == {}
    assert any(route.endswith("alerts/") for route in seen), "the walk sees what it may see"
    assert any(route.endswith("events/") for route in seen)
