"""What a witness may send: how much of it, by whom, and from when; no database is needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from referral.audit import witnesses
from referral.audit.key_files import SigningKey
from referral.audit.proof import Note
from referral.audit.witnesses import RefusedCosignature, agency_of
from tests.referral.log.running import Log
from tests.referral.log.test_when_to_sign import A_MOMENT, NOW, ago

LABOUR, POLICE = (SigningKey.new(name, 4) for name in ("labour", "police"))
TEXT = "log.example/1\n3\nAAAA\n"


@pytest.mark.parametrize(
    ("whole", "code"),
    [
        ("x" * 8192, "no-checkpoint"),
        ("x" * 8193, "too-many"),
        ("\n" * 24, "no-checkpoint"),
        ("\n" * 25, "too-many"),
    ],
)
async def test_more_than_a_note_with_its_signatures_is_not_even_read(whole: str, code: str) -> None:
    nobody: Any = None
    with pytest.raises(RefusedCosignature) as refused:
        await witnesses.keep(nobody, whole, NOW)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_her_clock_may_be_five_minutes_from_ours() -> None:
    ours: Any = SimpleNamespace(signed_at=ago(3600))
    latest, earliest = ago(-300), ago(3900)
    for moment in (latest, NOW, earliest):
        witnesses._in_time(moment, ours, NOW)
    for moment in (latest + A_MOMENT, earliest - A_MOMENT):
        with pytest.raises(RefusedCosignature, match="witness's clock"):
            witnesses._in_time(moment, ours, NOW)


def test_who_is_unknown_is_named_with_the_known_ones_left_out() -> None:
    strangers = [SigningKey.new(f"{'x' * 150}{number}", 4) for number in range(2)]
    lines = "".join(one.cosign(TEXT, NOW) for one in (LABOUR, *strangers))
    note = Note.read(f"{TEXT}\n{lines}")
    with pytest.raises(RefusedCosignature) as refused:
        witnesses._all_known(note, [LABOUR.key, POLICE.key], "log.example/1")
    names = str(refused.value).partition(": ")[0]
    assert names == ", ".join(one.name for one in strangers)[:200]
    with pytest.raises(RefusedCosignature, match="labour: no witness"):
        witnesses._all_known(note, [one.key for one in strangers], "log.example/1")
    witnesses._all_known(note, [LABOUR.key, *(one.key for one in strangers)], "log.example/1")


def test_her_line_is_kept_as_it_came() -> None:
    """Of several: that with her name and her key, whole."""
    hers, other, namesake = (
        one.cosign(TEXT, NOW) for one in (LABOUR, POLICE, SigningKey.new("labour", 4))
    )
    for lines in ((hers, other, namesake), (other, namesake, hers), (namesake, hers, other)):
        assert witnesses._line(f"{TEXT}\n{''.join(lines)}", LABOUR.key) == hers


async def test_an_agency_is_known_by_its_key_in_its_country(log: Log) -> None:
    [row] = await log.house.rows("SELECT id, key, country FROM agencies.agency LIMIT 1")
    async with log.by("migrator") as connection:
        assert await agency_of(connection, row["key"], row["country"]) == row["id"]
        assert await agency_of(connection, row["key"], "QQ") is None
