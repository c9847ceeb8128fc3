"""Every key a lawyer may write is explained in the page beside the law."""

from __future__ import annotations

from pathlib import Path

import pytest

import protocols
from protocols import cases, clocks, compiler, ladders, steps
from protocols.expectations import EXPECTED
from protocols.law import STEP_WORDS

PAGE = (Path(protocols.__file__).parent / "README.md").read_text(encoding="utf-8")

KEYS = {
    *compiler._REQUIRED,
    *compiler._OPTIONAL,
    *steps._STEP_REQUIRED,
    *steps._STEP_OPTIONAL,
    *clocks._CLOCK_REQUIRED,
    *clocks._CLOCK_OPTIONAL,
    *ladders._RUNG_WORDS,
    *ladders._CALLED,
    *cases._CASE,
    *cases._CASE_OPTIONAL,
    *EXPECTED,
    *STEP_WORDS,
    *("iso2", "names", "languages", "time_zone", "screening", "supervisor_after", "default_track"),
    *("mandates", "reasons", "outcomes", "documents", "sources", "every", "repeats", "who"),
    *("because", "if_unknown", "forbids", "until", "after", "outcome", "happens", "learned"),
}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_key_is_explained(key: str) -> None:
    assert f"`{key}" in PAGE or f" {key}: " in PAGE, f"protocols/README.md does not explain '{key}'"
