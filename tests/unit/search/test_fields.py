"""The tables of fields: complete, consistent, and described in the reference."""

from pathlib import Path

import pytest

from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.fields import FieldTable, Kind
from litesoc_server.search.parse import TERMS_MAX, TEXT_LENGTH_MAX, parse
from litesoc_server.search.query import Exactly

REFERENCE = (Path(__file__).parents[3] / "docs/reference/search.md").read_text()
TABLES = pytest.mark.parametrize("table", [EVENT_FIELDS, ALERT_FIELDS], ids=lambda table: table.of_what)


@TABLES
def test_every_name_and_alias_finds_its_field_only(table: FieldTable) -> None:
    names = [name for field in table.fields for name in (field.name, *field.aliases)]
    assert len(set(names)) == len(names)
    for field in table.fields:
        assert all(table.find(name.upper()) == field for name in (field.name, *field.aliases))


@TABLES
def test_every_example_is_a_query_about_its_field(table: FieldTable) -> None:
    for field in table.fields:
        assert {term.field for term in parse(field.example, table).terms} == {field.name}


@TABLES
def test_offered_values_can_be_asked_for(table: FieldTable) -> None:
    for field in table.fields:
        for value in field.values:
            (term,) = parse(f"{field.name}:{value.text}", table).terms
            assert term.field == field.name
            assert field.kind is Kind.NUMBER or term.values == (Exactly(value.text),)


@TABLES
def test_flags_are_values_of_is(table: FieldTable) -> None:
    flags = table.find("is")
    assert table.flags == (() if flags is None else tuple(value.text for value in flags.values))


@TABLES
def test_the_reference_describes_every_field(table: FieldTable) -> None:
    for field in table.fields:
        aliases = "".join(f", `{alias}`" for alias in field.aliases)
        assert f"| `{field.name}`{aliases} | {field.help} | `{field.example}` |" in REFERENCE
        if field.kind is Kind.CHOICE:
            assert all(f"`{value.text}`" in REFERENCE for value in field.values)


def test_the_reference_names_the_ceilings() -> None:
    assert f"{TEXT_LENGTH_MAX:,} characters" in REFERENCE
    assert f"{TERMS_MAX} terms" in REFERENCE


def test_what_a_plan_withholds_can_be_told_from_the_fields_of_a_query() -> None:
    asked = parse("country:NO -vpn city:Bergen", EVENT_FIELDS).fields()
    assert asked & EVENT_FIELDS.withheld() == {"is", "city"}
