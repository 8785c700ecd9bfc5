"""Why Splunk's HTTP event collector refused a batch, in words for people.

Its refusals are `{"text": …, "code": …}`. The codes are from what users of Splunk have published of its answers; its own
page about them could not be opened.
"""

import msgspec

_TEXT_LENGTH_MAX = 200  # characters
_FIXES = {
    1: "switch the token on in Splunk",
    4: "enter the token of the collector's input",
    7: "let the token write to its default index",
    # With acknowledgement on, each request has to name a channel and ask later whether it is indexed: that is not done here.
    10: "switch indexer acknowledgement off for this token",
}


class _Refusal(msgspec.Struct):
    text: str = ""
    code: int = 0


_DECODER = msgspec.json.Decoder(_Refusal)


def refusal_told(body: str) -> str:
    """Return ": <Splunk's words> (code n): <the fix>" of an answer's body, nothing for a body that Splunk did not write."""
    try:
        refusal = _DECODER.decode(body.encode("utf-8", "replace"))
    except msgspec.MsgspecError:
        return ""
    if not refusal.text:
        return ""
    fix = _FIXES.get(refusal.code)
    text = "".join(character for character in " ".join(refusal.text.split()) if character.isprintable())
    told = f": {text[:_TEXT_LENGTH_MAX]} (code {refusal.code})"
    return told if fix is None else f"{told}: {fix}"
