"""The OpenAPI document: every operation with its forms, an example of each, and its problems.

Made when somebody first asks. What it must never show: anything but the API's own form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi

METHODS: Final = ("get", "post", "put", "patch")
_DESCRIPTION: Final = (
    "File a report, and the country's protocol says who must receive it, why and by when. "
    "Sign in with a bearer token. Every POST and PATCH takes an Idempotency-Key; hand-offs and "
    "cases carry an ETag for If-Match; lists are paged by their Link header; every error is a "
    "problem (RFC 9457). What is not yours answers as what does not exist."
)
_PROBLEM: Final = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457: what is wrong, and how to go on.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in ("pointer", "code", "message")},
            },
        },
    },
    "examples": [
        {
            "type": "/problems/transition-not-allowed",
            "title": "Not possible while “rejected”",
            "status": 409,
            "detail": "It was declined; the protocol has asked somebody else.",
            "from": "rejected",
            "act": "accept",
            "allowed": [],
        }
    ],
}
_REFUSED: Final = {
    "description": "A problem: nothing was changed.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def described(routes: Sequence[Any], version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes, with an example for every operation."""
    document = get_openapi(
        title="Case referral between agencies",
        version=version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=routes,
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for operation in _operations(document):
        answers = operation["responses"]
        answers.pop("422", None)
        answers |= {"4XX": _REFUSED, "5XX": _REFUSED}
        for found in answers.values():
            _exemplify(found.get("content", {}), schemas)
        _exemplify(operation.get("requestBody", {}).get("content", {}), schemas)
    return document


def _operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        item[method] for item in document["paths"].values() for method in METHODS if method in item
    ]


def _exemplify(content: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    for form in content.values():
        form["example"] = example_of(form["schema"], schemas)


_SIMPLE: Final = {"integer": 1, "number": 1.5, "boolean": False, "string": "…", "null": None}
_FORMATS: Final = {
    "uuid": "0e4f0f0a-39d6-4c6c-9c0e-0b8d0a1c9d55",
    "date-time": "2026-03-02T12:00:00Z",
    "date": "2026-03-02",
}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value of this form: the form's own first example, else one built from its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for told in ("examples", "enum"):
        if told in schema:
            return schema[told][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example_of(schema[several][0], schemas)
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: example_of(part, schemas) for name, part in parts.items()}
    if kind == "array":
        return [example_of(schema["items"], schemas)] if "items" in schema else []
    return _FORMATS.get(schema.get("format", ""), _SIMPLE.get(kind or "null"))
