"""What `/notifications/…` has in common: whose it is, who acts, moments, and the refusal of what is not there."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.detection_policy import who_calls
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.principals import Who
from litesoc_server.sources.timestamps import parse_rfc3339_ms

PAGE_LIMIT = 200  # rows
# A channel tells of live alerts, and what it sent shows them: nothing of it is for test keys.
READS = KeyAuth(Scope.READ, Feature.NOTIFICATIONS, is_live_only=True)
CHANGES = KeyAuth(Scope.MANAGE, Feature.NOTIFICATIONS, is_live_only=True)
_YEAR_LAST_MS = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) * 1000

Found = TypeVar("Found")


def org_of(request: ApiRequest) -> Organization:
    """Return the organisation that the key belongs to."""
    return organization_of(request.caller.record.org_id)


def who_of(request: ApiRequest) -> Who:
    """Return who acts: the key."""
    return who_calls(request.caller, None)


def found(look: Callable[[], Found]) -> Found:
    """Return what ``look`` finds. Raises Refused where there is nothing."""
    try:
        return look()
    except ObjectDoesNotExist as error:
        raise not_found() from error


def moment(field: str, text: str) -> datetime:
    """Return a moment that was sent as ``field``. Raises Refused."""
    at_ms = parse_rfc3339_ms(text.strip())
    if at_ms is None or not 0 <= at_ms <= _YEAR_LAST_MS:
        raise Refused(ErrorCode.VALIDATION_FAILED, f'{field} must be RFC 3339 with an offset, e.g. "2026-12-01T00:00:00Z"')
    return datetime.fromtimestamp(at_ms / 1000, UTC)
