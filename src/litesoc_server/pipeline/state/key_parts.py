"""What a state key is made of: ``scope|purpose|name``, where what has no name is the scope's own. See subjects.scope_of."""

from litesoc_server.events.mentions import Mentions


def subject_of(key: str) -> tuple[str, str]:
    """Return the scope and the name; the name is what senders wrote."""
    scope, _, rest = key.partition("|")
    if rest.startswith("test|"):
        scope, rest = f"{scope}|test", rest[len("test|") :]
    return scope, rest.partition("|")[2]


def is_named_by(key: str, mentions: Mentions) -> bool:
    """Return whether the name is somebody's. The purpose is a word of ours, which an actor may be called as well."""
    return mentions.is_in(subject_of(key)[1])
