"""What every webhook source keeps to, whatever it is sent: the laws in the docstrings of sources/base.py."""

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import law_examples
from litesoc_server.sources.base import RECORDS_MAX, BodyRefused, Fault, Ignored, SourceItem, Translated, WebhookSource
from litesoc_server.sources.records import METADATA_BYTES_MAX
from litesoc_server.sources.registry import WEBHOOK_SOURCES

GOLDEN = Path(__file__).parents[2] / "golden" / "sources"
SOURCES = pytest.mark.parametrize("source", WEBHOOK_SOURCES.values(), ids=list(WEBHOOK_SOURCES))

ODD_TEXTS = st.sampled_from(["", " ", "\0", "\ud800", "😀", "a" * 5_000, "unknown", "[REDACTED]", "2026-13-45T99:99:99Z"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), ODD_TEXTS, st.text(max_size=20), st.just(10**30), st.just(1e300)
)
ODD_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def accepted(source: WebhookSource, body: bytes) -> Translated | None:
    """Return what the source makes of ``body``, None when it refuses it as a whole. Whatever else it raises is a bug."""
    with contextlib.suppress(BodyRefused):
        return source.translate(body)
    return None


@SOURCES
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(source: WebhookSource, body: bytes) -> None:
    require_laws(source, body)


@SOURCES
@given(value=ODD_VALUES)
def test_any_json_is_read_or_refused(source: WebhookSource, value: object) -> None:
    require_laws(source, json.dumps(value).encode())


@SOURCES
@settings(max_examples=law_examples.of(150))
@given(data=st.data())
def test_a_real_body_with_one_odd_value_is_read_or_refused(source: WebhookSource, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted((GOLDEN / source.id).glob("*.in.json"))))
    document = json.loads(path.read_bytes())
    places = list(_places(document))
    if not places:
        return
    container, key = data.draw(st.sampled_from(places))
    container[key] = data.draw(ODD_VALUES)
    require_laws(source, json.dumps(document).encode())


@SOURCES
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
        b"[" * 500 + b"]" * 500,
        b"[" + b"{}," * 300_000 + b"{}]",
        b"{}\n" * 300_000,
        b"[" + b"1," * 500_000 + b"1]",
        b'"' + b"\\ud800" * 100_000 + b'"',
        b'{"' + b"\\u0000" * 1000 + b'": NaN}',
    ],
    ids=["arrays", "objects", "deep", "many", "lines", "numbers", "surrogates", "nan"],
)
def test_bombs_are_refused_or_read_within_bounds(source: WebhookSource, body: bytes) -> None:
    require_laws(source, body)


@SOURCES
def test_the_id_is_a_word_that_paths_and_event_names_take(source: WebhookSource) -> None:
    assert source.id.replace("_", "").isalnum()
    assert source.id == source.id.lower()


def require_laws(source: WebhookSource, body: bytes) -> None:
    entries = accepted(source, body)
    if source.strip is not None:
        try:
            stripped = source.strip(body)
        except BodyRefused:
            assert entries is None
            return
        assert source.strip(stripped) == stripped
        assert accepted(source, stripped) == entries
    for entry in entries or ():
        item = entry.kept if isinstance(entry, Ignored) else entry
        if item is not None:
            require_storable(source, item, is_known=not isinstance(entry, Ignored))


def require_storable(source: WebhookSource, item: SourceItem, *, is_known: bool) -> None:
    assert item.name
    assert len(item.name) <= 255
    assert is_known or item.name.startswith(f"{source.id}.")
    assert len(item.metadata) <= METADATA_BYTES_MAX
    metadata = msgspec.json.decode(item.metadata)
    assert isinstance(metadata, dict)
    assert "\0" not in json.dumps(metadata, ensure_ascii=False)
    msgspec.json.encode(item)  # no text that cannot be written


def _places(value: Any) -> Any:
    """Yield every place in a JSON document as its container and key."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)


def test_a_body_that_is_refused_says_which_fault_it_has() -> None:
    with pytest.raises(BodyRefused) as refused:
        WEBHOOK_SOURCES["auth0"].translate(b"{")
    assert refused.value.fault is Fault.INVALID_JSON


@pytest.mark.parametrize(
    ("source", "envelope"),
    [
        ("okta", '{"data":{"events":[%s]}}'),
        ("cloudtrail", '{"Records":[%s]}'),
        ("auth0", "[%s]"),
        ("entra", '{"value":[%s]}'),
    ],
)
def test_an_envelope_holds_no_more_records_than_a_body_may(source: str, envelope: str) -> None:
    def body(count: int) -> bytes:
        return (envelope % ",".join(["{}"] * count)).encode()

    assert len(WEBHOOK_SOURCES[source].translate(body(RECORDS_MAX))) == RECORDS_MAX
    with pytest.raises(BodyRefused) as refused:
        WEBHOOK_SOURCES[source].translate(body(RECORDS_MAX + 1))
    assert refused.value.fault is Fault.BATCH_TOO_LARGE
