"""What tests/crash/agent_harness.py runs on a data directory: prints how often each actor is in the store, as JSON."""

import json
from contextlib import closing

import django

django.setup()

from litesoc_server.config import load_config  # noqa: E402 # needs Django set up
from litesoc_server.runtime.build import build_store  # noqa: E402

# Two rows of one event id are one event to everybody who asks: that is the store's own repetition, not the agent's.
_SQL = """
SELECT actor_id, uniqExact(event_id) FROM events
WHERE name = 'auth.login_failed' AND cityHash64(actor_id) % {parts:UInt64} = {part:UInt64} GROUP BY actor_id
"""
PARTS = 64  # one after the other: a million actors at once are more than the store gives a question memory for


def main() -> None:
    store = build_store(load_config())
    store.open()
    found: dict[str, int] = {}
    with closing(store):
        for part in range(PARTS):
            found |= dict(store._read(_SQL, {"parts": PARTS, "part": part}))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
