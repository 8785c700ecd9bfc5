"""What becomes of the delivery log when a person is erased: requests that were about them are cut out whole.

A request may write a name in ways that nobody finds again: escaped in JSON, encoded and broken into lines in a mail.
"""

from django.db import transaction

from litesoc_server.events.mentions import ERASED, Mentions
from litesoc_server.notify.models import DeliveryAttempt, Notification
from litesoc_server.orgs.models import Organization

ROWS_AT_ONCE = 100  # notifications of one transaction


def erase_requests(org: Organization, mentions: Mentions) -> None:
    """Cut requests and answers of every notification of ``org`` that names the person; before its own texts are erased."""
    said = Notification.objects.filter(org=org, message__isnull=False).values_list("pk", "message", "alert_body")
    keys = [pk for pk, *texts in said.iterator(ROWS_AT_ONCE) if mentions.is_within(texts)]
    for start in range(0, len(keys), ROWS_AT_ONCE):
        with transaction.atomic():
            attempts = DeliveryAttempt.objects.filter(delivery__notification__in=keys[start : start + ROWS_AT_ONCE])
            attempts.update(request=ERASED, answer=ERASED)
