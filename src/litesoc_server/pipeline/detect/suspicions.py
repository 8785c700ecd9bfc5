"""Why a login was marked as risky, in words for whoever reads of it later: by the detector that marked it, or its owner."""

from collections.abc import Mapping

DENIED_BY_OWNER = "denied_by_its_owner"  # stands where a detector's id would

_WORDS: Mapping[str, str] = {
    DENIED_BY_OWNER: "its owner said that the login was not theirs",
    "credential_stuffing": "the login came in the middle of a credential stuffing attack",
    "dormant_account": "the login woke an account that had not been used for long",
    "impossible_travel": "the login was too far from another one for anybody to have travelled in between",
    "mfa_fatigue": "the login was approved after many requests for a second factor that were refused",
    "new_country": "the login came from a country that is new to the account",
    "new_device": "the login came with a device and from a network that are new to the account",
    "risky_login": "the login looked much more like an attacker's than like the owner's",
    "session_hijack": "the login's session went on in other hands",
    "success_after_failures": "the login came right after many failed ones",
    "suspicious_network": "the login came through Tor or another network that hides its user",
}


def words_of(marked_by: str) -> str:
    """Return a clause that says why; for a detector of another version, one that names it."""
    return _WORDS.get(marked_by, f"the login was marked as risky by the detector {marked_by.replace('_', ' ')}")
