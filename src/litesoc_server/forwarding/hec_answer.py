"""Why Splunk's HTTP event collector refused a batch, in words for people.

Its refusals are `{"text": …, "code": …}`. The codes are from what users of Splunk have published of its answers; its own
page about them could not be opened.
"""

from typing import NamedTuple

import msgspec

_TEXT_LENGTH_MAX = 200  # characters
_FIXES = {  # of what is about the collector's setup, whatever is sent
    1: "switch the token on in Splunk",
    4: "enter the token of the collector's input",
    7: "let the token write to its default index",
    # With acknowledgement on, each request has to name a channel and ask later whether it is indexed: that is not done here.
    10: "switch indexer acknowledgement off for this token",
}


class Refusal(NamedTuple):
    """What an answer says of why nothing was taken."""

    words: str  # for people, with the fix where there is one; "" for none
    is_about_setup: bool = False  # not about what was sent, whatever the status says


NO_WORDS = Refusal("")


class _Body(msgspec.Struct):
    text: str = ""
    code: int = 0


_DECODER = msgspec.json.Decoder(_Body)


def read_hec_refusal(body: str) -> Refusal:
    """Return what the body of Splunk's answer says: its words with its code and the fix. NO_WORDS for any other body."""
    try:
        found = _DECODER.decode(body.encode("utf-8", "replace"))
    except msgspec.MsgspecError:
        return NO_WORDS
    if not found.text:
        return NO_WORDS
    fix = _FIXES.get(found.code)
    text = "".join(character for character in " ".join(found.text.split()) if character.isprintable())
    words = f"{text[:_TEXT_LENGTH_MAX]} (code {found.code})"
    return Refusal(words) if fix is None else Refusal(f"{words}: {fix}", is_about_setup=True)
