"""The reference is OpenAPI 3.1, has an example for everything, and needs nobody else's assets."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from protocols.catalogue import Catalogue
from referral.api import case_shapes, hand_off_shapes, reports, shapes
from referral.api.filing_answers import CaseFiled
from referral.api.openapi import example_of
from referral.app import make_app
from referral.database import make_engine
from referral.entry import Installation
from referral.settings import Settings
from referral.vault import Vault
from tests.cast import House
from tests.referral.api.desk import ROOT, Desk


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document, as it is served."""
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    installation = Installation(Settings(), nowhere, Vault({1: bytes(32)}), Catalogue({}))
    served: dict[str, Any] = json.loads(json.dumps(make_app(installation).state.openapi()))
    return served


def _example(part: dict[str, Any]) -> Any:
    """Of its one form: JSON, but for files."""
    ((form, told),) = part["content"].items()
    files = {"multipart/form-data", "application/octet-stream", "text/plain"}
    assert form in {"application/json", *files}
    return told["example"]


def test_every_operation_has_examples_and_speaks_problems(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"token": []}]
    operations = [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    assert len(operations) >= 77
    for method, path, operation in operations:
        assert operation["description"], path
        if "requestBody" in operation:
            assert _example(operation["requestBody"]), path
        (success,) = [code for code in operation["responses"] if code.startswith("2")]
        assert _example(operation["responses"][success]), path
        problems = operation["responses"]["4XX"]["content"]
        assert list(problems) == ["application/problem+json"]
        if method != "get":
            named = {one["name"]: one["required"] for one in operation["parameters"]}
            assert named["Idempotency-Key"] is True, path


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document)))
    assert named - set(document["components"]["schemas"]) == set()


def test_every_example_of_a_body_is_one() -> None:
    forms = {
        form
        for room in (shapes, hand_off_shapes, case_shapes, reports)
        for form in vars(room).values()
        if isinstance(form, type) and issubclass(form, shapes.Shape)
    }
    tried = 0
    for form in forms:
        for example in form.model_json_schema().get("examples", ()):
            form.model_validate(example)
            tried += 1
    assert tried > 12


async def test_the_example_of_a_report_can_be_filed(desk: Desk) -> None:
    for example in reports.Report.model_json_schema()["examples"]:
        filed = await desk.files(**{"persons": [], "reported": None, **example})
        CaseFiled.model_validate(filed)
        assert filed["hand_offs"]


def test_an_example_is_built_from_the_parts_of_a_form() -> None:
    schema = CaseFiled.model_json_schema()
    CaseFiled.model_validate(example_of(schema, schema["$defs"]))


async def test_the_page_shows_every_operation_and_needs_no_other_host(
    house: House, document: dict[str, Any]
) -> None:
    stranger = house.stranger()
    page = await stranger.get(f"{ROOT}/docs")
    assert (await stranger.get(f"{ROOT}/openapi.json")).json() == document
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in document["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith(("#", f"{ROOT}/")), address
    style = await stranger.get(f"{ROOT}/docs/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text
