"""What a bare word of a YAML file means: text, number, yes or no, date, nothing.

YAML 1.2 is meant: ``no`` and ``on`` are words, not false and true, and ``12:30`` is no number.
This file knows nothing of files, lines or problems: a word comes in, a value goes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | date | None

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _date(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


_READERS: dict[str, Callable[[str], Scalar]] = {
    "str": str,
    "int": lambda text: int(text.replace("_", ""), 0),
    "float": float,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _: None,
    "timestamp": _date,
}
# In this order; what looks like a number or a moment and is none is refused, never a mere text.
_FORMS = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9][0-9_]*|[-+]?0[box][0-9a-fA-F_]+")),
    ("float", re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?")),
    ("timestamp", re.compile(r"\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?[Tt\s]+\d\d?:\d\d:.*")),
)
_MAY_BEGIN = frozenset("~nNtTfF+-.0123456789")  # what none of these begins is a text


def form_of(text: str) -> str:
    """Which kind of value a word without quotes is: str, int, float, bool, null or timestamp."""
    if text and text[0] not in _MAY_BEGIN:
        return "str"
    return next((form for form, written in _FORMS if written.fullmatch(text)), "str")


def is_form(name: str) -> bool:
    """Whether there is such a kind of value."""
    return name in _READERS


def value_of(text: str, form: str) -> Scalar:
    """The value; raises ValueError when the text cannot be one of this kind."""
    return _READERS[form](text)
