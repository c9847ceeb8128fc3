"""The verifier's edges: how large a number may be, what a bundle must hold, what is said of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral.audit import proof
from referral.audit.merkle import Frontier, grown, inclusion_path, root_in
from referral.audit.proof import Checkpoint, Key, Note, ProofError, leaf_hash, signed_by
from tests.referral.log.definition import root_of
from tests.referral.log.test_proof import (
    LEAVES,
    LOG,
    LOG_KEY,
    MOMENT,
    WITNESS,
    WITNESS_KEY,
    receipt,
)

if TYPE_CHECKING:
    from pathlib import Path

HIGHEST = 2**63 - 1


def test_a_log_may_grow_as_far_as_a_database_counts() -> None:
    text = str(Checkpoint("log.example/1", HIGHEST, bytes(32)))
    assert Checkpoint.read(text).size == HIGHEST
    with pytest.raises(ProofError, match="too large"):
        Checkpoint.read(text.replace(str(HIGHEST), str(HIGHEST + 1)))


def cosigned_at(seconds: int) -> bytes:
    """A cosignature of any moment at all, as it stands in a note."""
    signed = WITNESS.sign(f"cosignature/v1\ntime {seconds}\ntext\n".encode())
    return seconds.to_bytes(8) + signed


def test_a_moment_past_every_calendar_is_the_last_one() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for seconds in (253_402_300_799, 253_402_300_800, HIGHEST):
        assert WITNESS_KEY.check("text\n", cosigned_at(seconds)) == last
    assert WITNESS_KEY.check("text\n", cosigned_at(253_402_300_798)) == last - timedelta(seconds=1)
    with pytest.raises(ProofError, match="misshapen"):
        WITNESS_KEY.check("text\n", cosigned_at(HIGHEST + 1))
    for wrong in (cosigned_at(1)[:-1], cosigned_at(1) + b"!"):
        with pytest.raises(ProofError, match="misshapen"):
            WITNESS_KEY.check("text\n", wrong)


def test_a_hundred_signatures_are_looked_at_and_no_more() -> None:
    line = "\N{EM DASH} n AAAAAAAA\n"
    assert len(Note.read("text\n\n" + line * 100).signatures) == 100
    with pytest.raises(ProofError):
        Note.read("text\n\n" + line * 101)
    assert Note.read("a text with a space\n\n" + line).text == "a text with a space\n"
    with pytest.raises(ProofError, match="control characters"):
        Note.read("a\x1f\n\n" + line)


def test_what_is_no_base64_is_not_read_as_if_it_were() -> None:
    with pytest.raises(ProofError, match="no base64"):
        Key.read(f"{LOG_KEY}!")


def test_hashes_of_another_length_prove_nothing() -> None:
    for path in ([LEAVES[0][:-1]], [LEAVES[0] + b"!"], []):
        with pytest.raises(ProofError):
            proof.check_consistency(3, root_of(LEAVES[:3]), 4, root_of(LEAVES[:4]), path)
    with pytest.raises(ProofError, match="not the same"):
        proof.check_consistency(2, LEAVES[0], 2, LEAVES[1], [])
    with pytest.raises(ProofError, match="not the same"):
        proof.check_consistency(2, LEAVES[0], 2, LEAVES[0], [LEAVES[1]])
    proof.check_consistency(2, LEAVES[0], 2, LEAVES[0], [])
    with pytest.raises(ValueError, match="full subtrees"):
        Frontier(1, [LEAVES[0] + b"!"])


def bundle(opened: int = 3, **more: Any) -> dict[str, Any]:
    """Three entries of a case in a log of five, the last that the bundle was made."""
    record, headers, bodies, before = json.dumps({"case": "its record"}), [], [], "0" * 64
    for number in range(1, 4):
        key, body = bytes([number]) * 32, json.dumps({"n": number})
        if number == 3:
            body = json.dumps({"record": hashlib.sha256(record.encode()).hexdigest()})
        header = {"seq": number, "prev": before, "at": f"t{number}", "object_type": "case"}
        header |= {"object": "its id", "act": "bundle.made" if number == 3 else "case.filed"}
        header["body_hmac"] = hmac.digest(key, proof.BODY + body.encode(), "sha256").hex()
        headers.append(json.dumps(header))
        bodies.append({"body": body, "key": base64.b64encode(key).decode()})
        before = hashlib.sha256(headers[-1].encode()).hexdigest()
    leaves = [leaf_hash(one.encode()) for one in (*headers, "other", "another")]
    tiles = grown(0, {}, leaves)
    entries = []
    for index, written in enumerate(headers):
        path = [root_in(tiles, one) for one in inclusion_path(index, len(leaves))]
        told: dict[str, Any] = {"header": written, "index": index}
        told["path"] = [base64.b64encode(one).decode() for one in path]
        entries.append(told | (bodies[index] if index >= 3 - opened else {}))
    text = str(Checkpoint("log.example/1", len(leaves), root_of(leaves)))
    note = f"{text}\n{signed_by(LOG, 'log.example/1', text)}"
    note += signed_by(WITNESS, "police", text, MOMENT)
    return {"note": note, "record": record, "entries": entries, **more}


@pytest.mark.parametrize("opened", [3, 1])
def test_a_bundle_holds_whether_its_bodies_are_opened_or_not(opened: int) -> None:
    found = proof.check_bundle(json.dumps(bundle(opened)), LOG_KEY, [WITNESS_KEY])
    assert [one.index for one in found] == [0, 1, 2]
    assert found[0].witnesses == {"police": MOMENT}


def test_a_bundle_that_was_altered_does_not_hold() -> None:
    whole = bundle()
    first, second, last = whole["entries"]
    for change, words in (
        ({"entries": [second, last]}, "entry 1 of the case is missing"),
        ({"entries": [first, last]}, "entry 2 of the case is missing"),
        ({"entries": [first, second]}, "not the one this bundle"),
        ({"entries": [first, {**second, "body": "{}"}, last]}, "body of entry 2 is not"),
        ({"entries": [first, {**second, "key": first["key"]}, last]}, "body of entry 2 is not"),
        ({"entries": [first, {**second, "index": 2}, last]}, "another root"),
        ({"record": "another"}, "not the one this bundle"),
    ):
        with pytest.raises(ProofError, match=words):
            proof.check_bundle(json.dumps({**whole, **change}), LOG_KEY)


def test_a_promise_is_broken_from_its_moment_on_and_for_what_is_not_shown() -> None:
    held = proof.Receipt.read(receipt()).check(LOG_KEY, [WITNESS_KEY])
    leaf = base64.b64encode(leaf_hash(held.entry)).decode()
    told = (proof.PROMISE, "log.example/1", "its id", leaf, MOMENT.isoformat())
    until = MOMENT + timedelta(minutes=1)
    text = "".join(f"{line}\n" for line in (*told, until.isoformat()))
    note, us = f"{text}\n{signed_by(LOG, 'us', text)}", Key("us", 1, LOG_KEY.public)
    early = until - timedelta(seconds=1)
    for proved, later, words in (
        (None, {}, "nothing shown yet"),
        (None, {early: 99}, "nothing shown yet"),
        (held, {early: 3}, "KEPT"),
        (held, {until: 4}, "KEPT"),
    ):
        assert words in proof.check_promise(note, us, proved, later)
    for proved, later in ((None, {until: 4}), (held, {until: 3}), (None, {early: 1, until: 1})):
        with pytest.raises(ProofError, match="NOT KEPT"):
            proof.check_promise(note, us, proved, later)
    with pytest.raises(ProofError, match="no promise"):
        proof.check_promise(note.replace("promise/v1", "promise/v2"), us, None, {})
    with pytest.raises(ProofError, match="no promise"):
        proof.check_promise(note, WITNESS_KEY, None, {})


def test_what_the_command_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "receipt").write_text(receipt(), "utf-8")
    (tmp_path / "bundle").write_text(json.dumps(bundle()), "utf-8")
    (tmp_path / "broken").write_text("{", "utf-8")
    log, witness = ["--log", str(LOG_KEY)], ["--witness", str(WITNESS_KEY)]

    def said(code: int, *words: str) -> str:
        command, file, *more = words
        assert proof.main([command, str(tmp_path / file), *more]) == code
        out, err = capsys.readouterr()
        assert bool(err) is (code != 0)
        return out + err

    assert "entry 3" in said(0, "receipt", "receipt", *log)
    assert "Countersigned" not in said(0, "receipt", "receipt", *log)
    assert "by police, 2026-03-02" in said(0, "receipt", "receipt", *log, *witness)
    said(0, "receipt", "receipt", *log, *witness, "--quorum", "1")
    assert "only 1 of the 2" in said(1, "receipt", "receipt", *log, *witness, "--quorum", "2")
    assert "only 0 of the 1" in said(1, "bundle", "bundle", *log, "--quorum", "1")
    told = said(0, "bundle", "bundle", *log, *witness).splitlines()
    assert [line.split()[:3] for line in told[:3]] == [
        *(["1", "t1", "case.filed"], ["2", "t2", "case.filed"], ["3", "t3", "bundle.made"])
    ]
    assert "DOES NOT HOLD" in said(1, "receipt", "broken", *log)
    assert "cannot be read" in said(2, "bundle", "broken", *log)
    assert "cannot be read" in said(2, "receipt", "nowhere", *log)
    with pytest.raises(SystemExit):  # whose log it is must be said
        proof.main(["receipt", str(tmp_path / "receipt")])


def test_a_file_that_leads_from_log_to_log_is_read_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two checkpoints and what leads from one to the other; a promise, and what keeps it."""
    files = {"path": "\n".join(base64.b64encode(one).decode() for one in LEAVES[2:3])}
    for name, size in (("old", 2), ("new", 3)):
        text = str(Checkpoint("log.example/1", size, root_of(LEAVES[:size])))
        files[name] = f"{text}\n{signed_by(LOG, 'log.example/1', text)}"
        files[name] += signed_by(WITNESS, "police", text, MOMENT)
    leaf = base64.b64encode(leaf_hash(proof.Receipt.read(receipt()).entry)).decode()
    moment = MOMENT.isoformat()
    told = (proof.PROMISE, "log.example/1", "its id", leaf, moment, moment)
    text = "".join(f"{line}\n" for line in told)
    files |= {"promise": f"{text}\n{signed_by(LOG, 'us', text)}", "receipt": receipt()}
    for name, whole in files.items():
        (tmp_path / name).write_text(whole, "utf-8")
    keys = ["--log", str(LOG_KEY), "--witness", str(WITNESS_KEY)]
    keys += ["--promiser", str(Key("us", 1, LOG_KEY.public))]
    for words, code, says in (
        ("consistency old new path", 0, "All 2 entries are still there"),
        ("consistency new old path", 1, "nothing leads"),
        ("promise promise", 0, "nothing shown yet"),
        ("promise promise receipt", 0, "KEPT"),
        ("promise promise new", 1, "NOT KEPT"),
        ("promise promise new receipt", 1, "NOT KEPT"),
    ):
        command, *names = words.split()
        paths = [str(tmp_path / name) for name in names]
        assert proof.main([command, *paths, *keys]) == code, words
        out, err = capsys.readouterr()
        assert says in out + err, words
