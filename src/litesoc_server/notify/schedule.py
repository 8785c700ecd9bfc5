"""When a delivery that failed is tried again, and when nobody tries any more. Pure."""

import random
from datetime import datetime, timedelta

# After the first attempt, the second, and so on; then every ten hours. The steps that the Standard Webhooks specification
# suggests: a restart of the receiver costs seconds, a weekend without anybody there costs nothing.
STEPS_S = (5, 300, 1_800, 7_200, 18_000, 36_000)
GIVEN_UP_AFTER = timedelta(days=3)  # since the first attempt; the last is made then
REFUSED_MAX = 3  # times that a receiver does not take what is in a message: what follows in its thread waits meanwhile
JITTER = 0.1  # share by which a step is longer or shorter, so that what failed together does not come back together


def next_attempt_at(attempts: int, *, first_at: datetime, now: datetime, retry_after_s: float | None) -> datetime | None:
    """Return when to try again after ``attempts`` that failed, the last one ``now``; None: never.

    The other side's wish counts where it is for longer than the step, within GIVEN_UP_AFTER.
    """
    last_at = first_at + GIVEN_UP_AFTER
    if now >= last_at:
        return None
    step_s = STEPS_S[min(attempts, len(STEPS_S)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 # spreads load
    return min(now + timedelta(seconds=max(step_s, retry_after_s or 0.0)), last_at)
