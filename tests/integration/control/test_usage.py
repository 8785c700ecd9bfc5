"""Usage by day and key, the month's sum that quotas are held against, warnings, refusals."""

from datetime import UTC, date, datetime

import pytest
from django.core import mail

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory
from litesoc_server.accounts.outbox import outbox
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs import usage
from litesoc_server.orgs.models import Organization, QuotaWarning, Role, UsageDay, UsageMark, UsageRefusal
from litesoc_server.orgs.quota_warnings import quota_state, warn_of_quotas
from litesoc_server.orgs.usage import CountedMeanwhile, count_usage, forget_old_usage, used_in_month
from litesoc_server.orgs.usage_refusals import add_refusals
from litesoc_server.store.base import EventStore
from litesoc_server.store.chdb import ChdbStore
from management_api import make_event, store_events

pytestmark = pytest.mark.django_db

DAY_MS = 86_400_000
MONTH = date(2026, 5, 1)  # of NOW_MS


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SETTLE_S", 0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "put", lambda job: job())


def count(store: EventStore) -> int:
    """Count usage once the second is over in which something was stored."""
    begun_s = store.taken_span(since_s=0).now_s
    while store.taken_span(since_s=0).now_s == begun_s:
        pass
    return count_usage(store)


def org_id_of(org: Organization) -> OrgId:
    return OrgId(str(org.id))


def days_of(org: Organization) -> list[tuple[date, str, str, int]]:
    rows = UsageDay.objects.filter(org=org).order_by("day", "environment", "key_id")
    return [(row.day, row.environment, row.key_id, row.events) for row in rows]


def test_events_are_counted_once_by_key_environment_and_day(store: EventStore) -> None:
    org = OrganizationFactory()
    store_events(
        store,
        *(make_event(org, key_id="a") for _ in range(3)),
        make_event(org, key_id="b", environment=Environment.TEST),
        make_event(org, key_id="a", received_at_ms=NOW_MS - DAY_MS),
        make_event(org, key_id="a", source="feedback"),
    )
    count(store)
    assert days_of(org) == [
        (date(2026, 5, 27), "live", "a", 1),
        (date(2026, 5, 28), "live", "a", 3),
        (date(2026, 5, 28), "test", "b", 1),
    ]
    assert count(store) == 0
    store_events(store, make_event(org, key_id="a"))
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 6


def test_what_was_counted_stays_when_the_events_expire(store: EventStore) -> None:
    org = OrganizationFactory()
    assert isinstance(store, ChdbStore)
    gone = make_event(org)
    store_events(store, gone, make_event(org))
    count(store)
    store._opened_writer().command(
        "ALTER TABLE events DELETE WHERE event_id = {gone:UUID}",
        parameters={"gone": gone.event_id},
        settings={"mutations_sync": 1},
    )
    assert store.count_received(org_id=org_id_of(org), from_ms=0, to_ms=NOW_MS * 2) == 1
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 2


def test_the_month_is_that_of_when_events_were_received(store: EventStore) -> None:
    org = OrganizationFactory()
    first_ms = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp() * 1000)
    store_events(store, make_event(org, received_at_ms=first_ms), make_event(org, received_at_ms=first_ms - 1))
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 1
    count(store)
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 1
    assert used_in_month(store, org_id_of(org), now_ms=first_ms - 1) == 1


def test_two_workers_count_a_stretch_once(store: EventStore) -> None:
    org = OrganizationFactory()
    store_events(store, make_event(org, key_id="a"))
    taken = [one for one in store.taken_by_key(from_s=0, to_s=2**32 - 1) if one.org_id == str(org.id)]
    usage._add(taken, from_s=0, to_s=10)
    with pytest.raises(CountedMeanwhile):
        usage._add(taken, from_s=0, to_s=10)
    assert days_of(org) == [(date(2026, 5, 28), "live", "a", 1)]
    assert UsageMark.objects.get().counted_until_s == 10


def test_counts_are_forgotten_after_two_years() -> None:
    org = OrganizationFactory()
    for day in (date(2024, 1, 1), date(2026, 5, 1)):
        UsageDay.objects.create(org=org, day=day, environment="live", key_id="a", source="collect", events=1)
    forget_old_usage(NOW_MS)
    assert [day for day, *_ in days_of(org)] == [date(2026, 5, 1)]


def use(org: Organization, events: int) -> None:
    UsageDay.objects.update_or_create(
        org=org, day=date(2026, 5, 3), environment="live", key_id="a", source="collect", defaults={"events": events}
    )


def test_owners_and_admins_are_warned_once_at_each_step(at_once: None, settings: object) -> None:
    settings.IS_MAIL_POSSIBLE = True  # type: ignore[attr-defined] # pytest-django's
    org = OrganizationFactory(name="Shop", plan="pro", monthly_events_override=1_000)
    people = [MembershipFactory(org=org, role=role).user.email for role in (Role.OWNER, Role.ADMIN)]
    MembershipFactory(org=org, role=Role.ANALYST)

    sent = []
    for events in (799, 800, 800, 949, 960, 999, 1_000, 1_000):
        use(org, events)
        warn_of_quotas(now_ms=NOW_MS)
        sent.append([message.subject for message in mail.outbox])
        assert {address for message in mail.outbox for address in message.to} <= set(people)
        mail.outbox.clear()
    assert [len(subjects) for subjects in sent] == [0, 2, 0, 0, 2, 0, 2, 0]
    assert sent[1][0] == "Shop has used 80 % of this month's events"
    assert sent[6][0] == "Shop has used up this month's events"
    entries = AuditEntry.objects.filter(org_id=org.id)
    assert [(entry.action, entry.principal) for entry in entries] == [("quota.warned", "system")] * 3


def test_steps_that_are_passed_at_once_are_one_mail(at_once: None, settings: object) -> None:
    settings.IS_MAIL_POSSIBLE = True  # type: ignore[attr-defined] # pytest-django's
    org = MembershipFactory(org=OrganizationFactory(plan="free"), role=Role.OWNER).org
    use(org, 4_900)
    warn_of_quotas(now_ms=NOW_MS)
    assert ["95 %" in message.subject for message in mail.outbox] == [True]
    assert f"/o/{org.slug}/live/settings/usage/" in mail.outbox[0].body
    assert QuotaWarning.objects.count() == 2


def test_a_month_whose_batches_no_longer_fit_is_used_up() -> None:
    org = OrganizationFactory(plan="pro", monthly_events_override=1_000)
    use(org, 990)
    add_refusals(date(2026, 5, 4), {(org_id_of(org), ErrorCode.QUOTA_EXCEEDED): 2})
    warn_of_quotas(now_ms=NOW_MS)
    state = quota_state(org, limit=1_000, now_ms=NOW_MS)
    assert state is not None
    assert (state.percent, state.used, state.next_month) == (100, 990, date(2026, 6, 1))
    assert quota_state(org, limit=2_000, now_ms=NOW_MS) is None, "a larger limit is not used up"
    assert quota_state(org, limit=1_000, now_ms=NOW_MS + 5 * DAY_MS) is None, "a new month begins"


def test_who_has_no_limit_is_not_warned() -> None:
    org = OrganizationFactory(plan="enterprise")
    use(org, 10**9)
    warn_of_quotas(now_ms=NOW_MS)
    assert not QuotaWarning.objects.exists()


def test_refusals_add_up_by_day_and_reason_and_unknown_organisations_are_passed_over() -> None:
    org = OrganizationFactory()
    for day in (date(2026, 5, 4), date(2026, 5, 4), date(2026, 5, 5)):
        add_refusals(
            day,
            {
                (org_id_of(org), ErrorCode.RATE_LIMIT_EXCEEDED): 2,
                (OrgId("00000000-0000-4000-8000-000000000000"), ErrorCode.RATE_LIMIT_EXCEEDED): 9,
            },
        )
    rows = UsageRefusal.objects.order_by("day").values_list("day", "code", "requests")
    assert list(rows) == [(date(2026, 5, 4), "RATE_LIMIT_EXCEEDED", 4), (date(2026, 5, 5), "RATE_LIMIT_EXCEEDED", 2)]
