"""Encrypting secrets that stand in the control database, with a key that can be rotated while the server runs.

Keys are a list: the first encrypts, each decrypts. They are the setting LITESOC_SECRETS_KEY or lines of a file in the data
directory; where there is neither, one is derived from the key that signs sessions. That one goes on decrypting for good.
"""

import base64
import re
import secrets
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from litesoc_server.key_files import replace_key

_KEY = re.compile(r"[0-9a-f]{64}")
_KEY_BYTES = 32
_KEPT = 2  # keys in the file: the one before decrypts what a process wrote that had not looked at the file yet


class SecretUnreadable(Exception):
    """No key fits: the one that encrypted it is gone, or the text is no secret of ours."""


class KeysUnusable(Exception):
    """The file with the keys cannot be read; the text says why."""


def seal(text: str) -> str:
    """Return ``text`` encrypted, as it is stored. Raises KeysUnusable."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what ``seal`` was given. Raises SecretUnreadable and KeysUnusable."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable("no key fits") from error


def reseal(sealed: str) -> str:
    """Return the same secret encrypted with the key that is the first now. Raises SecretUnreadable and KeysUnusable."""
    return seal(unseal(sealed))


def is_setting() -> bool:
    """Return whether the keys, or the one that they are derived from, are settings, so that nobody else may change them."""
    return bool(settings.SECRETS_KEYS) or settings.IS_SECRET_KEY_A_SETTING


def draw_key() -> str:
    """Return a new key: 64 hexadecimal digits."""
    return secrets.token_hex(_KEY_BYTES)


def put_key_first(key: str) -> None:
    """Encrypt with ``key`` from now on, in every process that has this data directory. Raises KeysUnusable and OSError."""
    path: Path = settings.SECRETS_KEY_PATH
    lines = [key, *_stored(path)][:_KEPT]
    replace_key(path, "".join(f"{line}\n" for line in lines))


def _cipher() -> MultiFernet:
    """Look at the file each time: it is asked for when people sign in, and so a rotation needs no restart."""
    return _cipher_of(tuple(settings.SECRETS_KEYS or _stored(settings.SECRETS_KEY_PATH)), settings.SECRET_KEY)


def _stored(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        msg = f"the key file {path} cannot be read"
        raise KeysUnusable(msg) from error
    if not lines or not all(map(_KEY.fullmatch, lines)):
        msg = f"the key file {path} is damaged: bring it back from a backup"
        raise KeysUnusable(msg)
    return lines


@cache
def _cipher_of(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    return MultiFernet([*(_fernet(bytes.fromhex(key)) for key in keys), _fernet(_derived(secret_key))])


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def _derived(secret_key: str) -> bytes:
    """Return the key of this purpose alone; its name is from when only second factors were encrypted."""
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"litesoc second factors").derive(secret_key.encode())
