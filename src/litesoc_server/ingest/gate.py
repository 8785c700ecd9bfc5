"""Who may send how much: the steps that every address which takes events does alike, around the reading of its bodies."""

import logging

from litesoc_server.clock import Clock
from litesoc_server.ingest import admission
from litesoc_server.ingest.client_address import client_address
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.keys import KeyRecord, Scope
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.reply import Account
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import Refused, unavailable

log = logging.getLogger(__name__)


class Gate:
    """Authorises a key and holds events against its plan."""

    def __init__(
        self,
        *,
        rate_limiter: RateLimiter,
        quota_meter: QuotaMeter,
        key_use: KeyUse,
        clock: Clock,
        trusted_proxy_count: int,
        quota_exceeded_status: int,
    ) -> None:
        self._rate_limiter = rate_limiter
        self._quota_meter = quota_meter
        self._key_use = key_use
        self._clock = clock
        self._trusted_proxy_count = trusted_proxy_count
        self._quota_exceeded_status = quota_exceeded_status

    def authorise(
        self, head: RequestHead, peer: str | None, account: Account, record: KeyRecord | None, now_ms: int
    ) -> tuple[KeyRecord, str | None]:
        """Return the record of a key that may send events from where the request comes, and the client's address.

        Fills ``account`` as soon as it is known whose request it is. Raises Refused.
        """
        if record is None:
            raise admission.key_refusal(head.key)
        account.record = record
        address = client_address(peer=peer, forwarded_for=head.forwarded_for, trusted_proxy_count=self._trusted_proxy_count)
        if record.allow_lists or record.is_suspended or head.origin is not None:
            origin = None if head.origin is None else head.origin.decode("latin-1")
            admission.require_admission(record, address=address, origin=origin, host=head.host.decode("latin-1"))
        admission.require_scope(record, Scope.INGEST)
        self._key_use.note(record.key_id, address, now_ms)
        return record, address

    def admits_at_once(self, record: KeyRecord) -> bool:
        """Return whether ``admit`` neither waits for a server nor for the store."""
        return self._rate_limiter.is_immediate(record) and self._quota_meter.is_immediate(record)

    def admit(self, account: Account, record: KeyRecord, count: int) -> None:
        """Hold ``count`` events against the plan's limits. May block, see admits_at_once. Raises Refused."""
        account.rate = self._rate_limiter.hit(record, count)
        if not account.rate.is_allowed:
            raise admission.rate_refusal(account.rate)
        account.quota = self._quota_meter.reserve(record, count)
        if not account.quota.is_allowed:
            now_ms = self._clock.now_ms()
            raise admission.quota_refusal(account.quota, count, status=self._quota_exceeded_status, now_ms=now_ms)

    def release(self, record: KeyRecord, count: int) -> None:
        """Give back what ``admit`` took, because nothing was appended. May block as ``admit``."""
        self._quota_meter.release(record, count)


def stream_refusal(error: Exception) -> Refused:
    """Return the 503 for events that could not be appended."""
    log.warning("events could not be appended: %s", type(error).__name__)
    return unavailable("the event stream is")
