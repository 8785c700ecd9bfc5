"""The bytes that are hashed and signed: JSON in one spelling, so that the same content is always the same bytes.

It is RFC 8785 for what occurs here: keys sorted, no spaces, UTF-8, only what must be escaped is escaped. Numbers are
integers within ±(2^53 - 1), so no two readers can spell one differently.
"""

import hashlib
import json

INTEGER_MAX = 2**53 - 1  # RFC 8785 numbers are IEEE doubles: beyond this neighbours would be one


def canonical(content: object) -> bytes:
    """Return ``content`` in its one spelling."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 digest as 64 hexadecimal digits in small letters."""
    return hashlib.sha256(content).hexdigest()
