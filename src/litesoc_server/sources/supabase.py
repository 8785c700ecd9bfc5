"""Supabase database webhooks on the table `auth.users`: INSERT, UPDATE and DELETE with the row before and after.

Payload: https://supabase.com/docs/guides/database/webhooks (type, table, schema, record, old_record). The columns are those
of Supabase Auth's own migrations, https://github.com/supabase/auth/tree/master/migrations. Supabase signs nothing, sends
once, and knows no address of the user. Rows hold password hashes and one-time tokens, so a body is stripped at the door:
what the stream and the store get are ids, the e-mail, a few times and roles, and the names of the columns that changed.
A webhook on `auth.audit_log_entries` tells of logins and second factors with the user's address: see supabase_audit.py.
"""

from collections.abc import Iterator, Mapping

import msgspec

from litesoc_server.sources import supabase_audit
from litesoc_server.sources.base import Ignored, IgnoredBecause, SourceItem, Translated, WebhookSource
from litesoc_server.sources.records import (
    email_or_none,
    is_array,
    is_object,
    metadata_of,
    object_at,
    read_records,
    text_at,
)
from litesoc_server.sources.timestamps import parse_rfc3339_ms

ID = "supabase"
SOURCE_NAME = "supabase-database-webhook"  # in the metadata
TEXT_LENGTH_MAX = 1_024  # characters of a value that is kept
COLUMNS_MAX = 100  # names of changed columns; auth.users has 35

# All that is kept of a row. No secret is among them; `app_role` and `app_roles` are ours, out of raw_app_meta_data.
_KEPT_COLUMNS = (
    "id",
    "email",
    "role",
    "created_at",
    "updated_at",
    "last_sign_in_at",
    "recovery_sent_at",
    "banned_until",
    "deleted_at",
    "app_role",
    "app_roles",
)
_APP_METADATA = ("raw_app_meta_data", "app_metadata")
_ROLE_COLUMNS = frozenset({"role", "app_role", "app_roles"})
_ENCODER = msgspec.json.Encoder(order="deterministic")


def strip(body: bytes) -> bytes:
    """Return the body with nothing in it but what ``translate`` needs. Raises BodyRefused."""
    return _ENCODER.encode([_stripped(record) for record in read_records(body)])


def translate(body: bytes) -> Translated:
    """Return an entry for each thing that happened to each row. Raises BodyRefused."""
    return [entry for record in read_records(body) for entry in _entries(_stripped(record))]


def _stripped(record: object) -> dict[str, object] | None:
    if not is_object(record):
        return None
    kept: dict[str, object] = {name: _text(record.get(name)) for name in ("type", "table", "schema")}
    if _is_of(kept, supabase_audit.TABLE):
        return {**kept, "record": supabase_audit.stripped_row(object_at(record, "record"))}
    if not _is_of(kept, "users"):
        return kept
    new, old = object_at(record, "record"), object_at(record, "old_record")
    kept_new, kept_old = _kept_columns(new), _kept_columns(old)
    changed = record.get("changed_columns")  # of a body that was stripped before
    if not is_array(changed):
        names = sorted(name for name in {*new, *old} if new.get(name) != old.get(name)) if new and old else []
        roles = sorted(name for name in ("app_role", "app_roles") if kept_new.get(name) != kept_old.get(name))
        changed = [*names, *roles] if new and old else names
    return {
        **kept,
        "record": kept_new,
        "old_record": kept_old,
        "changed_columns": [name[:TEXT_LENGTH_MAX] for name in changed if isinstance(name, str) and name][:COLUMNS_MAX],
    }


def _is_of(record: Mapping[str, object], table: str) -> bool:
    return record.get("table") == table and record.get("schema") == "auth"


def _kept_columns(row: Mapping[str, object]) -> dict[str, object]:
    kept = {name: _text(row.get(name)) for name in _KEPT_COLUMNS}
    for place in _APP_METADATA:
        inner = object_at(row, place)
        kept["app_role"] = kept["app_role"] or _text(inner.get("role"))
        roles = inner.get("roles")
        if is_array(roles):
            names = (role for role in roles if isinstance(role, str))
            kept["app_roles"] = kept["app_roles"] or _text(", ".join(names))
    return {name: value for name, value in kept.items() if value is not None}


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value[:TEXT_LENGTH_MAX] if isinstance(value, str) and value else None


def _entries(record: Mapping[str, object] | None) -> Iterator[SourceItem | Ignored]:
    if record is None or text_at(record, "type") is None:
        yield Ignored(IgnoredBecause.NOT_A_RECORD)
        return
    if _is_of(record, supabase_audit.TABLE) and record.get("type") == "INSERT":
        yield supabase_audit.entry_of(object_at(record, "record"), source=SOURCE_NAME, prefix=ID)
        return
    if not _is_of(record, "users"):
        yield Ignored(IgnoredBecause.NOT_SECURITY)
        return
    new, old = object_at(record, "record"), object_at(record, "old_record")
    change = text_at(record, "type")
    if change == "INSERT":
        yield _item("admin.user_created", record, new, text_at(new, "created_at"))
    elif change == "DELETE":
        yield _item("admin.user_deleted", record, old, None)
    elif change == "UPDATE":
        yield from _updates(record, new, old)
    else:
        yield Ignored(IgnoredBecause.UNKNOWN_TYPE, _item(f"{ID}.{change}"[:255], record, new or old, None))


def _updates(
    record: Mapping[str, object], new: Mapping[str, object], old: Mapping[str, object]
) -> Iterator[SourceItem | Ignored]:
    """Yield one event for each difference that means something, so that a login never hides a changed role."""
    columns = record.get("changed_columns")
    changed = {name for name in columns if isinstance(name, str)} if is_array(columns) else set[str]()
    updated_at = text_at(new, "updated_at")
    found: list[tuple[str, str | None]] = []
    if changed & _ROLE_COLUMNS:
        found.append(("authz.role_changed", updated_at))
    if "deleted_at" in changed and text_at(new, "deleted_at"):
        found.append(("admin.user_deleted", text_at(new, "deleted_at")))  # a soft deletion
    if "banned_until" in changed and text_at(new, "banned_until"):
        found.append(("admin.user_suspended", updated_at))
    if "encrypted_password" in changed or ("recovery_sent_at" in changed and text_at(new, "recovery_sent_at")):
        found.append(("auth.password_reset", updated_at))
    if _is_later(text_at(new, "last_sign_in_at"), text_at(old, "last_sign_in_at")):
        found.append(("auth.login_success", text_at(new, "last_sign_in_at")))
    for name, at in found or [("user.updated", updated_at)]:
        yield _item(name, record, new, at)


def _is_later(new: str | None, old: str | None) -> bool:
    """Return whether someone has signed in between: an older time is a correction, the same one another update."""
    if new is None or new == old:
        return False
    new_ms, old_ms = parse_rfc3339_ms(new), None if old is None else parse_rfc3339_ms(old)
    return new_ms is None or old_ms is None or new_ms > old_ms


def _item(name: str, record: Mapping[str, object], row: Mapping[str, object], timestamp: str | None) -> SourceItem:
    email = text_at(row, "email")
    return SourceItem(
        name=name,
        actor_id=text_at(row, "id") or email,
        actor_email=email_or_none(email),
        actor_name=None,
        user_ip=None,
        user_agent=None,
        timestamp=timestamp,
        metadata=metadata_of(
            {
                "source": SOURCE_NAME,
                "supabase_type": record.get("type"),
                "role": row.get("role"),
                "app_role": row.get("app_role") or row.get("app_roles"),
                "banned_until": row.get("banned_until"),
                "changed_columns": record.get("changed_columns"),
            }
        ),
    )


SOURCE = WebhookSource(
    id=ID,
    title="Supabase",
    summary="New, changed and deleted users, logins, password resets and role changes of Supabase Auth.",
    docs_url="https://supabase.com/docs/guides/database/webhooks",
    setup=(
        "In the Supabase dashboard open Database > Webhooks and create a webhook.",
        "Table: users of the schema auth. Events: Insert, Update and Delete.",
        "Type: HTTP Request. Method: POST. URL: {address}",
        "Add the HTTP header X-API-Key with the value {key}, or put ?api_key={key} behind the URL.",
        "Send failed logins from your application: Supabase does not report them here, nor users' addresses.",
    ),
    translate=translate,
    strip=strip,
    is_user_ip_sent=False,
)
