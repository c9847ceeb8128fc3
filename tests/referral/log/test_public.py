"""The log's public face: whoever asks gets proofs that hold, and a reason where there is none."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from referral.audit import proof
from referral.audit.key_files import SigningKey
from referral.audit.proof import Checkpoint, Note, check_consistency, check_inclusion, leaf_hash
from tests.referral.log.running import Log


def hashes(text: str) -> list[bytes]:
    """A proof as it comes."""
    return [base64.b64decode(line) for line in text.split()]


async def test_what_is_served_proves_what_it_says(log: Log) -> None:
    old = (await log.grow(5)).checkpoint
    new = (await log.grow(300)).checkpoint
    rows = await log.house.rows("SELECT header FROM referral.audit_entry ORDER BY xid, id")
    client = log.house.stranger()
    note = await client.get("/audit/checkpoint")
    assert note.headers["content-type"].startswith("text/plain")
    assert note.headers["cache-control"] == "public, max-age=1"
    assert Checkpoint.read(Note.read(note.text).text) == new
    asked = await client.get(f"/audit/proof/consistency?from={old.size}&to={new.size}")
    assert "immutable" in asked.headers["cache-control"]
    check_consistency(old.size, old.root, new.size, new.root, hashes(asked.text))
    for index in (0, 4, 255, 256, new.size - 1):
        asked = await client.get(f"/audit/proof/inclusion?index={index}&size={new.size}")
        leaf = leaf_hash(rows[index]["header"].encode())
        check_inclusion(leaf, index, new.size, hashes(asked.text), new.root)
    earlier = await client.get(f"/audit/checkpoint?size={old.size}")
    assert Checkpoint.read(Note.read(earlier.text).text) == old


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/audit/proof/consistency?from=0&to=2", 422, "From nothing, everything follows"),
        ("/audit/proof/consistency?from=2&to=1", 422, "does not begin"),
        ("/audit/proof/consistency?from=1&to=9", 404, "nothing is proved of 9"),
        ("/audit/proof/consistency?from=1", 422, ""),
        ("/audit/proof/consistency?from=a&to=b", 422, ""),
        ("/audit/proof/consistency?from=1&to=99999999999999999999999", 422, ""),
        ("/audit/proof/inclusion?index=3&size=3", 422, "no entry 3"),
        ("/audit/proof/inclusion?index=-1&size=3", 422, ""),
        ("/audit/proof/inclusion?index=0&size=4", 404, "nothing is proved of 4"),
        ("/audit/proof/inclusion?index=0&size=3&origin=elsewhere", 404, ""),
        ("/audit/checkpoint?size=2", 404, "not at this size"),
        ("/audit/checkpoint?size=0", 422, ""),
    ],
)
async def test_what_cannot_be_proved_is_answered_with_its_reason(
    log: Log, path: str, status: int, words: str
) -> None:
    await log.grow(3)
    answer = await log.house.stranger().get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert words in answer.json()["detail"]


async def test_before_the_first_checkpoint_there_is_none(log: Log) -> None:
    client = log.house.stranger()
    for path in ("/audit/checkpoint", "/audit/proof/inclusion?index=0&size=1"):
        assert (await client.get(path)).status_code == 404


async def test_the_keys_to_check_by_are_told(log: Log) -> None:
    await log.enrolled("labour")
    await log.grow(1)
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    await log.sealed()
    told = (await log.house.stranger().get("/audit/keys")).json()
    assert [one["origin"] for one in told["epochs"]] == ["log.example.org/2026a", new.name]
    assert told["epochs"][1]["signer"] == str(new.key)
    assert [(one["name"], one["independent"]) for one in told["witnesses"]] == [("labour", True)]
    assert told["quorum"] == 2
    old = await log.house.stranger().get("/audit/checkpoint?size=6&origin=log.example.org/2026a")
    assert Checkpoint.read(Note.read(old.text).text).size == 6


async def test_the_verifier_is_handed_out_as_it_is_used_here(log: Log) -> None:
    answer = await log.house.stranger().get("/audit/verifier.py")
    assert answer.content == Path(proof.__file__).read_bytes()
    assert "attachment" in answer.headers["content-disposition"]


async def test_who_sends_nothing_good_is_asked_to_wait(log: Log) -> None:
    client = log.house.stranger()
    answers = [
        (await client.post("/audit/cosignatures", content=b"\xff")).status_code for _ in range(45)
    ]
    assert set(answers) == {422, 429}
    assert answers[-1] == 429
    await log.grow(1)
    assert (await client.get("/audit/checkpoint")).status_code == 200, "reading goes on"
