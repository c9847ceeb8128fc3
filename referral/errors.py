"""What can be wrong with a request, in words people can act on.

A refusal is a *value*: its audit entry is committed with it, and only faults roll back. What is not
yours answers exactly as what does not exist. 422 means malformed input and nothing else.
Shapes follow RFC 9457; no personal data in any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed. ``type`` is the suffix of a problem type, ``detail`` how to go on."""

    status: int
    type: str
    title: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """RFC 9457 members."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.type}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }
        if instance is not None:
            body["instance"] = instance
        return body


class RefusedError(Exception):
    """A refusal met where only an exception can travel (dependencies, form parsing)."""

    def __init__(self, refusal: Refusal) -> None:
        """Carry the refusal to the door."""
        super().__init__(refusal.title)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input: where (JSON Pointer), which rule, how to put it right."""

    pointer: str
    code: str
    message: str


def not_found() -> Refusal:
    """Not there, or not yours to know of: the same answer, byte for byte."""
    return Refusal(
        404,
        "not-found",
        "There is nothing here for you",
        "It does not exist, or your unit has no part in it. Check the address; if a colleague "
        "sent it to you, ask the unit that holds the case.",
    )


def not_permitted(action: str, needed: str) -> Refusal:
    """You may know of it, but this is not yours to do."""
    return Refusal(
        403,
        "not-permitted",
        "This is for somebody else to do",
        f"“{action}” is for: {needed}. Nothing was changed; the attempt is in the log.",
        {"needed_role": needed},
    )


def reason_required(action: str) -> Refusal:
    """The matrix asks for a reason in words."""
    return Refusal(
        403,
        "reason-required",
        "Say why first",
        f"“{action}” needs a reason in your own words; it is kept in the log. "
        "Give `reason` (API: header `X-Reason`) and repeat.",
        {"needs": "reason"},
    )


def step_up_required(action: str) -> Refusal:
    """The matrix asks for a fresh proof of identity."""
    return Refusal(
        403,
        "step-up-required",
        "Show again that it is you",
        f"“{action}” needs a password entered within the last 15 minutes. Enter it again and "
        "repeat. A token of a system never satisfies this.",
        {"needs": "step-up"},
    )


def not_allowed_now(
    state: str, act: str, allowed: list[str], explanation: str, *, to: str | None = None
) -> Refusal:
    """The state, or the law, forbids this act; the answer names the state."""
    return Refusal(
        409,
        "transition-not-allowed",
        f"Not possible while “{state}”",
        explanation,
        {"from": state, "to": to, "act": act, "allowed": allowed},
    )


def legal_hold(act: str) -> Refusal:
    """A court, or whoever asked for it, needs the case as it is."""
    explanation = (
        "A legal hold stands on this case: nothing of it is erased, struck out or merged until two "
        "persons have lifted it (page Erasures). Nothing was changed."
    )
    return not_allowed_now("legal hold", act, ["ask_lifting"], explanation)


def erased(on: str) -> Refusal:
    """It was here, and you had a part in it; to everybody else it never was."""
    return Refusal(
        410,
        "erased",
        "This was erased",
        f"What was known of it was destroyed on {on}: asked for by one person and approved by "
        "another. That it was erased, and why, stands on the page Erasures.",
        {"erased_on": on},
    )


def version_conflict(current: int) -> Refusal:
    """Somebody else was first."""
    return Refusal(
        412,
        "version-conflict",
        "Somebody has changed this since you read it",
        f"It is now at version {current}. Read it again, look at what changed, and repeat if your "
        "act still makes sense.",
        {"current_version": current},
    )


def invalid_input(faults: list[Fault]) -> Refusal:
    """Malformed input, every fault at once."""
    return Refusal(
        422,
        "invalid-input",
        "Something in what you sent cannot be read",
        "Each entry of `errors` says where, what is wrong and what would be right. "
        "Nothing was filed.",
        {"errors": [{"pointer": f.pointer, "code": f.code, "message": f.message} for f in faults]},
    )


def key_missing() -> Refusal:
    """Every act that creates something needs a key."""
    return Refusal(
        400,
        "idempotency-key-missing",
        "Idempotency-Key is missing",
        'Send a header such as Idempotency-Key: "2f6c…" (a new UUID per act, the same one when '
        "you repeat the act), so that a repeated request can never act twice.",
    )


def key_reused() -> Refusal:
    """The same key came with another body."""
    return Refusal(
        422,
        "idempotency-key-reused",
        "This Idempotency-Key was used for something else",
        "The first request with this key had another content. Use a new key for a new act.",
    )


def key_in_use() -> Refusal:
    """The first request with this key is still running."""
    return Refusal(
        409,
        "idempotency-key-in-use",
        "This request is already being worked on",
        "The first request with this Idempotency-Key has not finished. Wait a second and repeat "
        "it unchanged: you will get its answer.",
        headers={"Retry-After": "1"},
    )


def unavailable() -> Refusal:
    """The database does not answer."""
    return Refusal(
        503,
        "unavailable",
        "The service cannot reach its database",
        "Nothing was changed. Repeat the request with the same Idempotency-Key in a minute; if "
        "somebody is in danger now, telephone.",
        headers={"Retry-After": "10"},
    )
