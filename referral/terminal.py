"""What the command line says: a sentence, a table, or one JSON value for programs.

Answers go to standard output, everything else (progress, errors) to standard error. It must never
know what is being told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_WIDE = 180  # characters: into a file or a pipe there is no width to fit into


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command speaks. With ``as_json`` it says one JSON value and nothing else."""

    as_json: bool = False
    out: Console = field(default_factory=lambda: _console(watched=sys.stdout.isatty()))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def answer(self, value: Mapping[str, Any]) -> None:
        """The whole answer for programs; said only with ``--json``."""
        if self.as_json:
            sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")
            sys.stdout.flush()

    def say(self, *sentences: str) -> None:
        """The answer for people, line by line."""
        if not self.as_json:
            for sentence in sentences:
                self.out.print(sentence, markup=False, soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table for people. Only the last column is broken into lines; nothing is cut off."""
        if self.as_json:
            return
        table = Table(
            title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
        )
        for column in columns[:-1]:
            table.add_column(column, no_wrap=True)
        table.add_column(columns[-1], overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.out.print(table)

    def refuse(self, sentence: str, code: int) -> None:
        """Why it did not work: a sentence, or for programs an object with the exit code."""
        self.answer({"error": sentence, "exit_code": code})
        if not self.as_json:
            self.err.print(sentence, markup=False)

    @contextmanager
    def waiting(self, doing: str) -> Iterator[Callable[[str], None]]:
        """Say what is being worked on, where somebody is watching."""
        if self.as_json or not self.err.is_terminal:
            yield lambda _: None
            return
        with self.err.status(doing) as status:
            yield status.update

    @contextmanager
    def progress(self, doing: str) -> Iterator[Callable[[int, int], None]]:
        """A bar that is told (so many are done, of so many), where somebody is watching."""
        if self.as_json or not self.err.is_terminal:
            yield lambda _done, _whole: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self.err) as bar:
            task = bar.add_task(doing, total=None)
            yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _console(*, watched: bool) -> Console:
    return Console(highlight=False, width=None if watched else _WIDE)
