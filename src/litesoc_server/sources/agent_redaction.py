"""What a server's log shows that nobody needs elsewhere: words that look like passwords, and addresses inside a network.

The rules for actors and addresses are those of the vendor's agent (contract 7.3). Whole lines are masked on arrival, since
that agent sends the recent ones as they are.
"""

import re

from litesoc_server.special_addresses import plan_look_up

REDACTED = "[REDACTED]"
LINE_LENGTH_MAX = 500  # characters kept of one recent line; sshd's have under 200
_INSIDE = frozenset({"private", "loopback", "link_local", "cgnat", "unspecified"})

_SYMBOLS = r"!@$%^&*+=~#"
_TWO_SYMBOLS = re.compile(f"[{re.escape(_SYMBOLS)}]{{2}}")
_INSIDE_A_WORD = re.compile(f"[A-Za-z0-9][{re.escape(_SYMBOLS)}][A-Za-z0-9]")

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f:.]{2,45})(?![\w:])")
# A name, typed by somebody, between the words around it in the lines of sshd, su, login and PAM. It may hold spaces.
_NAMES = (
    re.compile(r"(?<=\bfor invalid user )(?P<name>.*)(?= from \S+)"),
    re.compile(r"(?<=\bInvalid user )(?P<name>.*)(?= from \S+)"),
    re.compile(r"(?<=(?:by|om) invalid user )(?P<name>.*)(?= \S+ port \d)"),  # closed by, Disconnected from
    re.compile(r"(?<=\bauthenticating user )(?P<name>.*)(?= \S+ port \d)"),
    re.compile(r"(?<=\bfor )(?P<name>(?!invalid user )\S+)(?= from \S+)"),
    re.compile(r"(?<= FOR ')(?P<name>.*)(?=', )"),
    re.compile(r"(?<= FOR )(?P<name>[^'].*)(?=, )"),
    re.compile(r"(?<= ruser=)(?P<name>\S+)"),
    re.compile(r"(?<= user=)(?P<name>\S.*)"),
    re.compile(r"(?<=\bDisconnected from user )(?P<name>\S+)"),
)
_COMMAND = re.compile(r"(?<=COMMAND=)(?P<program>\S+) .*")  # of sudo: what follows the program may be a secret
# Quantifiers are bounded, so that a long line costs no more than its length.
_SECRETS = (
    re.compile(r"(?i)(\b(?:authorization\s{0,3}[:=]\s{0,3})?(?:bearer|basic)\s{1,3})\S+"),
    re.compile(
        r"(?i)([\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|session[_-]?id|cookie)"
        r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\s\"',;&]+"
    ),
)
_TOKENS = re.compile(
    r"\b(?:eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"  # JSON Web Tokens, RFC 7519
    r"|lsoc?_\w{8,}|lsk_\w{8,}|whsk_\w{8,}|sk_(?:live|test)_\w{8,}|gh[pousr]_\w{16,}|xox[abprs]-[\w-]{8,}|AKIA[0-9A-Z]{12,}"
    r"|[0-9a-fA-F]{32,}|[A-Za-z0-9+/]{40,}={0,2})"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def looks_like_password(text: str) -> bool:
    """Return whether a name looks like a password typed in its place; one that looks like an e-mail address does too."""
    return bool(_TWO_SYMBOLS.search(text) or _INSIDE_A_WORD.search(text)) or (
        bool(text) and (text[0] in _SYMBOLS or text[-1] in _SYMBOLS)
    )


def redact_actor(actor_id: str) -> str:
    """Return ``actor_id``, or the word for what was redacted."""
    return REDACTED if looks_like_password(actor_id) else actor_id


def redact_address(address: str) -> str:
    """Return ``address``, or the word for what was redacted when it lies inside a network. A name stays as it is."""
    try:
        special = plan_look_up(address).special
    except ValueError:
        return address
    return REDACTED if special in _INSIDE else address


def mask_line(line: str) -> str:
    """Return a log line fit to be kept: without secrets, e-mail addresses, password-like names and inner addresses.

    At most LINE_LENGTH_MAX characters of it.
    """
    text = _CONTROL.sub(" ", line[: 4 * LINE_LENGTH_MAX]).strip()
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: match[1] + REDACTED, text)
    text = _COMMAND.sub(lambda match: f"{match['program']} {REDACTED}", text)
    for pattern in _NAMES:
        text = pattern.sub(lambda match: _masked_name(match["name"]), text)
    text = _TOKENS.sub(REDACTED, text)
    text = _EMAIL.sub(REDACTED, text)
    text = _ADDRESS.sub(lambda match: redact_address(match[0]), text)
    return text[:LINE_LENGTH_MAX]


def _masked_name(name: str) -> str:
    # What was typed with a space in it is no name of an account: a password, or a text that imitates a log line.
    return REDACTED if " " in name.strip() or looks_like_password(name) else name
