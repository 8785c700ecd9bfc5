"""What AI editors read, and the API's description as a file: for everybody, about this server, and about what there is."""

import re

import pytest
import yaml
from django.test import Client
from django.urls import resolve

from litesoc_server.api.openapi import document
from litesoc_server.api.yaml_text import yaml_text
from litesoc_server.events.catalog import CATALOG
from litesoc_server.guides.integrations import INTEGRATIONS


@pytest.mark.parametrize("path", ["/llms.txt", "/llms-full.txt"])
def test_they_tell_how_to_send_to_this_server_and_which_address(path: str) -> None:
    answer = Client().get(path)
    text = answer.content.decode()

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "POST http://testserver/api/v1/collect" in text
    assert "Never take the leftmost entry" in text
    assert "@url@" not in text
    assert "@key@" not in text


def test_the_short_one_has_its_form_and_its_links_lead_somewhere() -> None:
    text = Client().get("/llms.txt").content.decode()
    links = re.findall(r"\]\(http://testserver(/[^)]*)\)", text)

    assert re.match(r"# LiteSOC\n\n> ", text)
    assert len(text) < 6_000
    assert links == ["/llms-full.txt", "/openapi.json", "/docs"]
    assert all(resolve(link) for link in links)


def test_the_long_one_holds_every_event_endpoint_and_framework() -> None:
    text = Client().get("/llms-full.txt").content.decode()
    offered = re.findall(r"^- `([A-Z]+) (/\S*)`", text, re.MULTILINE)
    there_are = {
        (method.upper(), path)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "put", "post", "delete", "patch"} and not operation.get("deprecated")
    }

    assert all(f"`{name}`" in text for name in CATALOG)
    assert set(offered) == there_are
    assert all(f"## {one.title}\n" in text for one in INTEGRATIONS)
    assert "<!--" not in text
    assert len(text) < 150_000


def test_the_description_comes_as_a_file_in_both_forms() -> None:
    as_json, as_yaml = (Client().get(f"/docs/litesoc-openapi.{form}") for form in ("json", "yaml"))

    assert as_json.json() == yaml.safe_load(as_yaml.content) == Client().get("/openapi.json").json()
    for answer, form in ((as_json, "json"), (as_yaml, "yaml")):
        assert answer["Content-Type"] == f"application/{form}"
        assert answer["Content-Disposition"] == f'attachment; filename="litesoc-openapi.{form}"'


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        True,
        1.5,
        "a: b",
        {"a": {}, "b": [[1, [2]], {"c": None, "d": [{"e": "f\n- g"}]}]},
        {"on": "no", "1": ": #"},
    ],
)
def test_yaml_says_what_json_says(value: object) -> None:
    assert yaml.safe_load(yaml_text(value)) == value


def test_the_pages_link_to_them() -> None:
    page = Client().get("/docs").content.decode()

    assert all(
        f'href="{path}"' in page for path in ("/docs/litesoc-openapi.json", "/docs/litesoc-openapi.yaml", "/llms.txt")
    )
