"""Whatever is sent: it is read rightly, or refused in words; nothing else comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.assertions import claimed_by, proved
from agencies.fetching import RefusedAddressError, acceptable_issuer, allowed
from agencies.id_tokens import Expected, believed
from agencies.signatures import NotBelievedError
from referral.api import scim_reading as reading
from referral.api.scim_reading import OWN, ScimError
from referral.members.provisioning import Wanted

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NORA = Wanted("nora.zz", "Nora Quill", None, active=True, subject=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        *("userName", "displayName", "active", "externalId", "name", "name.formatted"),
        *("members", "emails", "groups", "", "x", 'members[value eq "x"]', OWN, f"{OWN}:subject"),
    ]
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Remove", "replace", "x"])},
    optional={"path": PATHS | JSON, "value": JSON},
)


def told(read: Callable[..., Any], *about: Any) -> Any:
    """What was read, or the refusal; anything else that is raised fails the test."""
    try:
        return read(*about)
    except ScimError as fault:
        return fault


@given(st.dictionaries(PATHS, JSON))
def test_a_user_is_read_or_refused(body: dict[str, Any]) -> None:
    found = told(reading.wanted_in, body)
    assert found.status == 400 if isinstance(found, ScimError) else found.wrong() is None


@given(st.lists(OPERATION, max_size=4))
def test_a_change_is_read_or_refused(operations: list[dict[str, Any]]) -> None:
    body, here = {"Operations": operations}, frozenset({UUID(int=1), UUID(int=2)})
    found = told(reading.changed, NORA, body)
    assert found.status == 400 if isinstance(found, ScimError) else found.wrong() is None
    moved = told(reading.moves_in, body, here)
    if isinstance(moved, ScimError):
        assert moved.status == 400
    else:
        assert not moved[0] & here
        assert moved[1] <= here


@given(st.text(max_size=60), st.text(max_size=6))
def test_a_filter_is_equality_or_refused(words: str, count: str) -> None:
    page = told(reading.page_in, {"filter": words, "count": count}, ("userName",))
    assert page.status == 400 if isinstance(page, ScimError) else page.attribute == "userName"


@given(st.text(max_size=30))
def test_a_value_comes_back_from_a_filter_as_it_was(value: str) -> None:
    words = f"externalId eq {json.dumps(value)}"
    page = reading.page_in({"filter": words}, ("externalId",))
    assert (page.attribute, page.value) == ("externalId", value)


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ({"op": "replace", "path": "active", "value": "False"}, {"active": False}),
        ({"op": "Add", "value": {"externalId": "e"}}, {"external_id": "e"}),
        ({"op": "replace", "value": {f"{OWN}:subject": "s"}}, {"subject": "s"}),
        ({"op": "replace", "value": {OWN: {"subject": "s"}}}, {"subject": "s"}),
        ({"op": "replace", "path": OWN, "value": {"subject": "s"}}, {"subject": "s"}),
        ({"op": "replace", "path": "name.formatted", "value": "Ash"}, {"name": "Ash"}),
        ({"op": "replace", "path": "name", "value": {"formatted": "Ash"}}, {"name": "Ash"}),
        ({"op": "replace", "path": "userName", "value": "N.ZZ"}, {"user_name": "n.zz"}),
        ({"op": "replace", "path": "title", "value": "Chief"}, {}),
        ({"op": "replace", "path": 'emails[type eq "work"].value', "value": "x@y"}, {}),
    ],
)
def test_the_ways_providers_write_a_change(
    operation: dict[str, Any], wanted: dict[str, Any]
) -> None:
    from dataclasses import replace

    assert reading.changed(NORA, {"Operations": [operation]}) == replace(NORA, **wanted)


TOKENS = st.text(max_size=80) | st.lists(st.text(max_size=30), min_size=3, max_size=3).map(".".join)


@given(TOKENS | JSON)
def test_no_nonsense_is_believed(token: Any) -> None:
    expected = Expected("https://login.example", "referral", "n", NOW)
    with pytest.raises(NotBelievedError):
        believed(token, [{"kty": "RSA"}], expected)
    if isinstance(token, str):
        assert isinstance(claimed_by(token), str)
        with pytest.raises(NotBelievedError):
            proved(token, "client", [], {"x"}, NOW)


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("https://login.example.org", True),
        ("https://login.example.org/realms/labour", True),
        ("http://127.0.0.1:8080", True),
        ("http://login.example.org", False),
        ("https://login.example.org?x", False),
        ("https://who@login.example.org", False),
        ("https://", False),
        ("file:///etc/passwd", False),
    ],
)
def test_who_can_be_an_issuer(issuer: str, good: bool) -> None:
    assert acceptable_issuer(issuer) is good


INSIDE = (
    *("http://login.example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/"),
    *("https://169.254.169.254/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "x", ""),
    *("https://u@login.example.org/", "https://localhost/", "javascript:alert(1)"),
)


@pytest.mark.parametrize("address", INSIDE)
async def test_only_the_issuer_itself_is_asked_inside_a_network(address: str) -> None:
    with pytest.raises(RefusedAddressError):
        await allowed(address, "https://login.example.org")
    await allowed("https://login.example.org/token", "https://login.example.org")
