"""What a line of a computer's log says somebody did on it, before the line's time and host are put to it."""

import msgspec

REPEATS_MAX = 100  # of one line; sudo asks three times, PAM's own counter is as small


class HostAct(msgspec.Struct, frozen=True):
    """One act, or several that are alike and stand in one line."""

    event: str  # a name of the catalogue
    actor_id: str | None  # who did it (personal data); None where the log leaves it out
    user_ip: str | None  # where from, as logged: an address or a name (personal data); None at the computer itself
    metadata: dict[str, str]  # source, and reason, target_user, tty, … of it
    count: int = 1
