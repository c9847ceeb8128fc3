"""What is said of a tree, its checkpoints, cosignatures and tiles: exactly what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from referral.audit import roots
from referral.audit.chains import Leaves
from referral.audit.findings import Findings
from referral.audit.key_files import SigningKey
from referral.audit.merkle import Tile, grown
from referral.audit.proof import EMPTY, Checkpoint, Note, leaf_hash
from referral.audit.roots import Trusted
from tests.referral.log.definition import root_of
from tests.referral.log.test_when_to_sign import A_MOMENT, NOW

ORIGIN = "log.example/1"
LOG, OTHER, POLICE = (
    SigningKey.new(ORIGIN, 1),
    SigningKey.new(ORIGIN, 1),
    SigningKey.new("police", 4),
)
ENTRIES = [leaf_hash(str(number).encode()) for number in range(600)]


def leaves(size: int, begin: int = 0) -> Leaves:
    """Of one tree, with something else before it."""
    return Leaves(bytes(32 * begin) + b"".join(ENTRIES[:size]), {1: begin}, {1: size})


def told(findings: Findings) -> list[str]:
    """Where and what."""
    return [f"{one.where}: {one.what}" for one in findings.problems]


def tree(size: int = 3, **more: Any) -> roots._Tree:
    """Of the log."""
    made = roots._Tree(1, ORIGIN, LOG.key, size)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def note(size: int, by: SigningKey = LOG, origin: str = ORIGIN, root: bytes | None = None) -> str:
    """A checkpoint, signed."""
    text = str(Checkpoint(origin, size, root_of(ENTRIES[:size]) if root is None else root))
    return f"{text}\n{by.sign(text)}"


@pytest.mark.parametrize("begin", [0, 5])
@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 600])
def test_an_honest_tree_has_nothing_wrong(size: int, begin: int) -> None:
    findings, one = Findings(), tree(size)
    for wanted in {0, 1, 255, 256, 257, size} & set(range(size + 1)):
        one.want("here", wanted, root_of(ENTRIES[:wanted]))
    roots._grow(one, leaves(size, begin), grown(0, {}, ENTRIES[:size]), findings)
    assert told(findings) == []


@pytest.mark.parametrize("size", [0, 1, 256, 599, 600])
def test_a_root_that_was_signed_and_does_not_follow_is_told(size: int) -> None:
    findings, one = Findings(), tree(600)
    one.want("checkpoint", size, bytes(32))
    one.want("the other", size, root_of(ENTRIES[:size]))
    roots._grow(one, leaves(600), grown(0, {}, ENTRIES[:600]), findings)
    [problem] = told(findings)
    assert problem.startswith(f"checkpoint: the first {size} entries no longer lead to its root")


def test_a_tail_that_was_cut_is_told_for_everything_signed_over_it() -> None:
    findings, one = Findings(), tree(3)
    for size in (5, 4, 3):
        one.want(f"at {size}", size, root_of(ENTRIES[:size]))
    roots._grow(one, leaves(3), grown(0, {}, ENTRIES[:3]), findings)
    assert told(findings) == [
        f"at {size}: it was signed over {size} entries, 3 are here: the tail was cut"
        for size in (4, 5)
    ]


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 2), Tile(1, 0)])
def test_a_tile_that_is_missing_changed_or_too_much_is_named(tile: Tile) -> None:
    kept = grown(0, {}, ENTRIES[:600])
    where = f"tile 1/{tile.level}/{tile.number}"
    missing = {name: hashes for name, hashes in kept.items() if name != tile}
    for these in (missing, kept | {tile: kept[tile][:-1] + b"!"}):
        findings = Findings()
        roots._grow(tree(600), leaves(600), these, findings)
        assert told(findings) == [f"{where}: it is missing or does not hold what the entries are"]
    findings = Findings()
    roots._grow(tree(600), leaves(600), kept | {Tile(0, 3): b"x", Tile(2, 0): b"x"}, findings)
    assert told(findings) == [
        f"tile 1/{name}: it belongs to no entries of this tree" for name in ("0/3", "2/0")
    ]


def kept(**more: Any) -> tuple[list[str], roots._Tree, int]:
    """What is said of a checkpoint's row; the tree it is wanted of, and how far that is signed."""
    findings, one = Findings(signed=2), tree()
    row = {"size": 3, "root": root_of(ENTRIES[:3]), "note": note(3)}
    roots._kept(row | more, one, findings)
    return told(findings), one, findings.signed


def test_a_checkpoint_that_was_kept_is_wanted_of_the_tree() -> None:
    said, one, signed = kept()
    assert (said, signed) == ([], 3)
    assert one.wanted == {3: [("checkpoint 1/3", root_of(ENTRIES[:3]))]}
    [columns], one, _ = kept(root=EMPTY)
    assert columns == "checkpoint 1/3: its columns say another thing than what was signed"
    assert set(one.wanted) == {3}
    [columns], one, signed = kept(size=2)
    assert "its columns say another thing" in columns
    assert (set(one.wanted), signed) == ({3}, 3)
    _, _, signed = kept(note=note(1), size=1, root=root_of(ENTRIES[:1]))
    assert signed == 2


def test_a_checkpoint_signed_by_nobody_of_ours_is_told_and_not_wanted() -> None:
    for one, words in (
        (note(3, OTHER), "has not signed it"),
        (note(3, LOG, "log.example/2"), "it speaks of log.example/2"),
        (note(3).replace("\n3\n", "\n4\n"), "does not fit"),
        ("no note", "no signed note"),
    ):
        [problem], of, signed = kept(note=one)
        assert words in problem
        assert (of.wanted, signed) == ({}, 2)
    findings, nobodys = Findings(), tree(key=None)
    roots._kept({"size": 3, "root": b"", "note": note(3)}, nobodys, findings)
    assert "has not signed it" in told(findings)[0]


def brought(whole: str, *witnesses: SigningKey) -> tuple[list[str], roots._Tree]:
    """What is said of a checkpoint somebody brings along."""
    findings, one = Findings(), tree()
    trusted = Trusted(witnesses=tuple(key.key for key in witnesses))
    trees = [roots._Tree(1, "log.example/0", None, 9), one]
    roots._brought(Note.read(whole), trees, trusted, findings)
    return told(findings), one


def test_a_checkpoint_that_is_brought_along_is_wanted_when_it_is_ours() -> None:
    where = f"the checkpoint of {ORIGIN} that was brought along"
    said, one = brought(note(7))
    assert (said, one.wanted) == ([], {7: [(where, root_of(ENTRIES[:7]))]})
    text = note(7).partition("\n\n")[0] + "\n"
    assert brought(note(7) + POLICE.cosign(text, NOW), POLICE)[0] == []
    for whole, words in (
        (note(7, OTHER), "has not signed it"),
        (note(7, LOG, "log.example/9"), "no tree here has that name"),
        (note(7) + POLICE.cosign(text + "!", NOW), "signature of police does not fit"),
    ):
        [problem], one = brought(whole, POLICE)
        assert words in problem
        assert one.wanted == {}


def cosigned(trusted: Trusted = Trusted(), **more: Any) -> list[str]:  # noqa: B008 - frozen
    """What is said of a cosignature's row."""
    findings = Findings()
    text = note(3).partition("\n\n")[0] + "\n"
    row = {"size": 3, "name": "police", "line": POLICE.cosign(text, NOW), "signed_at": NOW}
    row |= {"note": note(3), "key": str(POLICE.key)}
    roots._cosigned(row | more, tree(), trusted, findings)
    return told(findings)


def test_a_cosignature_is_its_witnesses_and_of_its_moment() -> None:
    assert cosigned() == []
    gone = "cosignature 1/3 of police: what it countersigned, or who did, is no longer here"
    assert cosigned(note=None) == [gone]
    assert cosigned(key=None) == [gone]
    other = "it is not that witness's, or of another moment"
    assert other in cosigned(signed_at=NOW + A_MOMENT)[0]
    false = SigningKey.new("police", 4)
    assert other in cosigned(key=str(false.key))[0]
    assert "no Ed25519 verifier key" in cosigned(key="no key")[0]
    assert other in cosigned(Trusted(witnesses=(false.key,)))[0]
    assert cosigned(Trusted(witnesses=(false.key,)), name="labour") != []
    stranger = SigningKey.new("labour", 4)
    assert cosigned(Trusted(witnesses=(stranger.key,))) == []
    assert cosigned(Trusted(witnesses=(stranger.key, POLICE.key)), key=str(false.key)) == []


def test_whose_tree_it_is_says_who_brings_the_key_or_else_the_database() -> None:
    findings = Findings()
    row = {"epoch": 1, "origin": ORIGIN, "signer": str(LOG.key)}
    one = roots._tree(row, leaves(3), findings, Trusted())
    assert (one.epoch, one.origin, one.key, one.size) == (1, ORIGIN, LOG.key, 3)
    assert roots._tree(row | {"epoch": 2}, leaves(3), findings, Trusted()).size == 0
    trusted = Trusted(log=(SigningKey.new("elsewhere", 1).key, OTHER.key))
    assert roots._tree(row, leaves(3), findings, trusted).key == OTHER.key
    assert told(findings) == []
    alone = Trusted(log=trusted.log[:1])
    assert roots._tree(row, leaves(3), findings, alone).key is None
    assert told(findings) == [f"tree 1: it calls itself {ORIGIN}, which is not trusted"]
    findings = Findings()
    assert roots._tree(row | {"signer": "x"}, leaves(3), findings, Trusted()).key is None
    assert told(findings)[0].startswith("tree 1: the key of its signer: ")
    assert Trusted().quorum == 2
