"""The key that signs checkpoints: made at first use, kept beside the database, and one day followed by another."""

import re
import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.lines import Line, key_content
from litesoc_server.audit.models import AuditKey
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.audit.row_lines import key_line
from litesoc_server.audit.signing import SigningKey
from litesoc_server.key_files import replace_key, write_first_key

_SEED_BYTES = 32
_SEED = re.compile(r"[0-9a-f]{64}")


class KeyUnusable(Exception):
    """The signing key cannot be read; the text says why."""


def signing_key() -> SigningKey:
    """Return the key that signs now, made when there is none, its public half listed. Raises KeyUnusable."""
    key = _configured() or _stored(settings.AUDIT_KEY_PATH)
    if not AuditKey.objects.filter(key_id=key.key_id).exists():
        _list(key, follows=None)
    return key


def public_keys() -> list[AuditKey]:
    """Return all keys that ever signed here, oldest first."""
    return list(AuditKey.objects.order_by("made_at", "id"))


def key_lines() -> list[Line]:
    """Return them as lines of an export."""
    return [key_line(key) for key in public_keys()]


def rotate_key(*, by: By) -> str | None:
    """Let a new key sign from now on, vouched for by the one before it, which stays listed.

    Returns None where the key is kept in the data directory. Where it is a setting, that has to be changed by whoever makes
    the settings: then the new private key is returned. Raises KeyUnusable.
    """
    old, seed = signing_key(), secrets.token_bytes(_SEED_BYTES)
    new = SigningKey(seed)
    with transaction.atomic():
        _list(new, follows=old)
        record(
            org_id=INSTALLATION,
            action=Action.AUDIT_KEY_ROTATED,
            by=by,
            target=Target(kind="signing_key", id=new.key_id),
            changes={"key": (old.key_id, new.key_id)},
        )
        if _configured() is None:
            replace_key(settings.AUDIT_KEY_PATH, _text(seed))
            return None
    return seed.hex()


def _list(key: SigningKey, *, follows: SigningKey | None) -> None:
    made_at = timezone.now()
    content = key_content(key.public_key, iso_ms(made_at), None if follows is None else follows.key_id)
    row = AuditKey(
        key_id=key.key_id,
        public_key=key.public_key,
        made_at=made_at,
        endorsed_by=None if follows is None else follows.key_id,
        endorsement=None if follows is None else follows.sign(content),
        proof=key.sign(content),
    )
    AuditKey.objects.bulk_create([row], ignore_conflicts=True)  # another process may list it at the same moment


def _configured() -> SigningKey | None:
    text = settings.AUDIT_KEY
    return None if text is None else SigningKey(bytes.fromhex(text))


def _stored(path: Path) -> SigningKey:
    if not path.exists():
        write_first_key(path, _text(secrets.token_bytes(_SEED_BYTES)))
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        msg = f"the signing key {path} cannot be read"
        raise KeyUnusable(msg) from error
    if not _SEED.fullmatch(text):
        msg = f"the signing key {path} is damaged: bring it back from a backup"
        raise KeyUnusable(msg)
    return SigningKey(bytes.fromhex(text))


def _text(seed: bytes) -> str:
    return f"{seed.hex()}\n"
