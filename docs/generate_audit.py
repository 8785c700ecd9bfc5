"""Print docs/reference/audit.md: how the audit log is made, and the grammar of actions from audit/actions.py."""

from litesoc_server.audit.actions import Category, actions_in

HEADER = """\
# Audit log

The list of actions is made from `src/litesoc_server/audit/actions.py` by `docs/generate_audit.py`; a test fails when this
page is out of date.

Every administrative or security-relevant act of people, keys and the server itself is an entry in the log of its
organisation: who, from where, what, on what, what was different before. An entry is written in the transaction of the
act: neither exists without the other. What concerns no single organisation (backups, signing keys, accounts without an
organisation) is in the log of the installation, which the command line shows: `litesoc audit list --installation`.
A failed sign-in is recorded where the person belongs whose account it was tried on; one at nobody's account is not.

## The chain
Entries have the numbers 1, 2, 3, … without a gap. An entry is the canonical JSON (RFC 8785) of

```json
{"action": "member.role_changed", "at": "2026-11-26T03:32:54.123Z",
 "by": {"address": C, "name": C, "principal": "user:…", "user_agent": C},
 "changes": {"role": {"after": C, "before": C}}, "note": C, "org": "…", "previous": H, "seq": 7,
 "target": {"id": "…", "kind": "member", "name": C}, "version": 1}
```

`H` is the hash of the entry before, 64 zeros for the first. An entry's own hash is SHA-256 over these bytes. `C` is null
or `{"sha256": …}`, the commitment to a value: SHA-256 over 32 random bytes, the salt, followed by the value's canonical
JSON. Numbers, booleans and null in `changes` stand as they are. An entry that erases values has the member `erased`, too:
the path of each kind of value with the numbers of the entries, as in `{"by.name": "3-5,9"}`.

Values and salts stand beside the chain. Erasing a person deletes them: nobody can then tell, or guess, what was there,
and the chain is as valid as before.

Every minute the newest entry of each log is signed: a checkpoint, with the Ed25519 key of `LITESOC_AUDIT_KEY` or of the
file `audit_key` in the data directory. Whoever has the database can write a whole log anew, but not sign it.
`litesoc audit rotate-key` lets a new key sign: the one before vouches for it, so whoever knows one of them can tell all.

## Verifying
`litesoc audit verify` looks through the log in the database, `litesoc audit verify FILE` through an export, offline. Both
find every changed, missing, additional or moved entry, value, checkpoint or byte, and end with exit code 1 if there is any.

- An export is sealed: its last line signs the digest of all lines before it.
- `--key` names a public key of `litesoc audit keys` that you keep elsewhere. Without it a file can only be held against the
  keys in it, and whoever writes all of a file anew can put keys of their own there.
- In the database, entries newer than the newest checkpoint (a minute at most) are chained but not signed yet. The exports
  that you keep elsewhere are what tells that a database was put back to an earlier state.

An export is JSON lines: `log`, each `key`, where retention has dropped entries a `checkpoint` of the kind `start`, each
`entry` with its `values`, followed by the `checkpoint` lines about it, and `seal`. Each line is canonical JSON. What is
signed is a line without its `signature` (a key's without `endorsement` and `proof`), in canonical JSON.

## How long
The log is kept for good, however short the plan keeps events, unless an admin says otherwise: 90 days at least. The oldest
entries then go every hour; a signed checkpoint says with which entry the rest begins.

## Actions
Released names are never renamed. Names of clients of the hosted service are the same here.
"""


def render() -> str:
    """Return the page."""
    parts = [HEADER]
    for category in Category:
        rows = "".join(f"| `{action.value}` | {action.label} |\n" for action in actions_in(category))
        parts.append(f"\n### {category.label}\n\n| action | what it is called |\n|---|---|\n{rows}")
    return "".join(parts)


if __name__ == "__main__":
    print(render(), end="")
