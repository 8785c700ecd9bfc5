"""Base paths: three prefixes, any slashes, no redirect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.ingest.paths import PREFIXES, api_path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/collect", "/collect"),
        ("/v1/collect", "/collect"),
        ("/api/v1/collect", "/collect"),
        ("//api/v1//collect/", "/collect"),
        ("//collect", "/collect"),
        ("/collect/batch//", "/collect/batch"),
        ("/events/3d0c6f5e", "/events/3d0c6f5e"),
        ("/v1/v1/collect", "/v1/collect"),
        ("/v1x/collect", "/v1x/collect"),
        ("/api/v1collect", "/api/v1collect"),
        ("/api/collect", "/api/collect"),
        ("/Collect", "/Collect"),
        ("/", None),
        ("", None),
        ("///", None),
        ("/v1", None),
        ("/api/v1/", None),
        ("collect", None),
        ("*", None),
    ],
)
def test_the_path_below_the_base(raw: str, path: str | None) -> None:
    assert api_path(raw) == path


@given(
    st.sampled_from(PREFIXES), st.lists(st.text("abc.1-", min_size=1), min_size=1), st.lists(st.integers(1, 3), min_size=9)
)
def test_slashes_never_matter(prefix: str, parts: list[str], slashes: list[int]) -> None:
    words = [*prefix.strip("/").split("/"), *parts] if prefix else parts
    raw = "".join("/" * slashes[i % len(slashes)] + word for i, word in enumerate(words)) + "/" * slashes[-1]
    assert api_path(raw) == "/" + "/".join(parts)
