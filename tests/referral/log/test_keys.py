"""Private keys as they are kept, and what of a verification is written down."""

from __future__ import annotations

import base64
from typing import Literal

import pytest

from referral.audit.findings import Findings
from referral.audit.key_files import SigningKey
from referral.audit.proof import Note, ProofError
from tests.referral.log.test_when_to_sign import NOW


@pytest.mark.parametrize("kind", [1, 4])
def test_a_key_reads_as_it_was_written_and_never_shows_itself(kind: Literal[1, 4]) -> None:
    key = SigningKey.new("labour", kind)
    again = SigningKey.read(key.written())
    assert (again.name, again.kind, again.key) == ("labour", kind, key.key)
    assert SigningKey.read(key.written().strip()).key == key.key
    assert repr(key) == "SigningKey('labour')"
    line = key.sign("text\n") if kind == 1 else key.cosign("text\n", NOW)
    assert Note.read(f"text\n\n{line}").check([key.key]) == {"labour": None if kind == 1 else NOW}


def written(raw: bytes, *, prefix: str = "PRIVATE+KEY+", told: str | None = None) -> str:
    """A key file's line with this inside."""
    good = SigningKey.new("labour", 1)
    material = base64.b64encode(raw).decode()
    return f"{prefix}labour+{told or good.key.id.hex()}+{material}\n"


@pytest.mark.parametrize(
    "text",
    [
        *("", "PRIVATE+KEY+", "PRIVATE+KEY+labour+00000000+!!!", "labour+00000000+AAAA"),
        *(written(bytes([1]) * 32), written(bytes([1]) * 34)),
        *(written(bytes([2]) * 33), written(bytes([0]) + bytes(32))),
        written(bytes([1]) * 33, prefix=""),
    ],
    ids=[
        *("nothing", "prefix-alone", "no-base64", "no-prefix"),
        *("no-type", "too-long", "unknown-type", "type-zero", "public-form"),
    ],
)
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(ProofError, match="no private key"):
        SigningKey.read(text)


def test_a_private_key_that_was_altered_is_refused() -> None:
    with pytest.raises(ProofError, match="was altered"):
        SigningKey.read(written(bytes([1]) * 33, told="00000000"))
    with pytest.raises(ProofError, match="no private key"):
        SigningKey.read(SigningKey.new("labour", 1).written()[:-1] + "!\n")


def test_a_name_that_cannot_be_one_makes_no_key() -> None:
    with pytest.raises(ProofError):
        SigningKey.new("two words", 1)


def test_a_thousand_problems_are_listed_and_the_rest_is_counted() -> None:
    findings = Findings()
    assert (findings.entries, findings.streams, findings.effects, findings.more) == (0, 0, 0, 0)
    assert (findings.placed, findings.signed, findings.final) == (0, 0, 0)
    for number in range(1000):
        findings.found("here", str(number))
    assert (len(findings.problems), findings.more) == (1000, 0)
    for _ in range(2):
        findings.found("here", "one more")
    assert (len(findings.problems), findings.more) == (1000, 2)
    assert findings.problems[-1].what == "999"


def test_what_several_readers_found_is_added_up() -> None:
    whole, part = Findings(entries=5, streams=2, placed=3), Findings(entries=7, streams=4, placed=6)
    part.found("there", "wrong")
    whole.more, part.more = 2, 3
    whole.add(part)
    assert (whole.entries, whole.streams, whole.placed, whole.more) == (12, 6, 9, 5)
    assert [one.where for one in whole.problems] == ["there"]
