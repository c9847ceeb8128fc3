"""A draft is weighed beside its country, by lines that need no file."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from protocols.replay.desk import desk_of, replay
from protocols.replay.draft import beside
from tests.protocols.test_replay import CHILD, LATER, law, lines_of, order, unseen


def test_lines_may_stand_in_no_file(tmp_path: Path) -> None:
    law(tmp_path)
    lines = [json.dumps(CHILD), "", json.dumps(CHILD | {"count": 2})]
    found = replay(order(tmp_path), lines, unseen)
    assert found == replay(order(tmp_path), lines_of(tmp_path, *lines), unseen)
    assert (found.cases, found.persons) == (2, 3)


def test_a_draft_stands_beside_its_country_for_as_long_as_it_is_weighed(tmp_path: Path) -> None:
    law(tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text(LATER.replace("2027-01-01", "2028-01-01"), encoding="utf-8")
    with beside("QQ", "care", file, tmp_path) as (folder, day):
        assert desk_of(order(folder, "2026-01-01", version=day)).after.version == "2028-01-01"
    assert not folder.exists()
    assert not (tmp_path / "qq" / "care" / "2028-01-01.yaml").exists()


@pytest.mark.parametrize(
    ("track", "text", "told"),
    [
        ("care", "track: care\n", "no day"),
        ("care", LATER, "the day of a version there is"),
        ("nothing", LATER, "no track"),
    ],
)
def test_a_draft_that_cannot_stand_there_says_why(
    tmp_path: Path, track: str, text: str, told: str
) -> None:
    law(tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LookupError, match=told), ExitStack() as stack:
        stack.enter_context(beside("QQ", track, file, tmp_path))
