"""What an event says about who got which rights: read from metadata, where senders put it under many names."""

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect.subjects import actor_key

ESCALATION = "admin.privilege_escalation"
GRANT_NAMES = frozenset({"authz.role_changed", "authz.permission_granted", "authz.access_granted", ESCALATION})
ACCOUNT_CREATED = "admin.user_created"
# Creating an account is left out: people who sign up do it, too.
OTHER_ADMIN_ACTS = frozenset(
    {
        "authz.permission_revoked",
        "admin.user_deleted",
        "admin.user_suspended",
        "admin.user_impersonation",
        "admin.settings_changed",
        "admin.api_key_created",
        "admin.api_key_revoked",
        "admin.invite_sent",
        "admin.member_removed",
    }
)

# Where the account that is acted on may stand, the first that is there counts. "user_id" comes last: some senders repeat
# the actor there, but only where they name the target otherwise.
TARGET_FIELDS = (
    "target",  # an id, or an object with id, user_id or email
    "target_id",
    "target_user_id",
    "target_user",
    "target_email",
    "target_actor_id",
    "affected_user_id",
    "affected_user",
    "created_user_id",
    "new_user_id",
    "user_id",
    "user_email",
)
_TARGET_OBJECT_FIELDS = ("id", "user_id", "email")
RIGHT_FIELDS = ("new_role", "role", "to_role", "granted_role", "permission", "permissions", "granted", "scope", "group")
_PRIVILEGED_WORDS = ("admin", "owner", "root", "super", "sudo", "security", "billing", "manage", "write_all", "full", "*")
_TAKEN_AWAY_WORDS = ("remov", "revok", "delet", "downgrad", "demot")

_METADATA_DECODER = msgspec.json.Decoder(dict[str, object])


class Grant(msgspec.Struct, frozen=True):
    """Somebody got rights."""

    targets: frozenset[str]  # every name by which the receiving account is known; empty: not said
    right: str | None  # the role or permission, None: not said


def targets_of(event: Event) -> frozenset[str]:
    """Return the names of the account that an event is about; empty when it says none."""
    metadata = _metadata(event)
    for field in TARGET_FIELDS:
        names = _names(metadata.get(field))
        if names:
            return names
    return frozenset()


def grant_of(event: Event) -> Grant | None:
    """Return what an event grants; None when it takes rights away, or names a right that is no privileged one.

    A right that is not named counts as privileged, as does everything about an escalation.
    """
    metadata = _metadata(event)
    original = metadata.get("original_event")
    if isinstance(original, str) and any(word in original.lower() for word in _TAKEN_AWAY_WORDS):
        return None
    right = next((text for field in RIGHT_FIELDS if (text := _text(metadata.get(field)))), None)
    if right is not None and event.name != ESCALATION:
        lowered = right.lower()
        if not any(word in lowered for word in _PRIVILEGED_WORDS):
            return None
    return Grant(targets_of(event), right)


def is_self_grant(event: Event, grant: Grant) -> bool:
    """Return whether the account that acts is the one that gains."""
    actor = event.actor
    if actor is None or actor.is_redacted:
        return False
    return bool(grant.targets & _names([actor.id, actor.email]))


def _metadata(event: Event) -> dict[str, object]:
    return _METADATA_DECODER.decode(event.metadata)


def _names(value: object) -> frozenset[str]:
    """Return the account names in a metadata value: a text, a number, a list of them, or an object with an id."""
    if isinstance(value, str):
        return frozenset({actor_key(value.strip().lower())}) if value.strip() else frozenset()
    if isinstance(value, int) and not isinstance(value, bool):
        return frozenset({str(value)})
    if isinstance(value, list):
        return frozenset[str]().union(*(_names(item) for item in value if isinstance(item, str | int)))
    if isinstance(value, dict):
        return frozenset[str]().union(*(_names(value.get(field)) for field in _TARGET_OBJECT_FIELDS))
    return frozenset()


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return ", ".join(item for item in value if isinstance(item, str)) or None
    return None
