"""Mutants tried in forks of one test session, each with only the tests that reach its line.

The session runs every test once, as it is, and notes which of them reach which line; database
template, country files and libraries are then ready. For each mutant it forks: the fork puts the
changed code into the functions that are there, and runs the tests that reach the changed line, those
that noticed another mutant of the file first, then the quickest, until one fails twice or ``BUDGET``
is used up. What stands outside functions is set by its value, wherever it was imported.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import os
import resource
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import process_time
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any, Final

import asyncpg
import coverage
import pytest

from tests.bench.breaking import ROOM, Mutant

BUDGET: Final = 10.0  # seconds of processor time of tests, unchanged, for one mutant
_AT_ONCE: Final = 2
# A mutant that never ends is noticed: seconds of its processor's time, and of all time, beside what
# its tests took unchanged.
_BUSY: Final = 10
_HUNG: Final = 120
_MOST: Final = 4 << 30  # bytes of memory
_SWEPT: Final = 40  # mutants between two sweeps of what their tests left in the cluster


@dataclass(slots=True, eq=False)  # pytest keeps its plugins in sets
class Forking:
    """A plugin in the place of pytest's loop over its tests."""

    package: str
    mutants: Sequence[Mutant]
    held: Mapping[str, tuple[str, ...]]  # the files of tests, by the file they hold
    noticed: list[bool] = field(default_factory=list)
    _cluster: str = ""  # address of the superuser
    _took: dict[str, float] = field(default_factory=dict)
    _reach: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    _killers: Counter[tuple[str, str]] = field(default_factory=Counter)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn, then try."""
        self._learn(session)
        assert not session.testsfailed, "the tests fail on the code as it is"
        self.noticed = [False] * len(self.mutants)
        _loaded()
        for first in range(0, len(self.mutants), _SWEPT):
            self._try(session, range(first, min(first + _SWEPT, len(self.mutants))))
            if self._cluster:
                asyncio.run(_drop(self._cluster))
        return True

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Know the cluster the tests are given."""
        cluster = item.funcargs.get("cluster")
        self._cluster = cluster.superuser_url if cluster else self._cluster

    def _learn(self, session: pytest.Session) -> None:
        folder = ROOM / self.package
        reached = coverage.Coverage(data_file=None, include=[f"{folder}/*"], config_file=False)
        _run(session, session.items[0])  # cluster and template are made for it: none is so slow
        reached.start()
        for item in session.items:
            reached.switch_context(item.nodeid)
            begun = process_time()
            _run(session, item)
            self._took[item.nodeid] = process_time() - begun
        reached.stop()
        data = reached.get_data()
        for file in data.measured_files():
            for line, tests in data.contexts_by_lineno(file).items():
                self._reach[Path(file).name, line] |= set(tests) - {""}

    def _wanted(self, session: pytest.Session, name: str, file: str) -> list[pytest.Item]:
        """The tests for this mutant, the likeliest first, within the budget."""
        line = _line(name, file)
        reaching = self._reach.get((file, line)) or set()
        if not reaching or not _inside(file, self.package, line):
            reaching = set[str]().union(*(t for (f, _), t in self._reach.items() if f == file))
        mine = [test for test in reaching if test.startswith(self.held[file])]
        order = sorted(mine, key=lambda t: (-self._killers[file, t], self._took[t]))
        chosen, spent = list[str](), 0.0
        for test in order:
            if spent + self._took[test] <= BUDGET or len(chosen) < 3:
                chosen.append(test)
                spent += self._took[test]
        known = {item.nodeid: item for item in session.items}
        return [known[test] for test in chosen]

    def _try(self, session: pytest.Session, numbers: Sequence[int]) -> None:
        running: dict[int, tuple[int, Path]] = {}
        with tempfile.TemporaryDirectory() as folder:
            for number in [*numbers, *[None] * _AT_ONCE]:
                while running and (number is None or len(running) == _AT_ONCE):
                    child, status = os.wait()
                    if child in running:
                        self._ended(*running.pop(child), status)
                if number is not None:
                    told = Path(folder) / str(number)
                    running[self._forked(session, number, told)] = (number, told)

    def _ended(self, number: int, told: Path, status: int) -> None:
        name, file, _ = self.mutants[number]
        self.noticed[number] = status != 0
        killer = told.read_text("utf-8") if told.exists() else ""
        if status != 0 and killer:
            self._killers[file, killer] += 1
        sys.stderr.write(f"{'killed' if status else 'LIVES '} {name} [{killer or status}]\n")
        sys.stderr.flush()

    def _forked(self, session: pytest.Session, number: int, told: Path) -> int:
        name, file, text = self.mutants[number]
        wanted = self._wanted(session, name, file)
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            took = int(sum(self._took[item.nodeid] for item in wanted))
            signal.alarm(_HUNG + 5 * took)
            busy = _BUSY + 2 * took
            resource.setrlimit(resource.RLIMIT_CPU, (busy, busy))
            resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
            _put(self.package, file, text, _line(name, file))
            for item in wanted:
                _run(session, item)
                if session.testsfailed:  # on a busy machine, perhaps for another reason
                    session.testsfailed = 0
                    _run(session, item)
                if session.testsfailed:
                    told.write_text(item.nodeid, "utf-8")
                    os._exit(1)
            code = 0
        finally:
            os._exit(code)


def _line(name: str, file: str) -> int:
    return int(name.removeprefix(f"{file}:").split(" ", 1)[0])


def _run(session: pytest.Session, item: pytest.Item) -> None:
    """One test; what a session makes once stays for the next."""
    whole = SimpleNamespace(listchain=lambda: [session])
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=whole)


async def _drop(url: str) -> None:
    connection = await asyncpg.connect(url)
    names = "SELECT datname FROM pg_database WHERE datname ~ '^(test|house|copy|aside)_'"
    for row in await connection.fetch(names):
        await connection.execute(f"DROP DATABASE {row['datname']} WITH (FORCE)")
    await connection.close()


def _inside(file: str, package: str, line: int) -> bool:
    """Whether the line is one of a function's body."""
    tree = ast.parse((ROOM / package / file).read_text("utf-8"))
    return any(
        node.body[0].lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _put(package: str, file: str, text: str, line: int) -> None:
    """The changed text in the place of what is loaded; an error here is a mutant noticed."""
    path = str(ROOM / package / file)
    if _inside(file, package, line):
        codes = dict(_functions(compile(text, path, "exec")))
        for one in _loaded().get(path, ()):
            one.__code__ = codes.get(one.__code__.co_qualname, one.__code__)
        return
    stem = "" if file == "__init__.py" else f".{Path(file).stem}"
    module = sys.modules[f"referral.{package}{stem}"]
    new = _executed(module, text, path)
    for name, value in _executed(module, Path(path).read_text("utf-8"), path).items():
        if isinstance(value, type):
            for method, one in vars(value).items():
                _default(
                    vars(vars(module).get(name, value)).get(method), vars(new[name])[method], one
                )
        elif isinstance(value, FunctionType):
            _default(vars(module).get(name), new[name], value)
        elif not callable(value) and new[name] != value:
            for other in [m for n, m in sys.modules.items() if n.startswith(("referral", "tests"))]:
                if vars(other).get(name, ...) == value:
                    setattr(other, name, new[name])


def _default(loaded: Any, changed: Any, before: Any) -> None:
    """What a function takes when it is given nothing, if that is what was changed."""
    if isinstance(before, FunctionType) and before.__defaults__ != changed.__defaults__:
        loaded.__defaults__ = changed.__defaults__
    if isinstance(before, FunctionType) and before.__kwdefaults__ != changed.__kwdefaults__:
        loaded.__kwdefaults__ = changed.__kwdefaults__


@cache
def _loaded() -> dict[str, list[FunctionType]]:
    """Every function there is, by the file it was read from."""
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found[one.__code__.co_filename].append(one)
    return found


def _functions(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Functions and methods; what stands inside them comes with them."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_flags & 0x2 and "<" not in const.co_qualname:  # a function's, no class body
                yield const.co_qualname, const
            else:
                yield from _functions(const)


def _executed(module: Any, text: str, path: str) -> dict[str, Any]:
    names = {"__name__": module.__name__, "__package__": module.__package__, "__file__": path}
    exec(compile(text, path, "exec"), names)  # noqa: S102 - our own text
    return names


@contextmanager
def _to_stderr() -> Iterator[None]:
    """What pytest says is no figure."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)


def all_forked(
    package: str,
    mutants: Sequence[Mutant],
    held: Mapping[str, tuple[str, ...]],
    only: Sequence[str] = (),
) -> list[bool]:
    """Whether each was noticed by a test of the files that hold its own; ``only``: of these."""
    plugin = Forking(package, mutants, held)
    tests = [*only, *dict.fromkeys(test for files in held.values() for test in files)]
    quietly = ["-q", "-n0", "-s", "-p", "no:cacheprovider", "--assert=plain", "--tb=short"]
    with _to_stderr():
        code = pytest.main([*quietly, *tests], plugins=[plugin])
    assert code == 0, f"the tests ended with {code}"
    assert len(plugin.noticed) == len(mutants)
    return plugin.noticed
