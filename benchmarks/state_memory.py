"""Memory of the detectors' state: what an actor with a few logins takes, with all detectors on.

Run `python benchmarks/state_memory.py --actors 1000000`. Five organisations; each actor has its own address and logs in on
three days; with `--failures` it also fails once on the third. Prints JSON.
"""

import argparse
import gc
import json
import random
import resource
import sys
import time
from pathlib import Path

import msgspec
from detect_events import ORGS, OnePolicy, make_event

from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.memory import MemoryState

BATCH = 5_000
_DAY_MS = 86_400_000
_LOGINS = (("auth.login_success", 0), ("auth.login_success", 1), ("auth.login_success", 2))
_FAILURE = ("auth.login_failed", 2)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actors", type=int, default=100_000)
    parser.add_argument("--failures", action="store_true", help="each actor fails once, too")
    parser.add_argument("--max-keys", type=int, help="the state's ceiling of keys held as objects (default: its own)")
    options = parser.parse_args()
    state = MemoryState() if options.max_keys is None else MemoryState(options.max_keys)
    runner = DetectionRunner(state, DETECTORS, OnePolicy(), score)
    rng = random.Random(1)
    before = _resident_bytes()
    started_s = time.process_time()
    for name, day in (*_LOGINS, _FAILURE) if options.failures else _LOGINS:
        for start in range(0, options.actors, BATCH):
            events = [
                make_event(rng, number, name, number, f"{11 + (number >> 16)}.{(number >> 8) & 255}.{number & 255}.7")
                for number in range(start, min(start + BATCH, options.actors))
            ]
            runner.run(
                [msgspec.structs.replace(event, occurred_at_ms=event.occurred_at_ms + day * _DAY_MS) for event in events]
            )
    gc.collect()
    used = _resident_bytes() - before
    figures = {
        "actors": options.actors,
        "organisations": len(ORGS),
        "cpu_us_per_event": (time.process_time() - started_s) / options.actors / (len(_LOGINS) + options.failures) * 1e6,
        "keys_as_objects": len(state),
        "packed_bytes": state.packed_bytes,
        "bytes": used,
        "bytes_per_actor": used / options.actors,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    json.dump(figures, sys.stdout)
    print()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
