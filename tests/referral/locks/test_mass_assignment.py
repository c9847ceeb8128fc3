"""Every model that may be written x every field that is not its own: none is ever taken.

The fields tried are all those of the database and of every answer of ours: ids, holder, state,
country, groups, version, role. What a model does not list is refused, named, not repeated.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from referral import api
from referral.api.shapes import Shape
from tests.cast import House
from tests.conftest import Database
from tests.referral.api.desk import Desk, key

MARK = "smuggled-7f3a"


def shapes() -> dict[str, type[BaseModel]]:
    """Every form of input of the API, whichever module it stands in."""
    found: dict[str, type[BaseModel]] = {}
    for module in iter_modules(api.__path__):
        for name, value in vars(import_module(f"{api.__name__}.{module.name}")).items():
            if inspect.isclass(value) and issubclass(value, Shape) and value is not Shape:
                found[f"{module.name}.{name}"] = value
    return found


async def names(database: Database) -> set[str]:
    """Every column there is, and every field of anything that comes in."""
    import asyncpg

    connection = await asyncpg.connect(database.superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND c.relkind = 'r' "
            "AND n.nspname IN ('referral', 'agencies', 'vault')"
        )
    finally:
        await connection.close()
    fields = {name for shape in shapes().values() for name in shape.model_fields}
    return {row["attname"] for row in rows} | fields | {"__class__", "__proto__", "actor", "glass"}


def test_every_form_of_input_refuses_what_it_does_not_list() -> None:
    assert len(shapes()) > 20
    for name, shape in shapes().items():
        assert shape.model_config["extra"] == "forbid", name
        assert shape.model_config["frozen"], name
        for field in shape.model_fields.values():
            assert field.validation_alias is None, name


async def test_no_field_of_the_database_can_be_put_into_any_form(database: Database) -> None:
    columns = await names(database)
    assert len(columns) > 150
    tried = 0
    for name, shape in shapes().items():
        for column in columns - set(shape.model_fields):
            with pytest.raises(ValidationError) as refused:
                shape.model_validate({column: MARK})
            extra = [one for one in refused.value.errors() if one["type"] == "extra_forbidden"]
            assert [one["loc"] for one in extra] == [(column,)], (name, column)
            tried += 1
    assert tried > 5_000


def bodies(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and example of every route that reads JSON."""
    for path, item in schema["paths"].items():
        for method, told in item.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                name = str(content["schema"]).rsplit("/", 1)[-1].split("'")[0]
                parts = schema["components"]["schemas"]
                examples = parts.get(name, {}).get("examples") or [{}]
                yield method, path, examples[0]


STATE = ("state", "country", "holder_unit", "version", "by_unit", "groups", "role", "id", "travels")


async def test_over_http_a_field_too_many_is_refused_and_nothing_is_changed(
    house: House, desk: Desk
) -> None:
    from referral.app import make_app

    filed = await desk.files()
    schema = make_app(house.installation).state.openapi()
    ids = {
        "case_id": filed["case_id"],
        "referral_id": filed["referrals"][0]["referral_id"],
        "hand_off_id": filed["hand_offs"][0]["hand_off_id"],
    }
    before = await house.rows("SELECT count(*) AS n, max(seq) AS seq FROM referral.audit_entry")
    tried = 0
    for method, path, example in bodies(schema):
        for name in STATE:
            address = path
            for known, value in ids.items():
                address = address.replace(f"{{{known}}}", value)
            if "{" in address or name in example:
                continue
            answer = await desk.of("inspector").request(
                method, address, json={**example, name: MARK}, headers=key()
            )
            assert answer.status_code == 422, (path, name, answer.text)
            told = answer.json()
            assert f"/{name}" in {one["pointer"] for one in told["errors"]}, (path, name)
            assert MARK not in answer.text, (path, name)
            tried += 1
    after = await house.rows("SELECT count(*) AS n, max(seq) AS seq FROM referral.audit_entry")
    assert [dict(row) for row in before] == [dict(row) for row in after]
    assert tried > 150


async def test_a_form_of_a_page_ignores_what_it_does_not_ask(house: House) -> None:
    """Fields that a page does not have change nothing: the holder stays, the state is the act's."""
    from referral import casework
    from tests.cast import asked, child_at_work
    from tests.referral.web.visiting import read

    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    browser = await house.browser("social_worker")
    page = read(await browser.get(f"/hand-offs/{hand_off}"))
    form = next(
        form
        for form in page.forms
        if form.action.endswith("/acceptance") or "accept" in form.action
    )
    otto = house.player("outsider")
    more = {
        "holder_unit": str(otto.unit_id),
        "receiver_unit": str(otto.unit_id),
        "unit_id": str(otto.unit_id),
        "member": str(otto.membership_id),
        "state": "completed",
        "country": "AR",
        "role": "SUPERVISOR",
        "groups": "G3",
        "travels": "G5",
        "now": "2020-01-01",
    }
    sent = await browser.post(form.action, data={**form.values, **more})
    assert sent.status_code in {200, 303}, sent.text[:500]
    [row] = await house.rows(
        "SELECT r.holder_unit, r.country, h.state, h.travels FROM referral.referral r "
        "JOIN referral.hand_off h ON h.referral_id = r.id AND h.id = $1",
        hand_off,
    )
    assert row["holder_unit"] == house.player("social_worker").unit_id
    assert (row["country"], row["state"]) == ("ZZ", "accepted")
    assert "G5" not in row["travels"]
    [held] = await house.rows(
        "SELECT groups FROM referral.party WHERE unit_id = $1 AND relationship = 'holder'",
        house.player("social_worker").unit_id,
    )
    assert "G3" not in held["groups"]
