"""How much of the access rules the pure tests really hold: each rule is broken once, and must be missed.

Every module of ``referral.access`` is changed in one place at a time (a condition turned round, a
comparison shifted, a ``not`` dropped, ``and`` for ``or``, a constant changed), and every cell of
``matrix.yaml`` is taken away, loosened and given to one more. The pure tests run on each; whatever
they do not notice survives. Async functions ask the database and have their tests there.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import referral
import tests.cast  # noqa: F401 - what it needs is read once, before anything is forked

_ROOM = Path(referral.__file__).parent
_ACCESS = _ROOM / "access"
_TESTS = (
    "tests/referral/locks/test_pure.py",
    "tests/referral/test_access.py",
    "tests/referral/test_decide.py",
)
NEEDED_PERCENT = 95
_LONGEST = 600  # seconds
_ROOMS = "test_every_action_a_room_asks_for_is_in_the_matrix"  # reads files, not these
_QUIETLY = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--assert=plain", "-k", f"not {_ROOMS}"]
_MATRIX = _ACCESS / "matrix.yaml"
Mutant = tuple[str, str, str]  # what was done to it, the file, its text
_TURNED: dict[type, type] = {
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Sub: ast.BitAnd,
}
# Survivors that change nothing anybody could see, by the line they stand on.
_SAME: dict[str, str] = {}


def run() -> dict[str, Any]:
    """Mutants, how many were killed, and every survivor with why it is none of ours, if it is not."""
    mutants = [*_of_code(), *_of_cells()]
    assert _all_tried([("nothing changed", "matrix.yaml", _MATRIX.read_text("utf-8"))]) == [False]
    killed = _all_tried(mutants)
    left = [name for (name, _, _), dead in zip(mutants, killed, strict=True) if not dead]
    return {
        "mutants": len(mutants),
        "killed": sum(killed),
        "percent": round(100 * sum(killed) / len(mutants), 1),
        "needed_percent": NEEDED_PERCENT,
        "survivors": {name: _why(name) for name in left},
    }


def _why(name: str) -> str:
    return next((why for line, why in _SAME.items() if line in name), "NOT EXPLAINED")


def _of_code() -> Iterator[Mutant]:
    for path in sorted(_ACCESS.glob("*.py")):
        source = path.read_text("utf-8")
        lines, tree = source.splitlines(), ast.parse(source)
        for number, (place, what) in enumerate(_places(tree)):
            changed = copy.deepcopy(tree)
            node = [*_places(changed)][number][0]
            _change(changed, node, what)
            name = f"{path.name}:{place.lineno} {what}: {lines[place.lineno - 1].strip()}"
            yield name, path.name, ast.unparse(ast.fix_missing_locations(changed))


def _places(tree: ast.AST) -> Iterator[tuple[Any, str]]:
    for node in _judging(tree):
        if isinstance(node, ast.If | ast.IfExp):
            yield node, "negated"
        if isinstance(node, ast.comprehension):
            for number, test in enumerate(node.ifs):
                yield test, f"condition {number} dropped"
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
            yield node, "comparison"
        if isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign) and type(node.op) in _TURNED:
            yield node, "operator"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not dropped"
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int):
            yield node, "constant"


def _judging(node: ast.AST) -> Iterator[ast.AST]:
    """What decides: not what asks the database, not annotations, not how a class is made."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.AsyncFunctionDef):
                yield child
                yield from _judging(child)


def _change(tree: ast.AST, node: Any, what: str) -> None:
    if what == "negated":
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif what == "comparison":
        node.ops[0] = _TURNED[type(node.ops[0])]()
    elif what == "operator":
        node.op = _TURNED[type(node.op)]()
    elif what == "constant":
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    else:
        put = node.operand if what == "not dropped" else ast.Constant(value=True)
        for parent in ast.walk(tree):
            for name, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, name, put)
                elif isinstance(value, list) and any(one is node for one in value):
                    value[next(n for n, one in enumerate(value) if one is node)] = put


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


def _all_tried(mutants: list[Mutant], at_once: int = 2) -> list[bool]:
    """Whether each was noticed; every one in a process of its own, forked with the libraries read."""
    running: dict[int, int] = {}
    noticed = [False] * len(mutants)
    for number in [*range(len(mutants)), *[None] * at_once]:
        if running and (number is None or len(running) == at_once):
            child, status = os.wait()
            noticed[running.pop(child)] = status != 0
        if number is not None:
            running[_forked(mutants[number])] = number
    return noticed


def _forked(mutant: Mutant) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.alarm(_LONGEST)  # a mutant that never ends is noticed too
        with tempfile.TemporaryDirectory() as folder:
            code = _tested(mutant, Path(folder) / "referral")
    finally:
        os._exit(code)


def _tested(mutant: Mutant, beside: Path) -> int:
    """The pure tests, with a package beside ours in its place that differs in this one file."""
    _, name, text = mutant
    beside.mkdir()
    for entry in _ROOM.iterdir():
        if entry.name not in {"access", "__pycache__"}:
            (beside / entry.name).symlink_to(entry)
    shutil.copytree(_ACCESS, beside / "access", ignore=shutil.ignore_patterns("__pycache__"))
    (beside / "access" / name).write_text(text, "utf-8")
    for known in [known for known in sys.modules if known.split(".")[0] in {"referral", "tests"}]:
        del sys.modules[known]
    sys.path.insert(0, str(beside.parent))
    sys.dont_write_bytecode = True
    import referral.access  # may be refused by itself: noticed

    assert str(referral.access.__file__).startswith(str(beside))
    return int(pytest.main([*_QUIETLY, *_TESTS]))
