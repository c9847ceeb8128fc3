"""The log gets a new key while a case goes on: its evidence holds across the seam."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from referral import casework
from referral.audit.key_files import SigningKey
from referral.audit.proof import Key, ProofError, check_bundle
from tests.stories.test_evidence import Case, alone, case

if TYPE_CHECKING:
    from referral.audit.witness import Witness
    from tests.referral.log.running import Log

__all__ = ["case"]

SECOND, THIRD = "log.example.org/2026b", "log.example.org/2026c"


async def goes_on(log: Log, origin: str) -> Key:
    """The log with a new key; the old one's public half."""
    old, new = log.key.key, SigningKey.new(origin, 1)
    await log.opens(new, await log.proposed(new))
    await log.sealed()
    return old


async def noted(case: Case, words: str) -> None:
    """One entry more of the case."""
    await case.house.manages("social_worker", casework.add_note, UUID(case.referral), words)


async def final(log: Log, *people: Witness) -> None:
    """All there is, signed and countersigned."""
    await log.sealed()
    for one in people:
        await log.visit(one)


async def test_evidence_of_a_case_in_two_epochs_holds_on_a_clean_machine(
    case: Case, tmp_path: Path
) -> None:
    log = case.log
    people = [await log.enrolled(name) for name in ("labour", "police")]
    await final(log, *people)
    await noted(case, "Signed, and told anew: no witness has seen it.")
    await log.sealed()
    old = await goes_on(log, SECOND)
    await noted(case, "After the key was changed.")
    bundle = await case.made()
    for one in people:
        await log.visit(one)
    files = await case.taken(bundle)
    evidence = json.loads(files["evidence.json"])
    assert {one["epoch"] for one in evidence["entries"]} == {0, 1}
    [before] = evidence["earlier"]
    assert before["note"].startswith(f"{old.name}\n")
    assert before["opening"]["index"] == 0

    keys = ["--log", str(log.key.key), "--earlier", str(old)]
    for one in people:
        keys += ["--witness", str(one._key.key)]
    good = alone(tmp_path, files, "bundle", "evidence.json", *keys, "--quorum", "2")
    assert good.returncode == 0, good.stderr
    assert f"Signed by {SECOND}" in good.stdout
    assert "--earlier KEY" in files["README.txt"]
    assert old.name in files["README.txt"]
    assert old.name in files["evidence.html"]
    lacking = alone(tmp_path, files, "bundle", "evidence.json", *keys[:2])
    assert (lacking.returncode, "give its key, with --earlier" in lacking.stderr) == (1, True)


def wrong(evidence: dict[str, Any], part: str, **changed: Any) -> str:
    """The evidence with something else in its earlier epoch, or in what opened the next."""
    [before] = evidence["earlier"]
    if part == "opening":
        changed = {"opening": {**before["opening"], **changed}}
    return json.dumps({**evidence, "earlier": [{**before, **changed}]})


async def test_no_seam_is_feigned(case: Case) -> None:
    """Whoever changes what is past with the old key, stolen, finds no later epoch that says so."""
    log = case.log
    first = await log.sealed()
    stolen = log.key
    old = await goes_on(log, SECOND)
    await case.made()
    files = await case.taken(await case.made())
    evidence, new = json.loads(files["evidence.json"]), log.key.key
    found = check_bundle(files["evidence.json"], new, (), [old])
    assert len(found) == len(evidence["entries"])

    text = str(first.checkpoint).replace(f"\n{first.checkpoint.size}\n", "\n9999\n")
    forged = f"{text}\n{stolen.sign(text)}"
    with pytest.raises(ProofError, match="no later epoch goes on from this checkpoint"):
        check_bundle(wrong(evidence, "epoch", note=forged), new, (), [old])
    other = next(one for one in evidence["entries"] if one["epoch"] == 0)
    swapped = {name: other[name] for name in ("header", "index", "path")}
    with pytest.raises(ProofError, match="no later epoch goes on"):
        check_bundle(wrong(evidence, "opening", **swapped), new, (), [old])
    header = evidence["earlier"][0]["opening"]["header"].replace("2026a@", "2026x@")
    with pytest.raises(ProofError, match="not in this log"):
        check_bundle(wrong(evidence, "opening", header=header), new, (), [old])
    with pytest.raises(LookupError):
        check_bundle(wrong(evidence, "opening", epoch=1), new, (), [old])
    with pytest.raises(ProofError, match="give its key"):
        check_bundle(files["evidence.json"], new, (), [])
    moved = [{**one, "epoch": 0} for one in evidence["entries"]]
    with pytest.raises(ProofError):
        check_bundle(json.dumps({**evidence, "entries": moved}), new, (), [old])


async def test_two_keys_later_what_the_second_never_signed_is_told_in_the_third(case: Case) -> None:
    """The second epoch was opened and left at once; the third says from where all goes on."""
    log = case.log
    people = [await log.enrolled(name) for name in ("labour", "police")]
    await final(log, *people)
    old, new = log.key.key, SigningKey.new(SECOND, 1)
    await log.opens(new, await log.proposed(new))
    last = SigningKey.new(THIRD, 1)
    await log.opens(last, await log.proposed(last))
    files = await case.taken(await case.made())
    evidence = json.loads(files["evidence.json"])
    assert [one["note"].partition("\n")[0] for one in evidence["earlier"]] == [old.name]
    assert evidence["earlier"][0]["opening"]["index"] > 0, "what opened the second is told anew"
    assert check_bundle(files["evidence.json"], log.key.key, (), [old])


async def test_in_three_epochs_each_is_named_by_the_next(case: Case) -> None:
    log = case.log
    keys = []
    for origin in (SECOND, THIRD):
        await noted(case, "She is well.")
        await log.sealed()
        keys.append(await goes_on(log, origin))
    files = await case.taken(await case.made())
    evidence = json.loads(files["evidence.json"])
    assert [one["note"].partition("\n")[0] for one in evidence["earlier"]] == [
        one.name for one in reversed(keys)
    ]
    assert {one["epoch"] for one in evidence["entries"]} == {0, 1, 2}
    assert check_bundle(files["evidence.json"], log.key.key, (), keys)


async def test_what_is_to_be_told_anew_is_waited_for(case: Case) -> None:
    """Between the opening of an epoch and its first checkpoint there is no bundle, and no fault."""
    log = case.log
    bundle = await case.made()
    await log.write(1)
    new = SigningKey.new(SECOND, 1)
    people = [await log.enrolled(name) for name in ("labour", "police")]
    assert people, "with witnesses only what they have seen is kept"
    await log.opens(new, await log.proposed(new))
    waits = await case.takes("social_worker", bundle, "seven words sent another way")
    assert (waits.status_code, "within a minute" in waits.json()["detail"]) == (409, True)
    await log.sealed()
    assert await case.taken(bundle)
