"""How SCIM is read: bodies, changes by PATCH, filters, pages. Pure: what is asked, not of whom.

Sources: RFC 7643 (schemas), RFC 7644 section 3.4.2.2 (filters; equality only), 3.5.2 (PATCH).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from referral.members.provisioning import Wanted

OWN: Final = "urn:referral:params:scim:schemas:extension:agency:1.0:User"
MOST: Final = 200  # of a page
_MOST_OPERATIONS: Final = 100
_MOST_MEMBERS: Final = 1000
_FILTER: Final = re.compile(r'\s*([A-Za-z]+)\s+[eE][qQ]\s+("(?:[^"\\]|\\.)*")\s*')
_MEMBER: Final = re.compile(r'members\[\s*value\s+eq\s+"([^"]+)"\s*\]', re.IGNORECASE)
_TRUTH: Final = {"true": True, "false": False}  # as some providers write it
_PATHS: Final = {
    "username": "user_name",
    "displayname": "name",
    "name.formatted": "name",
    "externalid": "external_id",
    "active": "active",
    f"{OWN}:subject".lower(): "subject",
}
_IGNORED: Final = ("emails", "phonenumbers", "title", "preferredlanguage", "locale", "timezone")
_IGNORED_NAMES: Final = ("name.givenname", "name.familyname", "nickname", "schemas", "id", "meta")


class ScimError(Exception):
    """An error as RFC 7644 section 3.12 knows it; nothing was changed."""

    def __init__(self, status: int, detail: str, kind: str | None = None) -> None:
        """``kind``: the ``scimType``, where there is one."""
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind


@dataclass(frozen=True, slots=True)
class Page:
    """Which resources are asked for; ``start`` counts from one."""

    start: int
    most: int
    attribute: str | None = None
    value: str | None = None


def body_in(raw: bytes) -> dict[str, Any]:
    """The body, a JSON object."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or rb"\u0000" in raw:
        raise ScimError(400, "The body is one JSON object.", "invalidSyntax")
    return found


def page_in(query: Mapping[str, str], attributes: tuple[str, ...]) -> Page:
    """The page and the filter of a list. Raises ScimError for other filters."""
    start, most = _number(query.get("startIndex"), 1), _number(query.get("count"), 100)
    told = query.get("filter")
    if told is None:
        return Page(max(1, start), max(0, min(most, MOST)))
    found = _FILTER.fullmatch(told) if len(told) < 1000 else None  # noqa: PLR2004
    names = {name.lower(): name for name in attributes}
    if found is None or found[1].lower() not in names:
        detail = f"Filters are equal to one value, of {' or '.join(attributes)}."
        raise ScimError(400, detail, "invalidFilter")
    try:
        value = orjson.loads(found[2])
    except orjson.JSONDecodeError:
        raise ScimError(400, "The value is JSON text.", "invalidFilter") from None
    return Page(max(1, start), max(0, min(most, MOST)), names[found[1].lower()], str(value))


def _number(told: str | None, otherwise: int) -> int:
    if told is None:
        return otherwise
    if not re.fullmatch(r"-?\d{1,6}", told):
        raise ScimError(400, "startIndex and count are whole numbers.", "invalidValue")
    return int(told)


def wanted_in(body: Mapping[str, Any]) -> Wanted:
    """A whole user, as POST and PUT send one. Raises ScimError."""
    found: dict[str, Any] = {"external_id": None, "active": True, "subject": None, "name": None}
    for path, value in _flat(body):
        _set(found, path, value)
    if not isinstance(found.get("user_name"), str):
        raise ScimError(400, "userName is missing.", "invalidValue")
    return _judged({**found, "name": found["name"] or _composed(body) or found["user_name"]})


def _composed(body: Mapping[str, Any]) -> str | None:
    name = body.get("name")
    if not isinstance(name, Mapping):
        return None
    parts = [name.get("givenName"), name.get("familyName")]
    return " ".join(part for part in parts if isinstance(part, str) and part) or None


def _flat(body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values; complex attributes by their parts."""
    for name, value in body.items():
        if isinstance(value, Mapping) and name.lower() in {"name", OWN.lower()}:
            dot = ":" if name.lower() == OWN.lower() else "."
            yield from _flat(value, f"{name}{dot}")
        else:
            yield f"{prefix}{name}", value


def _set(found: dict[str, Any], path: str, value: Any) -> None:
    key = path.lower()
    if key in _IGNORED_NAMES or key.startswith(_IGNORED):
        return  # read-only, or nothing we keep (RFC 7644 section 3.3: ignored)
    name = _PATHS.get(key)
    if name is None:
        if key in {"password", "groups"} or ":" in key or "." in key:
            return
        raise ScimError(400, "There is no such attribute.", "invalidPath")
    if name == "active":
        value = _TRUTH.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(value, bool):
            raise ScimError(400, "active is true or false.", "invalidValue")
    elif value is not None and not isinstance(value, str):
        raise ScimError(400, f"{path} is text.", "invalidValue")
    if name == "user_name" and isinstance(value, str):
        value = value.lower()
    found[name] = value or None if name in {"external_id", "subject"} else value


def _judged(found: Mapping[str, Any]) -> Wanted:
    if not isinstance(found["user_name"], str) or not isinstance(found["name"], str):
        raise ScimError(400, "userName and displayName are text.", "invalidValue")
    wanted = Wanted(**found)
    wrong = wanted.wrong()
    if wrong is not None:
        raise ScimError(400, wrong, "invalidValue")
    return wanted


def operations_in(body: Mapping[str, Any]) -> list[tuple[str, str | None, Any]]:
    """The operations of a PATCH: (add, remove or replace; path; value)."""
    given = {name.lower(): value for name, value in body.items()}.get("operations")
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_OPERATIONS:
        raise ScimError(400, f"Operations: 1 to {_MOST_OPERATIONS} of them.", "invalidSyntax")
    found = []
    for one in given:
        known = one if isinstance(one, Mapping) else {}
        act, path = str(known.get("op", "")).lower(), known.get("path")
        if act not in {"add", "remove", "replace"} or not isinstance(path, str | None):
            raise ScimError(400, "op is add, remove or replace; path is text.", "invalidSyntax")
        found.append((act, path, known.get("value")))
    return found


def changed(before: Wanted, body: Mapping[str, Any]) -> Wanted:
    """A user after a PATCH. Raises ScimError."""
    found: dict[str, Any] = asdict(before)
    for act, path, value in operations_in(body):
        if act == "remove":
            if path is None:
                raise ScimError(400, "What is removed is named by its path.", "noTarget")
            if path.lower() in {"username", "displayname", "active", "name.formatted"}:
                raise ScimError(400, f"{path} cannot be removed.", "mutability")
            _set(found, path, None)
        elif path is None:
            if not isinstance(value, Mapping):
                raise ScimError(400, "Without a path the value is an object.", "invalidSyntax")
            for name, inner in _flat(value):
                _set(found, name, inner)
        elif isinstance(value, Mapping):
            for name, inner in _flat({path: value}):
                _set(found, name, inner)
        else:
            _set(found, path, value)
    return _judged(found)


def members_in(value: Any) -> list[UUID]:
    """The members named in a value of a group. Raises ScimError."""
    listed = value if isinstance(value, list) else [value]
    if len(listed) > _MOST_MEMBERS:
        raise ScimError(400, f"At most {_MOST_MEMBERS} members at once.", "tooMany")
    return [member_of(one.get("value") if isinstance(one, Mapping) else None) for one in listed]


def member_of(told: Any) -> UUID:
    """An id. Raises ScimError for what is none."""
    try:
        return UUID(str(told))
    except ValueError:
        raise ScimError(400, "A member is named by the id of a user.", "invalidValue") from None


def moves_in(
    body: Mapping[str, Any], here: frozenset[UUID]
) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Who joins and who leaves a group by a PATCH. Raises ScimError."""
    then = set(here)
    for act, path, given in operations_in(body):
        one = _MEMBER.fullmatch(path or "")
        if one is not None and act == "remove":
            then.discard(member_of(one[1]))
            continue
        whole = path is None and isinstance(given, Mapping)
        value = given.get("members", []) if whole else given
        name = "members" if whole else (path or "").lower()
        if name in {"displayname", "externalid"}:
            continue  # a group is a unit and a role: it has no name of its own
        if name != "members":
            raise ScimError(400, "Of a group only its members change.", "invalidPath")
        if act == "replace":
            then = set(members_in(value or []))
        elif act == "add":
            then |= set(members_in(value))
        else:
            then -= set(members_in(value)) if value is not None else then
    return frozenset(then) - here, here - frozenset(then)
