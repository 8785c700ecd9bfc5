"""What can go wrong with a message, said as what the consumer has to do about it."""


class InvalidMessage(Exception):
    """The message can never be processed: put it into the dead letters with this text as the reason, and go on.

    The text names ids and fields only, never values: it is shown to operators.
    """


class Backpressure(Exception):
    """Something downstream cannot take more just now: keep the message unacknowledged and come back later."""


class StreamUnavailable(Exception):
    """The stream did not make the message durable: the sender must be told to try again (503 with Retry-After)."""


class StreamFull(StreamUnavailable):
    """The disk, or the ceiling set for the stream, is full. What was acknowledged before is safe."""
