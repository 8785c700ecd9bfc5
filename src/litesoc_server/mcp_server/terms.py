"""Terms of the query language that the tools write themselves."""


def term(field: str, value: str) -> str:
    """Return a term that matches exactly ``value``: in quotes, with its quotes and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}:"{escaped}"'
