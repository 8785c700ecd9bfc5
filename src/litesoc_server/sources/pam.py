"""What su, login, systemd-logind and PAM's pam_unix say in auth.log: one act for each attempt, whoever tells of it.

Forms of the lines:
- pam_unix: ``pam_unix(SERVICE:auth): authentication failure; logname=… uid=… euid=… tty=… ruser=… rhost=…  user=…``,
  ``N more authentication failures; …`` and ``session opened for user NAME(uid=N) by NAME(uid=N)``; Linux-PAM,
  modules/pam_unix/support.c and pam_unix_sess.c, https://github.com/linux-pam/linux-pam/tree/master/modules/pam_unix
- su of util-linux: ``(to NEW) OLD on TTY``, ``FAILED SU (to NEW) OLD on TTY``; login-utils/su-common.c; su of shadow:
  ``FAILED su for NEW by OLD``, ``Successful su for NEW by OLD``; src/su.c, https://github.com/shadow-maint/shadow
- login of util-linux: ``FAILED LOGIN 1 FROM HOST FOR NAME, WHY``, ``FAILED LOGIN SESSION FROM …``,
  ``TOO MANY LOGIN TRIES (3) FROM …``; login-utils/login.c, https://github.com/util-linux/util-linux; of shadow:
  ``FAILED LOGIN (1) on '/dev/tty1' FOR 'NAME', WHY``; src/login.c
- systemd-logind: ``New session ID of user NAME.``, newer ones ``New session 'ID' of user 'NAME' with class 'CLASS' and type
  'TYPE'.``; src/login/logind-session.c, https://github.com/systemd/systemd

sshd, sudo, su and login write lines of their own about what PAM tells of them too, so those of pam_unix are passed over; a
session of login is told by pam_unix alone in both versions of login.
"""

import re

from litesoc_server.sources.host_act import REPEATS_MAX, HostAct

_FIELDS_LENGTH_MAX = 64  # characters kept of a terminal
_TELL_THEMSELVES = frozenset({"sshd", "sudo", "sudo-i", "su", "su-l", "login", "remote"})
# Services whose sessions begin because a person signed in there; of cron, systemd-user, polkit-1 and the like none does.
_SIGN_IN_SERVICES = frozenset(
    {"login", "remote", "gdm-password", "gdm-smartcard", "gdm-fingerprint", "lightdm", "sddm", "xdm", "kde", "xrdp-sesman"}
    | {"cockpit", "vsftpd", "proftpd", "dovecot"}
)
_PAM = re.compile(r"pam_unix\((?P<service>[^:()]{1,64}):(?P<act>\w+)\): (?P<text>.*)", re.DOTALL)
_FAILURE = re.compile(
    r"(?:(?P<more>\d{1,6}) more )?authentication failures?; logname=\S* uid=\d* euid=\d* tty=(?P<tty>\S*)"
    r" ruser=(?P<ruser>\S*) rhost=(?P<rhost>\S*)(?:\s+user=(?P<user>.*))?\s*",  # without a user it ends with a space
    re.DOTALL,
)
_OPENED = re.compile(r"session opened for user (?P<user>[^\s(]+)(?:\(uid=\d+\))? by .*", re.DOTALL)
_SU = re.compile(r"(?P<failed>FAILED SU )?\(to (?P<new>[^)]+)\) (?P<old>\S*) on (?P<tty>\S+)\s*")
_SU_OF_SHADOW = re.compile(r"(?P<verdict>FAILED|Successful) su for (?P<new>\S+) by (?P<old>\S+)\s*")
_FAILED_LOGIN = re.compile(
    r"(?:FAILED LOGIN (?:\d{1,6}|SESSION)|TOO MANY LOGIN TRIES \(\d{1,6}\)) FROM (?P<host>\S+) FOR (?P<user>.*), [^,]*",
    re.DOTALL,
)
_FAILED_LOGIN_OF_SHADOW = re.compile(
    r"FAILED LOGIN \(\d{1,6}\) on '(?P<tty>[^']*)'(?: from '(?P<host>[^']*)')? FOR '(?P<user>.*)', .*", re.DOTALL
)
_NEW_SESSION = re.compile(r"New session (?P<session>[^\s']\S{0,63}) of user (?P<user>.+)\.", re.DOTALL)
_NEW_SESSION_WITH_CLASS = re.compile(
    r"New session '(?P<session>[^\s']{1,64})' of user '(?P<user>.+)' with class '(?P<kind>[\w-]+)' and type '[\w-]+'\.",
    re.DOTALL,
)
# Sessions of people; others are those of service managers, of timers, and of what asks for the password.
_CLASSES = frozenset({"user", "user-early", "user-light", "user-early-light", "user-incomplete"})
_NO_NAME = frozenset({"", "(unknown)", "UNKNOWN"})  # login hides names that do not exist: they may be passwords
_NO_HOST = frozenset({"", "tty", "(null)", "localhost"})


def read_pam(program: str, message: str) -> HostAct | None:
    """Return what ``message`` of ``program`` says was done; None when it is none of these lines."""
    match = _PAM.fullmatch(message)
    if match is not None:
        return _pam_unix(match["service"], match["act"], match["text"])
    if program == "su":
        return _su(message)
    if program == "login":
        return _login(message)
    if program == "systemd-logind":
        return _logind(message.rstrip())
    return None


def _pam_unix(service: str, act: str, text: str) -> HostAct | None:
    metadata = {"source": "pam", "service": service}
    if act == "auth" and service not in _TELL_THEMSELVES:
        match = _FAILURE.fullmatch(text)
        if match is None:
            return None
        metadata |= {"reason": "authentication_failure"} | _terminal(match["tty"])
        user = (match["user"] or "").strip()
        count = 1 if match["more"] is None else min(max(int(match["more"]), 1), REPEATS_MAX)
        return HostAct("auth.login_failed", user or match["ruser"] or None, _host(match["rhost"]), metadata, count)
    if act == "session" and service in _SIGN_IN_SERVICES:
        match = _OPENED.fullmatch(text)
        return None if match is None else HostAct("auth.login_success", match["user"], None, metadata)
    return None


def _su(message: str) -> HostAct | None:
    match = _SU.fullmatch(message)
    if match is not None:
        is_failure, terminal = match["failed"] is not None, _terminal(match["tty"])
    else:
        match = _SU_OF_SHADOW.fullmatch(message)
        if match is None:
            return None
        is_failure, terminal = match["verdict"] == "FAILED", dict[str, str]()
    metadata = {"source": "su", "target_user": match["new"]} | terminal
    if is_failure:
        metadata["reason"] = "authentication_failure"
    return HostAct("auth.login_failed" if is_failure else "authz.access_granted", match["old"] or None, None, metadata)


def _login(message: str) -> HostAct | None:
    match = _FAILED_LOGIN.fullmatch(message)
    if match is not None:
        terminal = dict[str, str]()
    else:
        match = _FAILED_LOGIN_OF_SHADOW.fullmatch(message)
        if match is None:
            return None
        terminal = _terminal(match["tty"])
    user = match["user"].strip()
    metadata = {"source": "login", "reason": "authentication_failure"} | terminal
    return HostAct("auth.login_failed", None if user in _NO_NAME else user, _host(match["host"] or ""), metadata)


def _logind(message: str) -> HostAct | None:
    match = _NEW_SESSION.fullmatch(message)
    if match is None:
        match = _NEW_SESSION_WITH_CLASS.fullmatch(message)
        if match is None or match["kind"] not in _CLASSES:
            return None
    metadata = {"source": "systemd-logind", "session": match["session"]}
    return HostAct("auth.session_created", match["user"], None, metadata)


def _terminal(text: str) -> dict[str, str]:
    return {"tty": text[:_FIELDS_LENGTH_MAX]} if text else {}


def _host(text: str) -> str | None:
    """Return what stands for a place in the network; a terminal's name, as login writes it there, does not."""
    is_none = text in _NO_HOST or text.startswith(("tty", "pts/", "/dev/", "hvc", "console"))
    return None if is_none else text
