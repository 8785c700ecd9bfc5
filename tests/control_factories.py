"""Things of the control plane for tests: organisations, people, keys, detections and the alerts made of them."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import factory
from django.db import OperationalError, connection
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.alerts import apply
from litesoc_server.alerts.models import Alert, AlertDetection
from litesoc_server.apikeys.issue_key import IssuedKey, save_new_key
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Device, Geo, Network
from litesoc_server.events.ids import EventId, OrgId, draw_event_id_base, event_id_at
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.models import Membership, Organization, Role, Suppression
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.suppressions import create_suppression
from litesoc_server.pipeline.policy import DetectionPolicy

NOW_MS = 1_780_000_000_000  # 2026-05-28T20:26:40Z
EVERY_SCOPE = frozenset(Scope)
WHO = Who(by="ops@shop.example", principal="user:1")


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Shop {n}")
    slug = factory.Sequence(lambda n: f"shop-{n}")
    plan = "enterprise"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@shop.example")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    org = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.ANALYST


class DetectionFactory(factory.Factory):
    """A burst of failed logins from one address. ``org_id`` has to be given."""

    class Meta:
        model = Detection

    detection_id = factory.LazyFunction(lambda: uuid.uuid4().hex)
    environment = Environment.LIVE
    detector = "brute_force_address"
    alert_type = AlertType.BRUTE_FORCE_ATTACK
    severity = AlertSeverity.MEDIUM
    incident_key = "credential_attack|ip:198.51.100.77"
    title = "Brute force from 198.51.100.77"
    description = "5 failed logins from one address within 5 minutes."
    reasons = ("5 failed logins from 198.51.100.77 in 5 minutes (threshold 5)",)
    facts = (Fact("failures_count", 5, 5),)
    ruled_out = ("The address is not shared by several users.",)
    actions = ("Block the address.",)
    event_ids = factory.LazyAttribute(lambda detection: event_ids(detection.event_count, at_ms=detection.first_seen_ms))
    trigger_event_id = factory.LazyAttribute(lambda detection: detection.event_ids[-1])
    event_count = 5
    first_seen_ms = NOW_MS - 60_000
    last_seen_ms = NOW_MS
    actor_id = None
    source_ip = "198.51.100.77"
    geo = Geo("NO", "Vestland", "Bergen", 60.39, 5.32, "Europe/Oslo")
    network = Network(asn=64500, as_org="Example Net", is_vpn=False, is_tor=False, is_proxy=None, is_datacenter=True)
    device = Device(user_agent="curl/8", browser="curl")


def event_ids(count: int, *, at_ms: int = NOW_MS) -> tuple[EventId, ...]:
    """Draw ids of events that were received together."""
    base = draw_event_id_base(at_ms)
    return tuple(event_id_at(base, index) for index in range(count))


def org_id_of(org: Organization) -> OrgId:
    """Return the id as the data plane writes it."""
    return OrgId(str(org.id))


def make_key(org: Organization, **changes: Any) -> IssuedKey:
    """Store a key that may do everything. Nothing is checked nor recorded: see apikeys.issue_key for how keys are made."""
    fields = {"name": "test key", "scopes": EVERY_SCOPE, "environment": Environment.LIVE, **changes}
    scopes, environment = sorted(scope.value for scope in fields["scopes"]), fields["environment"].value
    return save_new_key(ApiKey(**{**fields, "org": org, "scopes": scopes, "environment": environment}))


class OnePolicy:
    """The same settings for every organisation."""

    def __init__(self, **changes: Any) -> None:
        self._policy = DetectionPolicy(**changes)

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        return self._policy


def apply_detections(detections: Sequence[Detection], **changes: Any) -> None:
    """Apply detections under the default policy, with ``changes``; storms only where a test is about them."""
    apply.apply_detections(detections, OnePolicy(**{"storm_incidents_count": 100_000, **changes}))


def make_alert(org: Organization, **changes: Any) -> Alert:
    """Make an alert as production does: from a detection, of an incident of its own unless told otherwise."""
    defaults = {"org_id": org_id_of(org), "incident_key": f"credential_attack|{uuid.uuid4()}"}
    detection = DetectionFactory(**{**defaults, **changes})
    apply_detections([detection])
    return AlertDetection.objects.get(org=org, detection_id=detection.detection_id).alert


def make_suppression(org: Organization, **changes: Any) -> Suppression:
    """Suppress the brute force detector for an hour."""
    defaults = {
        "owner": "mira@shop.example",
        "reason": "load test",
        "expires_at": timezone.now() + timedelta(hours=1),
        "detector": "brute_force_address",
        "who": WHO,
    }
    return create_suppression(org, **{**defaults, **changes})


@contextmanager
def database_down() -> Iterator[None]:
    """Make every query of this thread fail, as when the database server is gone."""

    def refuse(*_call: object) -> None:
        raise OperationalError("could not connect to host=secret-host")

    with connection.execute_wrapper(refuse):
        yield
