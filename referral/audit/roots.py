"""The trees over the log: do they lead to every root that was ever signed?

From the leaves ``chains`` has laid down, each tree is made anew; on the way its root is compared
with every checkpoint of that size, those kept here and those somebody brings along, and its tiles
with those kept for proofs. Whoever brings an old checkpoint (a witness, a receipt, paper) needs to
believe nothing that stands here: a log that was cut, changed, reordered or rewritten since leads to
another root, whoever signed it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from referral.audit.chains import Leaves
from referral.audit.findings import Findings
from referral.audit.merkle import WIDTH, Frontier, Tile, grown
from referral.audit.proof import HASH, Checkpoint, Key, Note, ProofError

_SIZES: Final = """
SELECT epoch, count(*) AS placed, max(position) + 1 AS size FROM log.position GROUP BY epoch
"""
_EPOCHS: Final = "SELECT epoch, origin, signer, entry_id FROM log.epoch ORDER BY epoch"
_CHECKPOINTS: Final = """
SELECT size, root, note FROM log.checkpoint WHERE epoch = $1 ORDER BY size
"""
_COSIGNATURES: Final = """
SELECT c.size, c.witness AS name, c.line, c.signed_at, k.note, w.key FROM log.cosignature c
    LEFT JOIN log.checkpoint k USING (epoch, size) LEFT JOIN log.witness w ON w.name = c.witness
WHERE c.epoch = $1 ORDER BY size
"""
_TILES: Final = "SELECT level, number, hashes FROM log.tile WHERE epoch = $1 ORDER BY level, number"
_STRAYS: Final = """
SELECT DISTINCT 'tile' AS what, epoch FROM log.tile UNION SELECT 'checkpoint', epoch FROM log.checkpoint
UNION SELECT 'cosignature', epoch FROM log.cosignature UNION SELECT 'position', epoch FROM log.position
EXCEPT SELECT what, epoch FROM log.epoch, unnest(ARRAY['tile', 'checkpoint', 'cosignature', 'position']) AS what
"""
# Of the opening entry of an epoch it is known that it comes first; else placing is by (xid, id),
# so what has no place is younger than everything that has one.
_PASSED_OVER: Final = """
SELECT e.id FROM referral.audit_entry e, (
    SELECT x.xid, x.id FROM log.position p JOIN referral.audit_entry x ON x.id = p.entry_id
    WHERE NOT EXISTS (SELECT FROM log.epoch o WHERE o.entry_id = x.id) ORDER BY x.xid DESC, x.id DESC LIMIT 1
) last WHERE (e.xid, e.id) < (last.xid, last.id)
    AND NOT EXISTS (SELECT FROM log.position p WHERE p.entry_id = e.id)
LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What somebody brings along and believes, instead of what the database says of itself."""

    log: tuple[Key, ...] = ()  # keys of the log: with these, others' signatures count for nothing
    witnesses: tuple[Key, ...] = ()
    checkpoints: tuple[Note, ...] = ()  # seen earlier, elsewhere
    quorum: int = 2
    custodians: tuple[Key, ...] = ()  # two of them sign what a later epoch begins with


@dataclass(slots=True)
class _Tree:
    """One epoch while its tree grows: roots that are wanted, by size."""

    epoch: int
    origin: str
    key: Key | None
    size: int
    wanted: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)  # where, root

    def want(self, where: str, size: int, root: bytes) -> None:
        self.wanted.setdefault(size, []).append((where, root))


async def sizes_of(connection: asyncpg.Connection, findings: Findings) -> dict[int, int]:
    """Entries of each epoch's tree; a gap is a finding."""
    sizes: dict[int, int] = {}
    for row in await connection.fetch(_SIZES):
        sizes[row["epoch"]] = row["size"]
        if row["placed"] != row["size"]:
            findings.found(
                f"tree {row['epoch']}",
                f"{row['size'] - row['placed']} of its {row['size']} places are empty",
            )
    return sizes


async def check_trees(
    connection: asyncpg.Connection, leaves: Leaves, findings: Findings, trusted: Trusted
) -> None:
    """Every tree against every root that is known of it."""
    trees = [_tree(row, leaves, findings, trusted) for row in await connection.fetch(_EPOCHS)]
    for row in await connection.fetch(_STRAYS):
        findings.found(f"tree {row['epoch']}", f"it has a {row['what']}, and was never begun")
    for row in await connection.fetch(_PASSED_OVER):
        findings.found(
            f"entry {row['id']}",
            "it has no place in the tree, and younger ones have: it was slipped in",
        )
    for note in trusted.checkpoints:
        _brought(note, trees, trusted, findings)
    for tree in trees:
        for row in await connection.fetch(_CHECKPOINTS, tree.epoch):
            _kept(row, tree, findings)
        for row in await connection.fetch(_COSIGNATURES, tree.epoch):
            _cosigned(row, tree, trusted, findings)
        tiles = {
            Tile(row["level"], row["number"]): bytes(row["hashes"])
            for row in await connection.fetch(_TILES, tree.epoch)
        }
        _grow(tree, leaves, tiles, findings)
    findings.final = await _final(connection, trusted)


def _tree(row: Any, leaves: Leaves, findings: Findings, trusted: Trusted) -> _Tree:
    key = None
    try:
        key = Key.read(row["signer"])
    except ProofError as problem:
        findings.found(f"tree {row['epoch']}", f"the key of its signer: {problem}")
    if trusted.log:
        key = next((one for one in trusted.log if one.name == row["origin"]), None)
        if key is None:
            findings.found(
                f"tree {row['epoch']}", f"it calls itself {row['origin']}, which is not trusted"
            )
    return _Tree(row["epoch"], row["origin"], key, leaves.sizes.get(row["epoch"], 0))


def _signed(note: Note, tree: _Tree) -> Checkpoint:
    """What a note says, signed by the tree's key; raises ProofError."""
    if tree.key is None or tree.key.name not in note.check([tree.key]):
        raise ProofError(f"{tree.origin} has not signed it")
    checkpoint = Checkpoint.read(note.text)
    if checkpoint.origin != tree.origin:
        raise ProofError(f"it speaks of {checkpoint.origin}")
    return checkpoint


def _brought(note: Note, trees: Iterable[_Tree], trusted: Trusted, findings: Findings) -> None:
    origin = note.text.partition("\n")[0]
    where = f"the checkpoint of {origin} that was brought along"
    tree = next((one for one in trees if one.origin == origin), None)
    if tree is None:
        findings.found(where, "no tree here has that name: this is another log, or one begun anew")
        return
    try:
        checkpoint = _signed(note, tree)
        note.check(trusted.witnesses)
    except ProofError as problem:
        findings.found(where, str(problem))
        return
    tree.want(where, checkpoint.size, checkpoint.root)


def _kept(row: Any, tree: _Tree, findings: Findings) -> None:
    where = f"checkpoint {tree.epoch}/{row['size']}"
    try:
        checkpoint = _signed(Note.read(row["note"]), tree)
    except ProofError as problem:
        findings.found(where, str(problem))
        return
    if (checkpoint.size, checkpoint.root) != (row["size"], bytes(row["root"])):
        findings.found(where, "its columns say another thing than what was signed")
    tree.want(where, checkpoint.size, checkpoint.root)
    findings.signed = max(findings.signed, checkpoint.size)


def _cosigned(row: Any, tree: _Tree, trusted: Trusted, findings: Findings) -> None:
    where = f"cosignature {tree.epoch}/{row['size']} of {row['name']}"
    if row["note"] is None or row["key"] is None:
        findings.found(where, "what it countersigned, or who did, is no longer here")
        return
    try:
        key = Key.read(row["key"])
        if trusted.witnesses:
            key = next((one for one in trusted.witnesses if one.name == row["name"]), key)
        signers = Note.read(row["note"] + row["line"]).check([key])
    except ProofError as problem:
        findings.found(where, str(problem))
        return
    if signers.get(row["name"]) != row["signed_at"]:
        findings.found(where, "it is not that witness's, or of another moment")


def _grow(tree: _Tree, leaves: Leaves, kept: Mapping[Tile, bytes], findings: Findings) -> None:
    """Make the tree anew, a tile at a time, and compare on the way."""
    edge, growing, seen = Frontier(), dict[Tile, bytes](), set[Tile]()
    _compare(tree, edge, findings)
    for row in _rows(tree, leaves):
        growing |= grown(edge.size, growing, row)
        for leaf in row:
            edge.append(leaf)
            if edge.size in tree.wanted:
                _compare(tree, edge, findings)
        full = {tile for tile, hashes in growing.items() if len(hashes) == WIDTH * HASH}
        seen |= _same(tree, kept, {tile: growing.pop(tile) for tile in full}, findings)
    seen |= _same(tree, kept, growing, findings)
    for tile in sorted(set(kept) - seen):
        findings.found(_place(tree, tile), "it belongs to no entries of this tree")
    for size in sorted(size for size in tree.wanted if size > tree.size):
        for where, _ in tree.wanted[size]:
            findings.found(
                where, f"it was signed over {size} entries, {tree.size} are here: the tail was cut"
            )


def _same(
    tree: _Tree, kept: Mapping[Tile, bytes], made: Mapping[Tile, bytes], findings: Findings
) -> set[Tile]:
    """Are these tiles kept as they must be? Whoever asks for a proof is answered from them."""
    for tile, hashes in made.items():
        if kept.get(tile) != hashes:
            findings.found(
                _place(tree, tile), "it is missing or does not hold what the entries are"
            )
    return set(made)


def _place(tree: _Tree, tile: Tile) -> str:
    return f"tile {tree.epoch}/{tile.level}/{tile.number}"


def _rows(tree: _Tree, leaves: Leaves) -> Iterator[Sequence[bytes]]:
    begin = leaves.begins.get(tree.epoch, 0)
    for first in range(begin, begin + tree.size, WIDTH):
        last = min(first + WIDTH, begin + tree.size)
        yield [bytes(leaves.room[at * HASH : (at + 1) * HASH]) for at in range(first, last)]


def _compare(tree: _Tree, edge: Frontier, findings: Findings) -> None:
    for where, root in tree.wanted.get(edge.size, ()):
        if root != edge.root:
            findings.found(
                where,
                f"the first {edge.size} entries no longer lead to its root: one of them was changed, "
                "removed, inserted or moved since",
            )


_FINAL: Final = """
SELECT coalesce(max(size), 0) FROM (
    SELECT size FROM log.cosignature WHERE epoch = (SELECT max(epoch) FROM log.epoch)
    GROUP BY size HAVING count(*) >= $1
) final
"""


async def _final(connection: asyncpg.Connection, trusted: Trusted) -> int:
    found: int = await connection.fetchval(_FINAL, trusted.quorum)
    return found
