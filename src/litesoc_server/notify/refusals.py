"""What is said when channels and routes cannot be as somebody wants them."""


class NotifyRefused(Exception):
    """A channel, route or rule cannot be kept like this. The text is a sentence for people, ``field`` what it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text
