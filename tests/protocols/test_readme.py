"""Every key a lawyer may write is explained in the page beside the law."""

from __future__ import annotations

from pathlib import Path

import pytest

import protocols
from protocols import cases, clocks, compiler, ladders, steps
from protocols.calendars import DESCRIPTION_KEYS
from protocols.document import plain_file
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
    *ladders.CALLED,
    *cases._CASE,
    *cases._CASE_OPTIONAL,
    *EXPECTED,
    *STEP_WORDS,
    *("iso2", "names", "languages", "time_zone", "screening", "supervisor_after", "default_track"),
    *("mandates", "reasons", "outcomes", "documents", "sources", "every", "repeats", "who"),
    *("because", "if_unknown", "forbids", "until", "after", "outcome", "happens", "learned"),
    *("sits", "quorum", "agree", "must_sit", "places", "by", "on", "consent", "child"),
    *("caregiver", "otherwise", "hazardous_work", "light_work", "items", "type", "group", "scope"),
    *("retention", "tracks", "years", "basis"),
    *("codes", "hint", "version", "language", "covered", "default", "calendars"),
    *DESCRIPTION_KEYS,
}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_key_is_explained(key: str) -> None:
    assert f"`{key}" in PAGE or f" {key}: " in PAGE, f"protocols/README.md does not explain '{key}'"


def keys_in(written: object) -> set[str]:
    """Every key that stands anywhere in a file."""
    if isinstance(written, dict):
        return set(written).union(*map(keys_in, written.values()))
    return set().union(*map(keys_in, written)) if isinstance(written, list) else set()


def test_zedland_uses_every_key_of_the_language() -> None:
    """The imaginary country is the example to copy: what it does not show, nobody finds."""
    folder = Path(protocols.__file__).parent / "countries" / "zz"
    used: set[str] = set()
    for path in folder.rglob("*.yaml"):
        used |= keys_in(plain_file(path))
    elsewhere = {
        *STEP_WORDS,  # acts, not keys
        *ladders.CALLED,  # recipients
        *("holidays", "codes"),  # of a real country; of the common list of facts
    }
    assert sorted(KEYS - used - elsewhere) == []
