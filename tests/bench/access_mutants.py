"""How much of the access rules the pure tests really hold: each rule is broken once, and must be missed.

Every module of ``referral.access`` is changed in one place at a time, and every cell of
``matrix.yaml`` is taken away, loosened and given to one more.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml

from tests.bench.breaking import ROOM, Mutant, all_tried, figures, of_code

_ROOMS = "test_every_action_a_room_asks_for_is_in_the_matrix"  # reads files, not these
_TESTS = (
    *("-k", f"not {_ROOMS}", "tests/referral/locks/test_pure.py", "tests/referral/test_access.py"),
    "tests/referral/test_decide.py",
)
_MATRIX = ROOM / "access" / "matrix.yaml"


def run() -> dict[str, Any]:
    """Mutants of code and of cells."""
    mutants = [*of_code("access"), *_of_cells()]
    unchanged = ("nothing changed", "matrix.yaml", _MATRIX.read_text("utf-8"))
    assert all_tried("access", [unchanged], _TESTS) == [False]
    return figures(mutants, all_tried("access", mutants, _TESTS), {})


def _of_cells() -> Iterator[Mutant]:
    """Every cell gone, every cell given for nothing, and every row given to one more."""
    whole = yaml.safe_load(_MATRIX.read_bytes())
    for table in ("on_a_case", "by_role"):
        everybody = sorted({who for row in whole[table].values() for who in row})
        for action, row in whole[table].items():
            more = next((who for who in everybody if who not in row), None)
            changes: list[tuple[str, str | None]] = [(who, None) for who in row]
            changes += [(who, "Y") for who, cell in row.items() if str(cell).strip("Y")]
            changes += [(more, "Y")] if more else []
            for who, cell in changes:
                broken = copy.deepcopy(whole)
                broken[table][action].pop(who, None)
                if cell:
                    broken[table][action][who] = cell
                yield f"matrix {action} {who} -> {cell}", "matrix.yaml", yaml.safe_dump(broken)
