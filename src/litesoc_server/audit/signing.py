"""Ed25519 signatures over canonical JSON. Pure: where keys come from is told by keys.py."""

import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from litesoc_server.audit.canonical import canonical

_KEY_ID_LENGTH = 16  # hexadecimal digits
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")


class SigningKey:
    """A private key."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw().hex()
        self.key_id = key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"

    def sign(self, content: Mapping[str, object]) -> str:
        """Return the signature over the canonical spelling of ``content``, hexadecimal."""
        return self._key.sign(canonical(content)).hex()


def key_id_of(public_key: str) -> str:
    """Return how a key is named: the start of the SHA-256 digest of its 32 bytes."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_KEY_ID_LENGTH]


def is_public_key(text: str) -> bool:
    """Return whether ``text`` is spelled like a public key."""
    return _PUBLIC_KEY.fullmatch(text) is not None


def is_signed(content: Mapping[str, object], signature: str, public_key: str) -> bool:
    """Return whether ``signature`` is that of ``public_key`` over ``content``."""
    if not _SIGNATURE.fullmatch(signature) or not is_public_key(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), canonical(content))
    except InvalidSignature:
        return False
    return True
