"""Log lines of other products as events: just enough to hold Panther's samples against our detectors. Not a source."""

from typing import Any, NamedTuple

Log = dict[str, Any]


class Login(NamedTuple):
    """One login in a sample."""

    name: str
    actor_id: str
    ip: str


def login_of(log: Log) -> Login | None:
    """Return the login that a line tells of, None when it is about something else or in a format not read here."""
    read = _READERS.get(log.get("p_log_type", ""))
    found = read(log) if read is not None else None
    return None if found is None else Login("auth.login_success" if found[0] else "auth.login_failed", *found[1:])


_Found = tuple[bool, str, str] | None  # whether it succeeded, actor, address


def _cloudtrail(log: Log) -> _Found:
    if log["eventName"] != "ConsoleLogin":
        return None
    return log["responseElements"]["ConsoleLogin"] == "Success", log["userIdentity"]["userName"], log["sourceIPAddress"]


def _box(log: Log) -> _Found:
    names = {"FAILED_LOGIN": False, "LOGIN": True}
    if log["event_type"] not in names:
        return None
    return names[log["event_type"]], log["created_by"]["login"], log["ip_address"]


def _gsuite(log: Log) -> _Found:
    names = {"login_failure": False, "login_success": True}
    if log["name"] not in names:
        return None
    return names[log["name"]], log.get("actor", {}).get("email", "unknown"), log["ipAddress"]


def _okta(log: Log) -> _Found:
    if log["eventType"] != "user.session.start":
        return None
    return log["outcome"]["result"] == "SUCCESS", log["actor"]["alternateId"], log["client"]["ipAddress"]


def _onelogin(log: Log) -> _Found:
    names = {6: False, 5: True}  # event types of OneLogin's event resource
    kind = log["event_type_id"]
    return None if kind not in names else (names[kind], str(log["user_id"]), log["ipaddr"])


def _asana(log: Log) -> _Found:
    names = {"user_login_failed": False, "user_login_succeeded": True}
    kind = log["event_type"]
    return None if kind not in names else (names[kind], log["actor"]["email"], log["context"]["client_ip_address"])


def _one_password(log: Log) -> _Found:
    return log["category"] == "success", log["target_user"]["email"], log["client"]["ip_address"]


def _snowflake(log: Log) -> _Found:
    if log["EVENT_TYPE"] != "LOGIN" or log.get("ERROR_MESSAGE") == "OVERFLOW_FAILURE_EVENTS_ELIDED":
        return None
    return log["IS_SUCCESS"] == "YES", log["USER_NAME"], log["CLIENT_IP"]


_READERS = {
    "AWS.CloudTrail": _cloudtrail,
    "Box.Event": _box,
    "GSuite.ActivityEvent": _gsuite,
    "Okta.SystemLog": _okta,
    "OneLogin.Events": _onelogin,
    "Asana.Audit": _asana,
    "OnePassword.SignInAttempt": _one_password,
    "Snowflake.LoginHistory": _snowflake,
}
