"""How SCIM is written: users, groups, lists, errors, and what a provider may ask here.

Source: RFC 7643 sections 4 to 8, RFC 7644 sections 3.4.2, 3.12, 3.14, 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi import Response

from referral.api.scim_reading import MOST, OWN, ScimError
from referral.members.provisioning import Group, Person

ROOT: Final = "/scim/v2"
USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0"


def written(told: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """An answer; a resource carries its ETag and its address."""
    meta = told.get("meta", {})
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    if "version" in meta:
        found["ETag"] = meta["version"]
    if status == 201:  # noqa: PLR2004 - created
        found["Location"] = meta["location"]
    return Response(orjson.dumps(told), status, headers=found, media_type="application/scim+json")


def error(fault: ScimError, **headers: str) -> Response:
    """An error, with nothing of what was sent."""
    told: dict[str, Any] = {"schemas": [_ERROR], "status": str(fault.status)}
    if fault.kind is not None:
        told["scimType"] = fault.kind
    return written({**told, "detail": fault.detail}, fault.status, **headers)


def nobody() -> ScimError:
    """Not there, or another agency's: the same answer."""
    return ScimError(404, "There is no such resource.")


def user(found: Person) -> dict[str, Any]:
    """Somebody. Her groups are her roles: read here, changed in the groups."""
    told: dict[str, Any] = {
        "schemas": [USER, OWN],
        "id": str(found.id),
        "userName": found.user_name,
        "displayName": found.name,
        "name": {"formatted": found.name},
        "active": found.active,
        "groups": [
            {
                "value": f"{unit}.{role}",
                "display": f"{name}: {role}",
                "$ref": f"{ROOT}/Groups/{unit}.{role}",
            }
            for unit, name, role in found.groups
        ],
    }
    if found.external_id is not None:
        told["externalId"] = found.external_id
    if found.subject is not None:
        told[OWN] = {"subject": found.subject}
    return _with_meta(told, "User", "Users")


def group(found: Group, *, members: bool = True) -> dict[str, Any]:
    """A unit and a role, and who has it there."""
    told: dict[str, Any] = {
        "schemas": [GROUP],
        "id": f"{found.unit}.{found.role}",
        "displayName": f"{found.name}: {found.role}",
        "members": [
            {"value": str(member), "display": name, "$ref": f"{ROOT}/Users/{member}"}
            for member, name in found.members
        ],
    }
    told = _with_meta(told, "Group", "Groups")
    if not members:
        del told["members"]
    return told


def _with_meta(told: dict[str, Any], kind: str, place: str) -> dict[str, Any]:
    """Its version is what it is: another one is another resource."""
    version = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    location = f"{ROOT}/{place}/{told['id']}"
    meta = {"resourceType": kind, "location": location, "version": f'W/"{version}"'}
    return {**told, "meta": meta}


def listed(resources: Sequence[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    """A page of a list."""
    return {
        "schemas": [_LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def configuration() -> dict[str, Any]:
    """What is supported here."""
    no = {"supported": False}
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth bearer token",
                "description": "Of scope scim, from /oauth/token; bound to one agency.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{ROOT}/ServiceProviderConfig",
        },
    }


def kinds() -> list[dict[str, Any]]:
    """Users and groups."""
    extension = [{"schema": OWN, "required": False}]
    return [_kind("User", "/Users", USER, extension), _kind("Group", "/Groups", GROUP, [])]


def _kind(name: str, place: str, schema: str, more: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": place,
        "schema": schema,
        "schemaExtensions": more,
        "meta": {"resourceType": "ResourceType", "location": f"{ROOT}/ResourceTypes/{name}"},
    }


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    plain = {
        "multiValued": False,
        "required": False,
        "caseExact": True,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    return {"name": name, "type": kind, "description": name, **plain, **more}


def schemas() -> list[dict[str, Any]]:
    """The attributes that are kept; others are ignored."""
    part = [_attribute("value"), _attribute("display", mutability="readOnly"), _attribute("$ref")]
    people = [
        _attribute("userName", required=True, caseExact=False, uniqueness="server"),
        _attribute("displayName"),
        _attribute("name", "complex", subAttributes=[_attribute("formatted")]),
        _attribute("active", "boolean"),
        _attribute(
            "groups", "complex", multiValued=True, mutability="readOnly", subAttributes=part
        ),
    ]
    sets = [
        _attribute("displayName", mutability="readOnly"),
        _attribute("members", "complex", multiValued=True, subAttributes=part),
    ]
    return [
        _schema(USER, "User", people),
        _schema(OWN, "Agency", [_attribute("subject", uniqueness="server")]),
        _schema(GROUP, "Group", sets),
    ]


def _schema(identity: str, name: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}:Schema"],
        "id": identity,
        "name": name,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": f"{ROOT}/Schemas/{identity}"},
    }
