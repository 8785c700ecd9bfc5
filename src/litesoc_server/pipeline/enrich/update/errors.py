"""Why one source could not be updated. The others go on."""


class UpdateError(Exception):
    """A source was not updated; the text says why and the fix. What was in force stays in force."""
