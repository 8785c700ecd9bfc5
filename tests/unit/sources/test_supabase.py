"""What is left of a Supabase row: nothing secret, and the same however often it is stripped."""

import json

from litesoc_server.sources.supabase import strip, translate


def test_a_column_without_a_name_changes_nothing_about_stripping_twice() -> None:
    body = json.dumps(
        {"type": "UPDATE", "table": "users", "schema": "auth", "record": {"": 1, "id": "a"}, "old_record": {"id": "a"}}
    ).encode()
    assert strip(strip(body)) == strip(body)
    assert translate(strip(body)) == translate(body)


def test_secrets_are_gone_and_their_change_is_known() -> None:
    old = {"id": "a", "encrypted_password": "hash-1", "recovery_token": "token-1", "phone": "+4799999999"}
    new = {**old, "encrypted_password": "hash-2", "raw_user_meta_data": {"name": "Mira", "pin": "1234"}}
    body = json.dumps({"type": "UPDATE", "table": "users", "schema": "auth", "record": new, "old_record": old}).encode()
    stripped = strip(body).decode()
    for secret in ("hash-", "token-", "+47", "Mira", "1234"):
        assert secret not in stripped
    (entry,) = translate(body)
    assert "auth.password_reset" in str(entry)
