"""What `litesoc doctor` says about the shared state: whether Redis answers, what it drops when full, what detection owes."""

import time
from datetime import UTC, datetime
from pathlib import Path

import redis

from litesoc_server.pipeline.gap_file import GapFile

CLOCK_SKEW_MAX_S = 5.0
# Of all keys that end, the shortest windows go first and what is known of users last; quotas and claims lie between.
_FITTING_POLICY = "volatile-ttl"


def find_state_problem(state_url: str, gap_path: Path) -> tuple[bool, str, str]:
    """Return whether it is fatal, what was found and the fix; an empty fix when all is well."""
    try:
        with redis.Redis.from_url(state_url, socket_timeout=2, socket_connect_timeout=2) as client:
            seconds, micros = client.time()
            eviction = _eviction_problem(client)
    except redis.RedisError as error:
        fix = "check LITESOC_STATE_URL; until then rate limits are not enforced and events are stored without detection"
        return True, f"Redis cannot be reached ({type(error).__name__}){_behind(gap_path)}", fix
    skew_s = abs(time.time() - (seconds + micros / 1e6))
    if skew_s > CLOCK_SKEW_MAX_S:
        return False, f"Redis's clock differs by {skew_s:.0f} s", "run an NTP client on both machines"
    if behind := _behind(gap_path):
        fix = "wait: it catches up by itself within seconds while the server runs; see its log if it does not"
        return False, f"Redis answers{behind}", fix
    if eviction is not None:
        return False, *eviction
    return False, "Redis answers", ""


def _eviction_problem(client: redis.Redis) -> tuple[str, str] | None:
    try:
        settings = client.config_get("maxmemory*")
    except redis.ResponseError:  # services that run Redis for you often hide its configuration
        return None
    if settings.get("maxmemory") == "0":
        fix = (
            f"set maxmemory, with maxmemory-policy {_FITTING_POLICY}: a flood of made-up addresses must not fill the machine"
        )
        return "Redis answers, and may take all memory of its machine", fix
    policy = settings.get("maxmemory-policy")
    if policy == _FITTING_POLICY:
        return None
    harm = "refuses to remember more" if policy == "noeviction" else "may drop what is known of users before short windows"
    return f"Redis answers; when full it {harm} (maxmemory-policy {policy})", f"set maxmemory-policy {_FITTING_POLICY}"


def _behind(gap_path: Path) -> str:
    gap = GapFile(gap_path).read()
    if gap is None:
        return ""
    since = datetime.fromtimestamp(gap.since_ms / 1000, UTC)
    return f"; events received since {since:%Y-%m-%d %H:%M:%S} UTC are stored but not yet examined"
