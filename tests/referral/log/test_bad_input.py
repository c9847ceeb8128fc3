"""What is no proof, to the verifier as it is handed out: refused with its reason, never a fault."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from referral.audit.merkle import Frontier, Tile, consistency_path, grown, root_in
from referral.audit.proof import (
    EMPTY,
    Checkpoint,
    Key,
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
    signed_by,
)
from tests.referral.log.test_proof import LOG, LOG_KEY, WITNESS_KEY, alone, receipt

LEAVES = [leaf_hash(str(number).encode()) for number in range(12)]
SHORT, LONG = bytes(31), bytes(33)


def tiles() -> dict[Tile, bytes]:
    """The tree over all of them."""
    return grown(0, {}, LEAVES)


def root(size: int) -> bytes:
    """Of the first so many."""
    edge = Frontier()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    return edge.root


def path(old: int, new: int) -> list[bytes]:
    """What leads from one to the other."""
    return [root_in(tiles(), one) for one in consistency_path(old, new)]


def signed(size: int, its: bytes) -> str:
    """A checkpoint as the log signs it."""
    text = str(Checkpoint(LOG_KEY.name, size, its))
    return f"{text}\n{signed_by(LOG, LOG_KEY.name, text)}"


@pytest.mark.parametrize("wrong", [b"", SHORT, LONG])
@pytest.mark.parametrize("place", ["old root", "new root", "path"])
@pytest.mark.parametrize("sizes", [(7, 12), (12, 12)])
def test_a_hash_of_another_length_is_none(wrong: bytes, place: str, sizes: tuple[int, int]) -> None:
    old, new = sizes
    roots = {"old root": root(old), "new root": root(new)}
    way = path(old, new) if old < new else []
    if place == "path":
        way = [wrong, *way[1:]]
    else:
        roots[place] = wrong
    with pytest.raises(ProofError, match="32 bytes" if old < new else "not the same"):
        check_consistency(old, roots["old root"], new, roots["new root"], way)


@pytest.mark.parametrize("wrong", [b"", SHORT, LONG])
def test_a_root_of_another_length_is_in_no_checkpoint(wrong: bytes) -> None:
    """So that two of them are never compared, as the published vectors would allow."""
    text = f"log.example.org/1\n5\n{base64.b64encode(wrong).decode()}\n"
    with pytest.raises(ProofError):
        Checkpoint.read(text)


@pytest.mark.parametrize("way", [[SHORT], [LEAVES[0], LONG], [b""]])
def test_an_entry_is_not_in_the_log_by_such_a_hash(way: list[bytes]) -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        check_inclusion(LEAVES[0], 0, 3, way, root(3))


WAY = [base64.b64encode(one).decode() for one in path(7, 12)]
FILES = {
    "a hash too short": (7, 12, [base64.b64encode(SHORT).decode(), *WAY[1:]], "32 bytes"),
    "a hash too long": (7, 12, [*WAY[:-1], base64.b64encode(LONG).decode()], "32 bytes"),
    "no base64": (7, 12, ["a hash", *WAY[1:]], "base64"),
    "one hash too many": (7, 12, [*WAY, WAY[0]], "longer than the tree is high"),
    "one hash too few": (7, 12, WAY[:-1], "shorter than the tree is high"),
    "no hash at all": (7, 12, [], "the proof is empty"),
    "two hashes exchanged": (7, 12, [WAY[1], WAY[0], *WAY[2:]], "no longer there"),
    "from nothing": (0, 12, [], "nothing leads from a log of 0"),
    "from nothing to nothing": (0, 0, [], "nothing leads from a log of 0"),
    "from the future": (12, 7, WAY, "nothing leads from a log of 12"),
    "a hash where nothing was added": (7, 7, WAY[:1], "not the same"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_file_alone_refuses_what_leads_nowhere(tmp_path: Path, name: str) -> None:
    old, new, way, said = FILES[name]
    (tmp_path / "old").write_text(signed(old, root(old) if old else EMPTY), "utf-8")
    (tmp_path / "new").write_text(signed(new, root(new) if new else EMPTY), "utf-8")
    (tmp_path / "path").write_text("".join(f"{one}\n" for one in way), "utf-8")
    found = alone(tmp_path, "consistency", "old", "new", "path", "--log", str(LOG_KEY))
    assert found.returncode == 1, found.stderr
    assert found.stderr.startswith("DOES NOT HOLD: ")
    assert said in found.stderr


def test_a_key_nobody_here_knows_proves_nothing(tmp_path: Path) -> None:
    """Another name, another key of that name, a witness's key for the log's, no key at all."""
    (tmp_path / "receipt").write_text(receipt(), "utf-8")
    for key, code, said in (
        (str(Key("elsewhere/1", 1, LOG_KEY.public)), 1, "elsewhere/1 has not signed"),
        (str(Key(LOG_KEY.name, 1, WITNESS_KEY.public)), 1, "has not signed"),
        (str(WITNESS_KEY), 1, "this is the log"),
        ("log.example/1", 1, "no Ed25519 verifier key"),
        (f"{LOG_KEY}x", 1, "base64"),
    ):
        found = alone(tmp_path, "receipt", "receipt", "--log", key)
        assert (found.returncode, said in found.stderr) == (code, True), (key, found.stderr)
    stranger = str(Key("army", 4, WITNESS_KEY.public))
    known = ("receipt", "receipt", "--log", str(LOG_KEY), "--witness", stranger)
    assert alone(tmp_path, *known).returncode == 0, "a witness who has not signed is passed over"
    few = alone(tmp_path, *known, "--quorum", "1")
    assert (few.returncode, "only 0 of the 1" in few.stderr) == (1, True)
