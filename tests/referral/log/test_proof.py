"""What the stand-alone verifier lets pass and what not: published vectors, and a tree of ours."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from referral.audit import proof
from referral.audit.merkle import (
    Frontier,
    consistency_path,
    grown,
    inclusion_path,
    last_tiles,
    root_in,
    tiles_of,
)
from referral.audit.proof import (
    EMPTY,
    Checkpoint,
    Key,
    Note,
    ProofError,
    Receipt,
    check_consistency,
    check_inclusion,
    leaf_hash,
    signed_by,
)
from tests.referral.log.definition import root_of

VECTORS = Path(__file__).parent / "vectors"
KNOWN_LEAVES = [
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(str(number).encode()) for number in range(700)]
PETER = Key.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    assert len(found) == 98
    return found


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("case", vectors("inclusion"), ids=lambda case: case["_file"])
def test_inclusion_as_published(case: dict[str, Any]) -> None:
    path = [raw(one) for one in case["proof"] or ()]
    leaf, root = raw(case["leafHash"]), raw(case["root"])
    judged(case, check_inclusion, leaf, case["leafIdx"], case["treeSize"], path, root)


@pytest.mark.parametrize("case", vectors("consistency"), ids=lambda case: case["_file"])
def test_consistency_as_published(case: dict[str, Any]) -> None:
    path = [raw(one) for one in case["proof"] or ()]
    old, new = raw(case["root1"]), raw(case["root2"])
    judged(case, check_consistency, case["size1"], old, case["size2"], new, path)


def judged(case: dict[str, Any], check: Any, *asked: Any) -> None:
    if case["wantErr"]:
        with pytest.raises(ProofError):
            check(*asked)
    else:
        check(*asked)


def test_known_roots() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in KNOWN_LEAVES]
    edge = Frontier()
    for size, known in enumerate(KNOWN_ROOTS):
        assert root_of(leaves[:size]).hex() == known
        assert edge.root.hex() == known
        if size < len(leaves):
            edge.append(leaves[size])


@pytest.fixture(scope="module")
def tree() -> tuple[dict[Any, bytes], list[bytes]]:
    """Tiles of a tree grown in uneven steps, and its root at every size."""
    tiles: dict[Any, bytes] = {}
    for start, end in pairwise([0, 1, 2, 7, 255, 256, 257, 300, 511, 600, len(LEAVES)]):
        last = {tile: tiles[tile] for tile in last_tiles(start)}
        tiles |= grown(start, last, LEAVES[start:end])
    return tiles, [root_of(LEAVES[:size]) for size in range(len(LEAVES) + 1)]


def test_every_inclusion_up_to_256_holds_and_at_no_other_place(tree: Any) -> None:
    tiles, roots = tree
    for size in range(1, 257):
        path: list[bytes] = []
        for index in range(size):
            path = [root_in(tiles, one) for one in inclusion_path(index, size)]
            check_inclusion(LEAVES[index], index, size, path, roots[size])
        for wrong in ((size, size), (0, size - 1 or 2), (-1, size)):
            with pytest.raises(ProofError):
                check_inclusion(LEAVES[0], *wrong, path, roots[size])


def test_every_consistency_up_to_256_holds(tree: Any) -> None:
    tiles, roots = tree
    for new in range(1, 257):
        for old in range(1, new + 1):
            path = [root_in(tiles, one) for one in consistency_path(old, new)]
            check_consistency(old, roots[old], new, roots[new], path)


@given(st.integers(1, 700), st.data())
def test_across_tiles_too(size: int, data: st.DataObject) -> None:
    tiles = grown(0, {}, LEAVES[:size])
    root, index = root_of(LEAVES[:size]), data.draw(st.integers(0, size - 1))
    ranges = inclusion_path(index, size)
    path = [root_in({t: tiles[t] for t in tiles_of(ranges)}, one) for one in ranges]
    check_inclusion(LEAVES[index], index, size, path, root)
    ranges = consistency_path(index + 1, size)
    path = [root_in({t: tiles[t] for t in tiles_of(ranges)}, one) for one in ranges]
    check_consistency(index + 1, root_of(LEAVES[: index + 1]), size, root, path)


@given(st.integers(0, 700), st.integers(0, 700))
def test_growing_goes_on_where_it_stood(first: int, second: int) -> None:
    start, end = sorted((first, second))
    tiles = grown(0, {}, LEAVES[:start])
    tiles |= grown(start, {tile: tiles[tile] for tile in last_tiles(start)}, LEAVES[start:end])
    assert tiles == grown(0, {}, LEAVES[:end])
    edge = Frontier()
    for leaf in LEAVES[:start]:
        edge.append(leaf)
    again = Frontier(edge.size, edge.peaks)
    for leaf in LEAVES[start:end]:
        again.append(leaf)
    assert again.root == root_of(LEAVES[:end])


def test_what_does_not_fit_together_is_refused() -> None:
    for size, peaks in ((1, []), (0, [EMPTY]), (3, [EMPTY]), (1, [b"short"])):
        with pytest.raises(ValueError, match="full subtrees"):
            Frontier(size, peaks)
    with pytest.raises(ValueError, match="does not end where"):
        grown(5, {}, LEAVES[:1])
    with pytest.raises(ValueError, match="does not reach"):
        root_in({(0, 0): LEAVES[0]}, (0, 2))  # type: ignore[dict-item]
    for old, new in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="nothing leads"):
            consistency_path(old, new)
    with pytest.raises(ValueError, match="no entry 3"):
        inclusion_path(3, 3)
    with pytest.raises(ProofError, match="32 bytes"):
        check_inclusion(b"short", 0, 1, [], b"short")
    with pytest.raises(ProofError, match="nothing leads"):
        check_consistency(0, EMPTY, 1, LEAVES[0], [])


def test_the_published_note_holds_and_no_bit_of_it_may_change() -> None:
    whole = (VECTORS / "peterneumann.note").read_text("utf-8")
    note = Note.read(whole)
    assert note.check([PETER]) == {"PeterNeumann": None}
    assert str(PETER) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, signature = note.signatures[0]
    for bit in range(8 * len(note.text.encode())):
        text = bytearray(note.text.encode())
        text[bit // 8] ^= 1 << bit % 8
        altered = Note(text.decode("latin-1"), note.signatures)
        with pytest.raises(ProofError):
            altered.check([PETER])
    for bit in range(32, 8 * len(signature)):
        altered_signature = bytearray(signature)
        altered_signature[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProofError):
            Note(note.text, ((name, bytes(altered_signature)),)).check([PETER])


def test_unknown_signers_are_passed_over_and_a_known_one_must_fit() -> None:
    text = "log.example/1\n0\n" + base64.b64encode(EMPTY).decode() + "\n"
    many = "".join(signed_by(WITNESS, f"w{n}", text, MOMENT) for n in range(20))
    note = Note.read(text + "\n" + signed_by(LOG, "log.example/1", text) + many)
    log = Key("log.example/1", 1, LOG.public_key().public_bytes_raw())
    assert note.check([log, PETER]) == {"log.example/1": None}
    second = Key("w2", 4, WITNESS.public_key().public_bytes_raw())
    assert note.check([second]) == {"w2": MOMENT}
    forged = Note(note.text.replace("\n0\n", "\n9\n"), note.signatures)
    with pytest.raises(ProofError, match="does not fit"):
        forged.check([second])
    stale = Note(note.text, (("w2", second.id + b"short"),))
    with pytest.raises(ProofError, match="misshapen"):
        stale.check([second])


@pytest.mark.parametrize(
    "text",
    [
        *("", "a+b", "name+00000000+AAAA", "na me+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"),
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+!!!",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Key.read(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "text\n", "text\n\nno dash AAAAAAAA\n", "text\n\n\N{EM DASH} a+b AAAAAAAA\n"),
        *("text\n\n\N{EM DASH} name AAAA\n", "te\txt\n\n\N{EM DASH} name AAAAAAAA\n"),
        *("text\n\n\N{EM DASH} name AAAAAAAA", "text\n\n" + "\N{EM DASH} n AAAAAAAA\n" * 101),
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Note.read(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "origin\n1\n",
            "origin\n01\nAAAA\n",
            "origin\n-1\nAAAA\n",
            "origin\n1\nAAAA\n",
            "\n1\nA\n",
        ),
        "origin\n99999999999999999999\n" + base64.b64encode(EMPTY).decode() + "\n",
        "origin\n9999999999999999999\n" + base64.b64encode(EMPTY).decode() + "\n",
        "origin\n\N{ARABIC-INDIC DIGIT ONE}\n" + base64.b64encode(EMPTY).decode() + "\n",
        "origin\n1\n" + base64.b64encode(EMPTY).decode() + "\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Checkpoint.read(text)


def receipt(index: int = 3, size: int = 11) -> str:
    """A receipt as it is written down, over headers that are only numbers."""
    entries = [json.dumps({"act": "hand_off.accepted", "to": n}).encode() for n in range(size)]
    leaves = list(map(leaf_hash, entries))
    tiles = grown(0, {}, leaves)
    path = [root_in(tiles, one) for one in inclusion_path(index, size)]
    text = str(Checkpoint("log.example/1", size, root_of(leaves)))
    lines = [proof.FORM, "extra " + base64.b64encode(entries[index]).decode(), f"index {index}"]
    lines += [base64.b64encode(one).decode() for one in path]
    signatures = signed_by(LOG, "log.example/1", text) + signed_by(WITNESS, "police", text, MOMENT)
    return "\n".join(lines) + "\n\n" + text + "\n" + signatures


LOG_KEY = Key("log.example/1", 1, LOG.public_key().public_bytes_raw())
WITNESS_KEY = Key("police", 4, WITNESS.public_key().public_bytes_raw())


def test_a_receipt_holds_and_says_who_countersigned() -> None:
    proved = Receipt.read(receipt()).check(LOG_KEY, [WITNESS_KEY, LOG_KEY])
    assert (proved.index, proved.checkpoint.size) == (3, 11)
    assert json.loads(proved.entry)["to"] == 3
    assert proved.witnesses == {"police": MOMENT}


@given(st.integers(0, 2**31), st.integers(0, 7))
def test_no_bit_of_a_receipt_may_change_unnoticed(place: int, bit: int) -> None:
    """What it proves is then another thing or nothing: never the same entry elsewhere."""
    whole = receipt()
    honest = Receipt.read(whole).check(LOG_KEY, [WITNESS_KEY])
    altered = bytearray(whole.encode())
    altered[place % len(altered)] ^= 1 << bit
    try:
        found = Receipt.read(altered.decode()).check(LOG_KEY, [WITNESS_KEY])
    except (ProofError, UnicodeDecodeError):
        return
    # A bit in the name of a signer or in base64 padding makes an unknown signer or the same bytes.
    assert (found.entry, found.index, found.checkpoint) == (
        honest.entry,
        honest.index,
        honest.checkpoint,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(("index 3", "index 4"), ("index 3", "index 03"), ("index 3", "place 3")),
        *(("extra ", "extras "), (proof.FORM, "another form"), ("\n\n", "\n")),
        ("\n11\n", "\n12\n"),
    ],
)
def test_a_receipt_that_was_altered_does_not_hold(old: str, new: str) -> None:
    with pytest.raises(ProofError):
        Receipt.read(receipt().replace(old, new, 1)).check(LOG_KEY)


def test_a_receipt_of_another_log_or_signer_does_not_hold() -> None:
    elsewhere = Key("log.example/2", 1, LOG_KEY.public)
    with pytest.raises(ProofError, match="has not signed"):
        Receipt.read(receipt()).check(elsewhere)
    text = Receipt.read(receipt()).note.text
    two = Note.read(text + "\n" + signed_by(LOG, "log.example/2", text))
    with pytest.raises(ProofError, match=r"not log\.example"):
        Receipt(b"{}", 0, (), two).check(elsewhere)


def alone(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The verifier as it is handed out: one file, somewhere else, this service not importable."""
    copy = tmp_path / "proof.py"
    copy.write_text(Path(proof.__file__).read_text("utf-8"), "utf-8")
    return subprocess.run(
        [sys.executable, "-I", copy.name, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_file_alone_checks_a_receipt(tmp_path: Path) -> None:
    (tmp_path / "receipt").write_text(receipt(), "utf-8")
    key = ("--log", str(LOG_KEY), "--witness", str(WITNESS_KEY))
    good = alone(tmp_path, "receipt", "receipt", *key, "--quorum", "1")
    assert good.returncode == 0, good.stderr
    assert "entry 3" in good.stdout
    assert "Countersigned by police, 2026-03-02T12:00:00+00:00." in good.stdout
    few = alone(tmp_path, "receipt", "receipt", *key, "--quorum", "2")
    assert few.returncode == 1
    assert "only 1 of the 2 witnesses" in few.stderr
    (tmp_path / "receipt").write_text(receipt().replace("index 3", "index 5"), "utf-8")
    bad = alone(tmp_path, "receipt", "receipt", *key)
    assert bad.returncode == 1
    assert bad.stderr.startswith("DOES NOT HOLD: ")
    assert alone(tmp_path, "receipt", "nowhere", *key).returncode == 2


def test_the_file_alone_checks_that_nothing_was_lost(tmp_path: Path, tree: Any) -> None:
    tiles, roots = tree
    for name, size in (("old", 100), ("new", 300)):
        text = str(Checkpoint("log.example/1", size, roots[size]))
        whole = text + "\n" + signed_by(LOG, "log.example/1", text)
        (tmp_path / name).write_text(whole, "utf-8")
    path = [root_in(tiles, one) for one in consistency_path(100, 300)]
    (tmp_path / "path").write_text("\n".join(base64.b64encode(one).decode() for one in path))
    words = ("consistency", "old", "new", "path", "--log", str(LOG_KEY))
    good = alone(tmp_path, *words)
    assert (good.returncode, good.stdout) == (
        0,
        "All 100 entries are still there, as they were, among 300.\n",
    )
    (tmp_path / "path").write_text("")
    assert alone(tmp_path, *words).returncode == 1
    other = ("--log", str(Key("log.example/1", 1, WITNESS_KEY.public)))
    assert alone(tmp_path, *words[:-2], *other).returncode == 1
