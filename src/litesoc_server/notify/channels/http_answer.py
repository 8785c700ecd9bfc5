"""What an answer over HTTP means for a delivery: done, later, never."""

from http import HTTPStatus

from litesoc_server.egress.http import RETRY_AFTER_S_MAX, Answer
from litesoc_server.notify.channels.base import DeliveryFailed, Sent

# About what was sent (RFC 9110 sections 15.5.1, 15.5.14 and 15.5.21); other 4xx are about who sends, or where to.
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


def judge(
    answer: Answer, sent: Sent, *, meaning: str = "", retry_after_s: float | None = None, is_400_about_setup: bool = False
) -> Sent:
    """Return ``sent`` when ``answer`` is a success (2xx), else raise DeliveryFailed. Redirects are not followed.

    ``meaning`` is what the answer means at this vendor and what to do, for people. ``retry_after_s`` is what the body asks
    for, where a vendor writes it there; the header counts first. ``is_400_about_setup``: this vendor answers so to what
    somebody can mend there, such as a chat that is gone, and hardly ever to what a message holds.
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
    is_about_setup = is_400_about_setup and answer.status == HTTPStatus.BAD_REQUEST
    raise DeliveryFailed(
        reason,
        sent=sent,
        is_refused=answer.status in _REFUSALS and not is_about_setup,
        retry_after_s=retry_after_s if answer.retry_after_s is None else answer.retry_after_s,
    )


def seconds_in(value: object) -> float | None:
    """Return how long to wait, as the body of an answer says; None where that is no number."""
    return float(min(max(value, 0), RETRY_AFTER_S_MAX)) if isinstance(value, int | float) else None
