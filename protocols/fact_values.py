"""From JSON to the value of one fact and back: one reader per type.

1. A reader gives the value, or every problem with the pointer to it; it never guesses a type.
2. Messages never repeat what was sent: it may be a name typed into the wrong field.
3. What this file must not know: which facts there are (an ``Entry`` says what one may hold).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from protocols.entries import FactType
from protocols.facts import Basis, Indicator, Status

if TYPE_CHECKING:
    from protocols.entries import Entry
    from protocols.facts import Value

AGENCY_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_INDICATOR_KEYS = ("status", "basis")
_STATUSES = tuple(str(status) for status in Status)
_BASES = tuple(str(basis) for basis in Basis)


@dataclass(frozen=True, slots=True)
class FactProblem:
    """What is wrong with one value: where (RFC 6901), a code, and a sentence for people."""

    pointer: str
    code: str
    message: str
    allowed: tuple[str, ...] = ()


_Read: TypeAlias = "Value | list[FactProblem]"


def read_value(entry: Entry, raw: object, pointer: str) -> _Read:
    """The value of this fact, or all that is wrong with it."""
    return _READERS[entry.type](entry, raw, pointer)


def dump_value(entry: Entry, value: Value) -> object:
    """JSON-shaped, lists in the order of the entry: the same value always gives the same JSON."""
    if isinstance(value, Mapping):
        return {
            code: {"status": str(value[code].status), "basis": sorted(map(str, value[code].basis))}
            for code in entry.allowed
            if code in value
        }
    if isinstance(value, frozenset):
        return sorted(value, key=_place(entry))
    return value


def escaped(name: str) -> str:
    """One part of a JSON Pointer, cut to a length that fits a message."""
    return name[:60].replace("~", "~0").replace("/", "~1")


def _place(entry: Entry) -> Callable[[str], tuple[int, str]]:
    order = {code: place for place, code in enumerate(entry.allowed)}
    return lambda code: (order.get(code, 0), code)


def _flag(_: Entry, raw: object, pointer: str) -> _Read:
    if isinstance(raw, bool):
        return raw
    return [_wrong_type(pointer, "true or false (null when it is not known)")]


def _whole(entry: Entry, raw: object, pointer: str) -> _Read:
    limits = f"a whole number from {entry.lowest} to {entry.highest}"
    if isinstance(raw, bool) or not isinstance(raw, int):
        return [_wrong_type(pointer, limits)]
    if not entry.lowest <= raw <= entry.highest:
        return [FactProblem(pointer, "out_of_range", f"This must be {limits}.")]
    return raw


def _code(entry: Entry, raw: object, pointer: str) -> _Read:
    if not isinstance(raw, str):
        return [_wrong_type(pointer, "one code, as text")]
    return raw if raw in entry.allowed else [_not_allowed(pointer, entry.allowed)]


def _codes(entry: Entry, raw: object, pointer: str) -> _Read:
    return _texts(raw, pointer, lambda text: text in entry.allowed, entry.allowed)


def _agencies(_: Entry, raw: object, pointer: str) -> _Read:
    return _texts(raw, pointer, lambda text: AGENCY_KEY.fullmatch(text) is not None, ())


def _texts(
    raw: object, pointer: str, belongs: Callable[[str], bool], allowed: tuple[str, ...]
) -> frozenset[str] | list[FactProblem]:
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        return [_wrong_type(pointer, "a list (an empty list means: asked, none found)")]
    problems = [
        _not_allowed(f"{pointer}/{index}", allowed)
        for index, text in enumerate(raw)
        if not isinstance(text, str) or not belongs(text)
    ]
    return problems or frozenset(raw)


def _indicators(entry: Entry, raw: object, pointer: str) -> _Read:
    if not isinstance(raw, Mapping):
        return [_wrong_type(pointer, "an object: indicator code to status and basis")]
    found: dict[str, Indicator] = {}
    problems: list[FactProblem] = []
    for code, written in raw.items():
        at = f"{pointer}/{escaped(str(code))}"
        if code not in entry.allowed:
            problems.append(_not_allowed(at, entry.allowed))
            continue
        read = _indicator(written, at)
        if isinstance(read, Indicator):
            found[code] = read
        else:
            problems.extend(read)
    return problems or MappingProxyType(found)


def _indicator(raw: object, pointer: str) -> Indicator | list[FactProblem]:
    if not isinstance(raw, Mapping):
        return [_wrong_type(pointer, "an object with 'status' and, when known, 'basis'")]
    problems = [
        _not_allowed(f"{pointer}/{escaped(str(key))}", _INDICATOR_KEYS)
        for key in raw
        if key not in _INDICATOR_KEYS
    ]
    status, written = raw.get("status"), raw.get("basis", ())
    basis = _texts(written, f"{pointer}/basis", _BASES.__contains__, _BASES)
    if status not in _STATUSES:
        problems.append(_not_allowed(f"{pointer}/status", _STATUSES))
    if isinstance(basis, list):
        return problems + basis
    if problems:
        return problems
    read = Indicator(Status(str(status)), frozenset(Basis(text) for text in basis))
    if read.status is Status.CONFIRMED and not read.confirmed:
        return [_needs_basis(pointer)]
    return read


def _needs_basis(pointer: str) -> FactProblem:
    return FactProblem(
        f"{pointer}/basis",
        "needs_basis",
        "A confirmed indicator needs at least one basis other than third_party: name what was"
        " observed, stated or documented, or record the indicator as suspected.",
        tuple(basis for basis in _BASES if basis != Basis.THIRD_PARTY),
    )


def _wrong_type(pointer: str, meant: str) -> FactProblem:
    return FactProblem(pointer, "wrong_type", f"This must be {meant}.")


def _not_allowed(pointer: str, allowed: tuple[str, ...]) -> FactProblem:
    if not allowed:
        return FactProblem(
            pointer,
            "not_allowed",
            "This is no agency key: use the key under which the directory lists the agency.",
        )
    message = f"This is not in the closed list. Use one of: {', '.join(allowed)}."
    return FactProblem(pointer, "not_allowed", message, allowed)


_READERS: Mapping[FactType, Callable[[Entry, object, str], _Read]] = {
    FactType.FLAG: _flag,
    FactType.WHOLE: _whole,
    FactType.CODE: _code,
    FactType.CODES: _codes,
    FactType.INDICATORS: _indicators,
    FactType.AGENCIES: _agencies,
}
