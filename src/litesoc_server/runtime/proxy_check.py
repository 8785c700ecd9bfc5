"""What `litesoc doctor` says about reverse proxies: whether addresses of clients are theirs, and nobody can make them up."""

from pathlib import Path

from litesoc_server.config import Config


def find_proxy_problem(config: Config, note_path: Path) -> tuple[str, str]:
    """Return what was found and the fix; an empty fix when all is well. ``note_path`` is where runtime.proxy_note notes."""
    count = config.trusted_proxy_count
    if count:
        entry = "the last entry" if count == 1 else f"entry {count} from the end"
        finding = f"{count} trusted: the address of a client is {entry} of X-Forwarded-For"
        if config.public_url is None:
            fix = "set LITESOC_PUBLIC_URL; if clients reach this server without a proxy, set LITESOC_TRUSTED_PROXY_COUNT=0"
            return f"{finding}; without a proxy in front anybody could write it", fix
        return finding, ""
    if note_path.exists():
        fix = "set LITESOC_TRUSTED_PROXY_COUNT to the number of your proxies; if there is none a client wrote it: leave it 0"
        return (
            "none trusted, but X-Forwarded-For was sent: allow-lists, limits and histories take a proxy for the client",
            fix,
        )
    if (config.public_url or "").startswith("https://"):
        fix = "set LITESOC_TRUSTED_PROXY_COUNT=1 and let the proxy write X-Forwarded-For"
        return "none trusted, though LITESOC_PUBLIC_URL is https: what ends TLS in front hides who connects", fix
    return "none: the address of a client is that of its connection", ""
