"""A frozen value again with some of its fields changed: what the engine does most often.

``dataclasses.replace`` looks every field up and asks whether it may be given; what is altered here
are plain values (all fields given to the constructor, nothing worked out when they are made), so
they are copied field by field.
"""

from __future__ import annotations

from typing import Any, TypeVar

_Value = TypeVar("_Value")
_new, _set = object.__new__, object.__setattr__


def altered(one: _Value, **changes: Any) -> _Value:
    """The same value with these fields changed. ``one``: frozen, with slots."""
    kind = type(one)
    made = _new(kind)
    for name in kind.__slots__:  # type: ignore[attr-defined]
        _set(made, name, changes[name] if name in changes else getattr(one, name))
    return made
