"""Who did it: the sender's texts made safe, the e-mail standing in for a missing id, masked ids marked."""

from litesoc_server.events.event import Actor
from litesoc_server.pipeline.normalise.text import clean_text

REDACTED = "[REDACTED]"  # what the log agent writes in place of an id that looks like a password (contract 7.3)
ACTOR_LENGTH_MAX = 255  # characters; contract 1.5, length limits


def make_actor(actor_id: str | None, actor_email: str | None) -> Actor | None:
    """Return the actor, or None when the sender names nobody. Blank texts name nobody; over-long ones are cut.

    A masked e-mail is no e-mail. With an e-mail only, the e-mail is the id.
    """
    actor_id = _tidy(actor_id)
    actor_email = _tidy(actor_email)
    if actor_email == REDACTED:
        actor_id, actor_email = actor_id or REDACTED, None
    actor_id = actor_id or actor_email
    if not actor_id:
        return None
    return Actor(actor_id, actor_email or None, is_redacted=actor_id == REDACTED)


def is_over_long(text: str | None) -> bool:
    """Whether ``make_actor`` cuts this id or e-mail."""
    return text is not None and len(text) > ACTOR_LENGTH_MAX and len(text.strip()) > ACTOR_LENGTH_MAX


def _tidy(text: str | None) -> str | None:
    return clean_text(text.strip()[:ACTOR_LENGTH_MAX]) if text else None
