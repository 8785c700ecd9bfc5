"""The Integrations pages: how each source stands, its steps, settings and secret; driven by the registry alone."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from django.utils.html import escape

import signed_source
from control_factories import OrganizationFactory
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.inbound.counts_sink import DatabaseCountsSink
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.inbound.set_up_steps import KEY_TO_FILL_IN, address_of, steps_of
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.ingest.source_counts import Counts
from litesoc_server.ingest.source_settings import Connection
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.sources.base import IgnoredBecause, SecretOrigin, SignatureProblem
from litesoc_server.sources.registry import WEBHOOK_SOURCES, connected_sources
from litesoc_server.web.integrations.reasons import ignored_reasons, refused_reasons
from management_api import Tenant
from page_reader import PageReader

pytestmark = pytest.mark.django_db
SIGNED = signed_source.ID


@pytest.fixture(autouse=True)
def _a_source_that_signs(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.SECRETS_KEY_PATH = tmp_path / "secrets_key"
    with signed_source.registered():
        yield


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def reader(org: Organization) -> PageReader:
    return PageReader(org, Role.ADMIN)


def post(reader: PageReader, path: str, environment: str = "live", **fields: Any) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/{environment}/integrations/{path}", fields)


def html(reader: PageReader, path: str) -> str:
    answer = reader.client.get(f"/o/{reader.org.slug}/live/{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def count(org: Organization, source: str, *, refused: bool = False, **outcomes: int) -> None:
    now_ms = int(timezone.now().timestamp() * 1000)
    counted = Counts(days={timezone.now().date(): Counter(outcomes)})
    if refused:
        counted.last_refused_at_ms = now_ms
    else:
        counted.last_received_at_ms = counted.last_event_at_ms = now_ms
    DatabaseCountsSink().add({Connection(OrgId(str(org.pk)), Environment.LIVE, source): counted})


def test_every_source_has_a_card_and_a_page_with_its_steps(reader: PageReader) -> None:
    gallery = reader.text("integrations/")
    assert "Can be set up" in gallery
    assert "In use" not in gallery
    for source in connected_sources().values():
        assert escape(source.title) in gallery
        assert escape(source.summary) in gallery
        page = reader.text(f"integrations/{source.id}/")
        assert address_of(source, "http://testserver") in page
        assert "Waiting for the first event" in page or "Not set up" in page
        for step in steps_of(source, "http://testserver"):
            assert escape(step) in page, source.id
        assert "{" not in "".join(steps_of(source, ""))


def test_the_key_stands_in_the_address_only_where_it_can_stand_nowhere_else() -> None:
    assert address_of(WEBHOOK_SOURCES["auth0"], "https://soc.example") == "https://soc.example/webhooks/auth0"
    assert steps_of(WEBHOOK_SOURCES["auth0"], "https://soc.example")[2].endswith(f"Bearer {KEY_TO_FILL_IN}")
    signed = address_of(WEBHOOK_SOURCES[SIGNED], "https://soc.example", "k")
    assert signed == f"https://soc.example/webhooks/{SIGNED}?api_key=k"


def test_opentelemetry_is_copied_and_counted_and_has_no_types(org: Organization, reader: PageReader) -> None:
    count(org, "otlp", received=9, queued=5, kept_unknown=2, delivered=1, **{"ignored:no_event_name": 4})
    page = html(reader, "integrations/otlp/")
    assert f"OTEL_EXPORTER_OTLP_LOGS_HEADERS=x-api-key={KEY_TO_FILL_IN}" in page
    assert "logs_endpoint: http://testserver/v1/logs" in page
    assert page.count("data-copy-from") == 3
    assert "With custom names</dt><dd>2<" in page
    assert "Ordinary log lines" in page
    assert "Keep unknown types" not in page
    assert post(reader, "otlp/change", is_enabled="on", keeps_unknown="on").status_code == 302
    assert not SourceConnection.objects.get(org=org).keeps_unknown
    assert post(reader, "otlp/secret").status_code == 200
    assert not SourceConnection.objects.get(org=org).has_secret


def test_what_came_is_shown(org: Organization, reader: PageReader) -> None:
    count(org, "auth0", received=7, queued=5, delivered=3, **{"ignored:unknown_type": 2})
    gallery, page = reader.text("integrations/"), reader.text("integrations/auth0/")
    assert "Receiving" in gallery
    assert "Events arrive." in page
    assert "Unknown type" in page
    count(org, "auth0", refused=True, **{"refused:INVALID_JSON": 1})
    gallery, page = reader.text("integrations/"), reader.text("integrations/auth0/")
    assert "25 % of deliveries" in gallery
    assert "Not JSON" in page
    assert "Errors" in page
    assert "Not set up" in PageReader(OrganizationFactory(), Role.OWNER).text("integrations/auth0/")


def test_the_waiting_page_asks_again_until_something_came(org: Organization, reader: PageReader) -> None:
    path = "integrations/auth0/progress"
    assert "hx-get" in html(reader, f"{path}?poll=1")
    assert "hx-get" not in html(reader, f"{path}?poll=600")
    assert "hx-get" not in html(reader, path)
    count(org, "auth0", received=1, queued=1, delivered=1)
    answer = html(reader, f"{path}?poll=2")
    assert "hx-get" not in answer
    assert "Events arrive." in answer


def test_settings_are_changed_in_one_environment(org: Organization, reader: PageReader) -> None:
    assert post(reader, "auth0/change", "test", is_enabled="on", keeps_unknown="on").status_code == 302
    row = SourceConnection.objects.get(org=org)
    assert (row.environment, row.is_enabled, row.keeps_unknown) == ("test", True, True)
    post(reader, "auth0/change", "test")
    assert "Switched off" in reader.client.get(f"/o/{org.slug}/test/integrations/").content.decode()
    assert "Switched off" not in reader.text("integrations/")
    assert post(reader, "nobody/change").status_code == 404


def test_a_secret_of_ours_is_shown_once(org: Organization, reader: PageReader) -> None:
    shown = post(reader, f"{SIGNED}/secret").content.decode()
    secret = shown.partition('id="new-secret">')[2].partition("<")[0]
    assert len(secret) > 30
    assert "Copy the signing secret now" in shown
    page = html(reader, f"integrations/{SIGNED}/")
    assert secret not in page
    assert "Rotate the secret" in page
    assert post(reader, f"{SIGNED}/secret/remove").status_code == 302
    assert not SourceConnection.objects.get(org=org).has_secret


def test_a_secret_that_is_pasted_is_checked_and_never_shown(org: Organization, reader: PageReader) -> None:
    pasted = msgspec.structs.replace(signed_source.SOURCE, secret_origin=SecretOrigin.VENDOR)
    with pytest.MonkeyPatch.context() as patch:  # undone before the source goes
        patch.setitem(WEBHOOK_SOURCES, SIGNED, pasted)
        refused = post(reader, f"{SIGNED}/secret", secret="other").content.decode()
        assert "begins with whsec_" in refused
        assert 'value="other"' not in refused
        assert post(reader, f"{SIGNED}/secret", secret="whsec_right").status_code == 302
        assert "whsec_right" not in html(reader, f"integrations/{SIGNED}/")
    assert SourceConnection.objects.get(org=org).has_secret


def test_a_source_is_forgotten_in_one_environment(org: Organization, reader: PageReader) -> None:
    assert "Forget this source" not in html(reader, f"integrations/{SIGNED}/")
    post(reader, f"{SIGNED}/secret")
    post(reader, f"{SIGNED}/change", "test")
    count(org, SIGNED, received=1, queued=1, delivered=1)
    assert "not signed are taken again" in html(reader, f"integrations/{SIGNED}/")
    assert post(reader, f"{SIGNED}/forget").status_code == 302
    assert "is forgotten. Its events stay." in html(reader, "integrations/")
    assert "Not set up" in html(reader, f"integrations/{SIGNED}/")
    assert [row.environment for row in SourceConnection.objects.filter(org=org)] == ["test"]
    assert not SourceCount.objects.exists()
    removed = AuditEntry.objects.filter(org_id=org.pk, action="source.removed")
    assert removed.count() == 1
    post(reader, f"{SIGNED}/forget")
    assert removed.count() == 1
    assert post(reader, "nobody/forget").status_code == 404


def test_an_analyst_looks_and_changes_nothing(org: Organization) -> None:
    analyst = PageReader(org, Role.ANALYST)
    page = html(analyst, "integrations/auth0/")
    assert "auth0/change" not in page
    for path in ("auth0/change", "auth0/secret", "auth0/secret/remove", "auth0/forget"):
        assert post(analyst, path).status_code == 403
    assert not SourceConnection.objects.exists()


def test_every_reason_has_words() -> None:
    signature = {problem.value: 1 for problem in SignatureProblem}
    answered = ("INVALID_JSON", "VALIDATION_FAILED", "BATCH_TOO_LARGE", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_ENCODING")
    codes = {ErrorCode(code).value: 1 for code in (*answered, "FORBIDDEN", "RATE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED")}
    assert all(reason.fix for reason in refused_reasons({**signature, **codes}))
    assert all(reason.fix for reason in ignored_reasons({reason.value: 1 for reason in IgnoredBecause}))
    assert refused_reasons({"new": 3})[0].words == "new"
