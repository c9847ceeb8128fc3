"""No table is joined by a key worked out from JSON.

Under row security the policy is asked before anything that might tell what it has read, and ``->>``
might. A join ``ON s.id = (x.told ->> 'id')::uuid`` therefore cannot use the index: it reads every
row there is, for every act, and only the clock would tell. Such keys are worked out first (a CTE AS
MATERIALIZED) or looked up one by one in a subquery of their own, where they are values.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import agencies
import referral

_FILES: Final = sorted(
    file
    for package in (agencies, referral)
    for file in Path(package.__file__ or "").parent.joinpath("migrations").rglob("*.sql")
)
_COLUMN: Final = r"\b(?P<table{0}>\w+)\.\w+(?:::\w+)?"
_PICKED: Final = r"\(*(?P<json{0}>\w+)(?:\.\w+)?(?:::jsonb?)?\s*->>?\s*'\w+'\)*(?:::\w+)?\)*"
_COMPARED: Final = re.compile(
    rf"{_COLUMN.format(1)}\s*=\s*{_PICKED.format(1)}|{_PICKED.format(2)}\s*=\s*{_COLUMN.format(2)}"
)


def joined_by_json(sql: str) -> list[str]:
    """The comparisons of a column with a piece of JSON, both of one query's FROM."""
    found = []
    for match in _COMPARED.finditer(sql):
        query = _of_its_own_query(sql[: match.start()])
        names = [name for name in match.groups() if name]
        if all(re.search(rf"[\w)]\s+{name}\b(?!\s*->|\.|::)", query) for name in names):
            found.append(f"line {sql.count(chr(10), 0, match.start()) + 1}: {match[0]}")
    return found


def _of_its_own_query(before: str) -> str:
    """The query that has not ended there, without the brackets that have."""
    while (shorter := re.sub(r"\([^()]*\)", "", before)) != before:
        before = shorter
    return re.split(r"\b(?:SELECT|UPDATE|DELETE|INSERT)\b", before)[-1]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_no_table_is_joined_by_json(file: Path) -> None:
    assert joined_by_json(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("UPDATE t s SET a = 1 FROM e x WHERE s.id = (x.told ->> 'id')::uuid", True),
        ("SELECT 1 FROM e x JOIN t s ON s.id = (x.told::jsonb ->> 'id')::uuid", True),
        ("SELECT FROM t s, f(j) AS x (told text) WHERE x.told::jsonb ->> 'id' = s.id::text", True),
        ("SELECT 1 FROM e x JOIN t s ON (s.a OR s.id = (x.told ->> 'id')::uuid)", True),
        ("SELECT 1 FROM e x WHERE (SELECT s.a FROM t s WHERE s.id = (x.t ->> 'id')::uuid)", False),
        (
            "SELECT FROM e x WHERE NOT EXISTS (SELECT FROM t s WHERE s.i = (x ->> 'i')::int)",
            False,
        ),
        (
            "WITH m AS (SELECT (x.t ->> 'i')::uuid FROM e x) SELECT FROM m, t WHERE t.i = m.i",
            False,
        ),
    ],
)
def test_this_is_how_such_a_join_looks(sql: str, wrong: bool) -> None:
    assert bool(joined_by_json(sql)) is wrong
