"""Rules broken one at a time, to see whether the tests of a room notice: what must be missed, is it?

One package of ``referral`` is changed in one place (a condition turned round, a comparison shifted,
a ``not`` dropped, ``and`` for ``or``, a constant changed); the tests run on it in a process of their
own. Async functions ask the database and have their tests there: they are broken where it is said.
"""

from __future__ import annotations

import ast
import copy
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import referral
import tests.cast  # noqa: F401 - what it needs is read once, before anything is forked

ROOM = Path(referral.__file__).parent
NEEDED_PERCENT = 95
_LONGEST = 300  # seconds of its own processor time
_MOST = 3 << 30  # bytes of memory
_QUIETLY = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--assert=plain"]
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


def figures(
    mutants: Sequence[Mutant], killed: Sequence[bool], same: Mapping[str, str]
) -> dict[str, Any]:
    """How many were killed, and every survivor with why it is none of ours, if it is not.

    ``same``: survivors that change nothing anybody could see, by the line they stand on.
    """
    left = [name for (name, _, _), dead in zip(mutants, killed, strict=True) if not dead]
    return {
        "mutants": len(mutants),
        "killed": sum(killed),
        "percent": round(100 * sum(killed) / len(mutants), 1),
        "needed_percent": NEEDED_PERCENT,
        "survivors": {
            name: next((why for line, why in same.items() if line in name), "NOT EXPLAINED")
            for name in left
        },
    }


def of_code(package: str, files: str = "*.py", *, asking: bool = False) -> Iterator[Mutant]:
    """Every place of these files, broken in every way that fits; ``asking``: async ones too."""
    for path in sorted((ROOM / package).glob(files)):
        source = path.read_text("utf-8")
        lines, tree = source.splitlines(), ast.parse(source)
        for number, (place, what) in enumerate(_places(tree, asking)):
            changed = copy.deepcopy(tree)
            node = [*_places(changed, asking)][number][0]
            _change(changed, node, what)
            name = f"{path.name}:{place.lineno} {what}: {lines[place.lineno - 1].strip()}"
            yield name, path.name, ast.unparse(ast.fix_missing_locations(changed))


def _places(tree: ast.AST, asking: bool) -> Iterator[tuple[Any, str]]:
    for node in _judging(tree, asking):
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


def _judging(node: ast.AST, asking: bool) -> Iterator[ast.AST]:
    """What decides: not annotations, not how a class is made, nor (unless ``asking``) async."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and (
                asking or not isinstance(child, ast.AsyncFunctionDef)
            ):
                yield child
                yield from _judging(child, asking)


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


def all_tried(
    package: str, mutants: Sequence[Mutant], tests: Sequence[str], at_once: int = 2
) -> list[bool]:
    """Whether each was noticed; every one in a process of its own, forked with the libraries read."""
    running: dict[int, int] = {}
    noticed = [False] * len(mutants)
    for number in [*range(len(mutants)), *[None] * at_once]:
        if running and (number is None or len(running) == at_once):
            child, status = os.wait()
            noticed[running.pop(child)] = status != 0
        if number is not None:
            running[_forked(package, mutants[number], tests)] = number
    return noticed


def _forked(package: str, mutant: Mutant, tests: Sequence[str]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A mutant that never ends, or takes all there is, is noticed too.
        resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST, _LONGEST))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
        with tempfile.TemporaryDirectory() as folder:
            code = _tested(package, mutant, Path(folder) / "referral", tests)
    finally:
        os._exit(code)


def _tested(package: str, mutant: Mutant, beside: Path, tests: Sequence[str]) -> int:
    """The tests, with a package beside ours in its place that differs in this one file."""
    _, name, text = mutant
    beside.mkdir()
    for entry in ROOM.iterdir():
        if entry.name not in {package, "__pycache__"}:
            (beside / entry.name).symlink_to(entry)
    shutil.copytree(ROOM / package, beside / package, ignore=shutil.ignore_patterns("__pycache__"))
    (beside / package / name).write_text(text, "utf-8")
    for known in [known for known in sys.modules if known.split(".")[0] in {"referral", "tests"}]:
        del sys.modules[known]
    sys.path.insert(0, str(beside.parent))
    sys.dont_write_bytecode = True
    broken = import_module(f"referral.{package}")  # may be refused by itself: noticed
    assert str(broken.__file__).startswith(str(beside))
    return int(pytest.main([*_QUIETLY, *tests]))
