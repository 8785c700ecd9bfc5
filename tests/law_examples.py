"""How many examples Hypothesis draws of each law: some in every run, and in each run others; all of them in `make laws`."""

from hypothesis import settings

FULL = 100  # Hypothesis' own number

# No deadline: a machine that is busy otherwise is not an error.
settings.register_profile("some", deadline=None, max_examples=FULL // 4)
settings.register_profile("laws", deadline=None, max_examples=FULL)


def of(full: int) -> int:
    """Return how many to draw of a law that costs more or less than others: ``full`` in `make laws`, else its share."""
    return full * settings().max_examples // FULL
