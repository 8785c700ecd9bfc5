"""What is wrong with the text of a query."""


class QueryError(ValueError):
    """A text is no query. Its text says what is wrong and how to mend it; ``position`` and ``length`` say where.

    Both count characters of the text as typed. The text of the error may quote what was typed.
    """

    def __init__(self, message: str, *, position: int, length: int, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = max(length, 1)
        self.suggestion = suggestion  # what to write in place of the marked part, where that can be guessed
