"""A process that writes to an embedded store until it is killed: ``python store_writer_main.py DIRECTORY ORG_ID``.

It prints a line with the ids of each batch once the insert of that batch has returned.
"""

import sys
from pathlib import Path

from contract.store_cases import MEMORY_BYTES, make_events, stored
from litesoc_server.events.ids import OrgId
from litesoc_server.store.chdb import ChdbStore


def main() -> None:
    store = ChdbStore(Path(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    store.open()
    while True:
        events = make_events(OrgId(sys.argv[2]), 50)
        store.insert(stored(events))
        print(*(event.event_id for event in events), flush=True)


if __name__ == "__main__":
    main()
