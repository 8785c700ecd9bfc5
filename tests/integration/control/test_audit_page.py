"""The page on the audit log, one entry, and the log as a file."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse

from audit_logs import record_acts, tamper
from control_factories import OrganizationFactory
from litesoc_server.audit.by import By
from litesoc_server.audit.erase import erase_person
from litesoc_server.audit.file_check import verify_file
from litesoc_server.audit.keeper import tend_logs
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.reading import Value
from litesoc_server.audit.retention import retention_of
from litesoc_server.orgs.models import Organization, Role
from management_api import Tenant
from page_reader import PageReader

pytestmark = pytest.mark.django_db


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    record_acts(tenant.org.id)
    return tenant.org


def saved(answer: Any) -> bytes:
    async def read() -> bytes:
        pieces = cast("AsyncIterator[bytes]", cast("StreamingHttpResponse", answer).streaming_content)
        return b"".join([piece async for piece in pieces])

    return async_to_sync(read)()


def test_entries_stand_there_newest_first(org: Organization) -> None:
    html = PageReader(org, Role.ADMIN).text("settings/audit/")
    assert html.index("colleague5@shop.example") < html.index("colleague0@shop.example")
    assert "Role changed" in html
    assert "203.0.113.9" in html


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ({"what": "member.role_changed"}, [5, 3, 1]),
        ({"what": "detection"}, [4, 2, 0]),
        ({"what": "nothing"}, [5, 4, 3, 2, 1, 0]),
        ({"who": "JO@shop"}, [5, 3, 1]),
        ({"who": "user:7"}, [4, 2, 0]),
        ({"target": "colleague2"}, [2]),
        ({"target": "4"}, [4]),
        ({"address": "2001:DB8:"}, [5, 3, 1]),
        ({"address": ".9"}, []),
        ({"from": "2001-01-01", "to": "2999-12-31"}, [5, 4, 3, 2, 1, 0]),
        ({"to": "2001-01-01"}, []),
        ({"from": "9999-12-31", "before": "x" * 30}, [5, 4, 3, 2, 1, 0]),
        ({"before": "3"}, [1, 0]),
        ({"who": 'a"b\\c%_'}, []),
    ],
)
def test_the_address_says_which(org: Organization, query: dict[str, str], targets: list[int]) -> None:
    html = PageReader(org, Role.ADMIN).text("settings/audit/", **query)
    assert [number for number in range(5, -1, -1) if f"colleague{number}@" in html] == targets


def test_a_value_that_is_a_moment_is_told_from_other_texts() -> None:
    assert Value("2026-12-26T06:54:25.047847+00:00").moment == datetime(2026, 12, 26, 6, 54, 25, 47847, UTC)
    for other in ("analyst", "2026-12-26", "2026-12-26T06:54:25", 20261226, None):
        assert Value(other).moment is None


def test_one_page_leads_to_the_next(org: Organization) -> None:
    record_acts(org.id, count=50)
    reader = PageReader(org, Role.ADMIN)
    assert "before=7" in reader.text("settings/audit/")
    assert "Older" not in reader.text("settings/audit/", before="7")


def test_one_entry_shows_the_difference_and_what_was_erased(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    html = reader.text("settings/audit/1/")
    for text in ("mira@shop.example", "viewer", "admin", "a journey to Zürich", "Mozilla/5.0", "Before", "Share", "0.5"):
        assert text in html
    erase_person(org.id, texts=["mira@shop.example", "admin"], by=By.operator())
    html = reader.text("settings/audit/1/")
    assert "mira@" not in html
    assert html.count("erased") == 2
    assert reader.get("settings/audit/99/").status_code == 404
    assert reader.get("settings/audit/99999999999999999999999/").status_code == 404


def test_the_badge_says_whether_it_can_be_relied_on(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    assert "Not looked through yet" in reader.text("settings/audit/")
    tend_logs(is_hourly=False)
    assert "every entry up to number 6 is as it was recorded" in reader.text("settings/audit/")
    tamper("UPDATE audit_auditvalue SET value = '\"x\"' WHERE seq = 2 AND path = 'by.name'")
    tend_logs(is_hourly=True)
    html = reader.text("settings/audit/")
    assert "Tampered with, or damaged" in html
    assert "Entry 2: the value by.name is not the one that was recorded" in html
    assert "Damaged" in html


def test_the_log_of_another_organisation_is_nowhere(org: Organization) -> None:
    other = OrganizationFactory()
    reader = PageReader(other, Role.OWNER)
    assert "Nothing was recorded yet" in reader.text("settings/audit/")
    assert reader.get("settings/audit/1/").status_code == 404
    assert b"mira" not in saved(reader.get("settings/audit/export.jsonl"))
    assert "colleague" not in saved(reader.get("settings/audit/export.csv")).decode()
    assert reader.client.get(f"/o/{org.slug}/live/settings/audit/").status_code == 404


def test_only_who_may_sees_it(org: Organization) -> None:
    reader = PageReader(org, Role.ANALYST)
    for page in ("settings/audit/", "settings/audit/1/", "settings/audit/export.csv"):
        assert reader.get(page).status_code == 403
    assert "Audit log" not in reader.text("settings/general/")


def test_a_plan_without_it_says_so(org: Organization) -> None:
    org.plan = "free"
    org.save()
    reader = PageReader(org, Role.OWNER)
    assert "The plan Free does not include the audit log" in reader.text("settings/audit/")
    assert "Pro" in reader.text("settings/audit/")
    assert reader.get("settings/audit/1/").status_code == 404
    answer = reader.get("settings/audit/export.csv")
    assert (answer.status_code, b"it needs Pro or a larger plan" in answer.content) == (403, True)


def test_the_csv_has_the_columns_of_the_contract(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    lines = saved(reader.get("settings/audit/export.csv", who="mira")).decode().split("\r\n")
    assert lines[0] == "\ufefftimestamp,actor,action,ip_address,user_agent,metadata"
    first = AuditEntry.objects.get(org_id=org.id, seq=1)
    metadata = (
        '{""changes"":{""role"":{""after"":""admin"",""before"":""viewer""},""seats"":{""after"":null,""before"":0},'
        '""share"":{""after"":0.5,""before"":null}},""hash"":""HASH"",""note"":""a journey to Zürich"",""number"":1,'
        '""principal"":""user:7"",""target"":{""id"":""0"",""kind"":""member"",""name"":""colleague0@shop.example""}}'
    ).replace("HASH", first.hash)
    at = first.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert lines[3] == f'{at},mira@shop.example,suppression.created,203.0.113.9,Mozilla/5.0 (X11; Linux),"{metadata}"'
    assert len(lines) == 5
    assert AuditEntry.objects.filter(org_id=org.id).first().action == "audit_log.exported"  # type: ignore[union-attr]


def test_no_cell_of_the_csv_is_a_formula(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    reader.client.defaults["HTTP_USER_AGENT"] = "=cmd|' /C calc'!A0"
    reader.get("settings/audit/export.csv")
    assert ",'=cmd|" in saved(reader.get("settings/audit/export.csv")).decode()


def test_the_whole_log_can_be_taken_away_and_verified(org: Organization) -> None:
    file = saved(PageReader(org, Role.ADMIN).get("settings/audit/export.jsonl"))
    found = verify_file(file.splitlines(keepends=True))
    assert (found.verdict.problems, found.verdict.entries_count) == ([], 7)
    assert json.loads(file.splitlines()[0])["org"] == str(org.id)


def test_an_admin_says_how_long_it_is_kept(org: Organization) -> None:
    reader = PageReader(org, Role.ADMIN)
    address = f"/o/{org.slug}/live/settings/audit/retention"
    assert reader.client.post(address, {"days": "365"}).status_code == 302
    assert retention_of(org.id) == 365
    assert "For 365 days" in reader.text("settings/audit/")
    for wrong in ("5", "x", "-1", "9" * 30):
        assert "90 to 36,500" in reader.client.post(address, {"days": wrong}).content.decode()
    assert reader.client.post(address, {"days": ""}).status_code == 302
    assert retention_of(org.id) is None
