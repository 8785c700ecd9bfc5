"""What sudo's lines in auth.log say: commands that were let through, refused, or asked for with wrong passwords.

Form of the lines: sudoers(5), "LOG FORMAT" ("EVENT LOGGING" since 1.9): ``user : [message ;] TTY=… ; PWD=… ; [GROUP=… ;]
USER=… ; [TSID=… ;] [ENV=… ;] COMMAND=…``, https://www.sudo.ws/docs/man/sudoers.man/#LOG_FORMAT. The messages that deny a
command are the manual's own list. A command line may hold passwords, so no more of it is kept than the program's path.
"""

import re

from litesoc_server.sources.host_act import REPEATS_MAX, HostAct

_PROGRAM_LENGTH_MAX = 255  # characters kept of the path of what was run
_TERMINAL_LENGTH_MAX = 64
_LINE = re.compile(r"\s*(?P<user>\S+) : (?P<rest>.*)", re.DOTALL)
_FIELD = re.compile(r"[A-Z]+=")
_WRONG_PASSWORDS = re.compile(r"(?P<count>\d{1,4}) incorrect password attempts?")
# The reason that we give -> how sudo's message begins.
_DENIED = (
    ("not_in_sudoers", "user NOT in sudoers"),
    ("not_authorized_on_host", "user NOT authorized on host"),
    ("command_not_allowed", "command not allowed"),
    ("group_not_allowed", "invalid user or group not allowed"),
)


def read_sudo(message: str) -> HostAct | None:
    """Return what ``message``, as program sudo wrote it, says was done; None when it says nothing of that kind.

    Messages of PAM's modules inside sudo are none: sudo itself writes a line about the same attempts. Neither is "a password
    is required", which scripts cause that only ask whether they may.
    """
    match = _LINE.fullmatch(message)
    if match is None:
        return None
    said, fields = _split(match["rest"])
    if "COMMAND" not in fields and "TTY" not in fields:
        return None
    metadata = {"source": "sudo"}
    wrong = _WRONG_PASSWORDS.fullmatch(said)
    denied = next((reason for reason, begins in _DENIED if said.startswith(begins)), None)
    if wrong is not None:
        event, metadata["reason"] = "auth.login_failed", "incorrect_password"
    elif denied is not None:
        event, metadata["reason"] = "authz.access_denied", denied
    elif not said:
        event = "authz.access_granted"
    else:
        return None
    metadata |= _kept(fields)
    count = 1 if wrong is None else min(max(int(wrong["count"]), 1), REPEATS_MAX)
    return HostAct(event, match["user"], None, metadata, count)


def _split(rest: str) -> tuple[str, dict[str, str]]:
    """Return sudo's message, "" when there is none, and the fields after it; COMMAND is last and may hold anything."""
    head, has_command, command = rest.partition("COMMAND=")
    said, fields = "", {"COMMAND": command} if has_command else {}
    for number, part in enumerate(head.split(" ; ")):
        text = part.strip(" ;")
        if number == 0 and not _FIELD.match(text):
            said = text
        elif "=" in text:
            name, _, value = text.partition("=")
            fields.setdefault(name, value)
    return said, fields


def _kept(fields: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    if target := fields.get("USER"):
        kept["target_user"] = target
    if terminal := fields.get("TTY"):
        kept["tty"] = terminal[:_TERMINAL_LENGTH_MAX]
    program = fields.get("COMMAND", "").strip().split(" ", 1)[0]
    if program:
        kept["program"] = program[:_PROGRAM_LENGTH_MAX]
    return kept
