"""What an answer over HTTP means for a delivery: done, later, never."""

from http import HTTPStatus

from litesoc_server.egress.http import RETRY_AFTER_S_MAX, Answer
from litesoc_server.notify.channels.base import DeliveryFailed, Sent


def judge(answer: Answer, sent: Sent, *, meaning: str = "", retry_after_s: float | None = None) -> Sent:
    """Return ``sent`` when ``answer`` is a success (2xx), else raise DeliveryFailed. Redirects are not followed.

    ``meaning`` is what the answer means at this vendor and what to do, for people. ``retry_after_s`` is what the body asks
    for, where a vendor writes it there; the header counts first.
    """
    told = f": {meaning}" if meaning else ""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return sent
    if answer.status == HTTPStatus.GONE:
        reason = f"the receiver wants nothing more (410){told}"
        raise DeliveryFailed(reason, sent=sent, is_permanent=True, is_gone=True)
    if answer.status < HTTPStatus.BAD_REQUEST:
        reason = f"the receiver redirects ({answer.status}), which is not followed: enter the address it leads to"
        raise DeliveryFailed(reason, sent=sent, is_permanent=True)
    reason = f"the receiver answered with status {answer.status}{told}"
    # Other 4xx too may pass: somebody mends an address, a token, a rule of a firewall.
    asked_for_s = answer.retry_after_s
    raise DeliveryFailed(reason, sent=sent, retry_after_s=retry_after_s if asked_for_s is None else asked_for_s)


def seconds_in(value: object) -> float | None:
    """Return how long to wait, as the body of an answer says; None where that is no number."""
    return float(min(max(value, 0), RETRY_AFTER_S_MAX)) if isinstance(value, int | float) else None
