"""Lists that leave as files, in the audit log."""

from asgiref.sync import sync_to_async
from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest


async def record_export(request: PageRequest, member: Member, what: str, file_format: str) -> None:
    """Record that ``member`` saves the list ``what`` as a file, and which part of it."""
    await sync_to_async(_record)(request, member, what, file_format)


def _record(request: PageRequest, member: Member, what: str, file_format: str) -> None:
    with transaction.atomic():
        record(
            org_id=member.org.id,
            action=Action.DATA_EXPORTED,
            by=by_of(request),
            target=Target(kind="list", id=what),
            changes={
                "environment": (None, member.environment.value),
                "format": (None, file_format),
                "query": (None, request.GET.urlencode() or None),
            },
        )
