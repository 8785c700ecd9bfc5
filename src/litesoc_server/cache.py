"""Django's cache: where sign-in counts attempts and remembers codes that were used."""

import json
from typing import Any

from litesoc_server.config import Config

# In memory: about 25 MB at worst. An attacker who pushes others' counts out needs as many addresses or accounts.
ENTRIES_MAX = 50_000
KEY_PREFIX = "litesoc:web"


class JsonSerializer:
    """Values as JSON. Django's own way is pickle: whoever can write to Redis could then run code here."""

    def dumps(self, value: object) -> bytes:
        """Return ``value``, made of what JSON knows, as Redis keeps it. Raises TypeError for anything else."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> object:
        """Return what ``dumps`` was given."""
        return json.loads(data)


def cache_settings(config: Config) -> dict[str, Any]:
    """Return the value of Django's ``CACHES["default"]``: shared through Redis if there is one, else of this process."""
    if config.state_url is None:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "sign-in",
            "OPTIONS": {"MAX_ENTRIES": ENTRIES_MAX},
        }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": config.state_url,
        "KEY_PREFIX": KEY_PREFIX,
        # Limits fail closed (503), so soon.
        "OPTIONS": {
            "serializer": "litesoc_server.cache.JsonSerializer",
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
        },
    }
