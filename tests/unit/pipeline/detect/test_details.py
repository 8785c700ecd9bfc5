"""What is read from metadata, under whatever name senders put it."""

from typing import Any

import msgspec
import pytest

from factories import make_event
from litesoc_server.pipeline.detect.details import NO_DETAILS, RECORDS_MAX, details_of


@pytest.mark.parametrize(
    ("metadata", "records_count"),
    [
        ({"records": 1200}, 1200),
        ({"recordCount": 7}, 7),
        ({"rows_deleted": "350"}, 350),
        ({"count": 12.0}, 12),
        ({"records": ["a", "b", {"id": 3}]}, 3),
        ({"records": True}, None),
        ({"records": -1}, None),
        ({"records": RECORDS_MAX + 1}, None),
        ({"records": "9" * 400}, None),
        ({"records": "many"}, None),
        ({"records": None, "rows": 5}, 5),
        ({"records": {"id": 1}}, None),
        ({"size": 5}, None),
    ],
)
def test_numbers_of_records(metadata: dict[str, Any], records_count: int | None) -> None:
    assert details_of(make_event(metadata=metadata)).records_count == records_count


def test_a_key_by_its_name_and_never_the_key() -> None:
    details = details_of(make_event(metadata={"api_key": "sk_live_secret", "keyId": 42, "key_type": ["Ingest", "read"]}))
    assert details.api_key == "42"
    assert details.api_key_kind == "ingest, read"
    assert details_of(make_event(metadata={"api_key": "sk_live_secret"})) == NO_DETAILS


def test_texts_are_cut() -> None:
    details = details_of(make_event(metadata={"role": "R" * 1000, "key_name": "k" * 1000}))
    assert details.role == "r" * 128
    assert details.api_key == "k" * 128


def test_a_number_too_large_for_a_machine_word_is_none() -> None:
    event = msgspec.structs.replace(make_event(), metadata=msgspec.Raw(b'{"records": 123456789012345678901234567890}'))
    assert details_of(event).records_count is None
