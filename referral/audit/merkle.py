"""The tree over the log (RFC 9162 2.1): growing it, and what a proof is made of. Pure.

Positions are leaves' indexes, ranges half open. A node (level, index) is the root over the leaves
``index << level`` up to ``(index + 1) << level``. Hashes are kept in tiles of 256 at every eighth
level (C2SP tlog-tiles): level 0 leaves, each next level the roots of full tiles; whatever lies
between is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from referral.audit.proof import EMPTY, HASH, node_hash

WIDTH = 256  # hashes in a full tile
_HEIGHT = 8  # levels a tile spans
Range = tuple[int, int]


class Frontier:
    """The right edge of a growing tree: its size, and the roots of its full subtrees, left to right.

    It is all that is needed to go on and to say the root: at most one hash per bit of the size.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Begin where an earlier one stood; raises ValueError when the two do not fit."""
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count() or any(len(one) != HASH for one in self.peaks):
            message = f"a tree of {size} leaves has {size.bit_count()} full subtrees"
            raise ValueError(message)

    def append(self, leaf: bytes) -> None:
        """One leaf hash more."""
        grown = self.size
        while grown & 1:
            leaf, grown = node_hash(self.peaks.pop(), leaf), grown >> 1
        self.peaks.append(leaf)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _folded(self.peaks)


def _folded(peaks: list[bytes]) -> bytes:
    if not peaks:
        return EMPTY
    *rest, root = peaks
    for peak in reversed(rest):
        root = node_hash(peak, root)
    return root


def inclusion_path(index: int, size: int) -> list[Range]:
    """The ranges whose roots prove a leaf's inclusion, from its sibling up (RFC 9162 2.1.3.1).

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < size:
        message = f"there is no entry {index} in a log of {size}"
        raise ValueError(message)
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> list[Range]:
    """The ranges whose roots prove that a tree of ``new`` begins with that of ``old`` (2.1.4.1).

    Raises ValueError unless 1 <= old <= new.
    """
    if not 1 <= old <= new:
        message = f"nothing leads from a log of {old} entries to one of {new}"
        raise ValueError(message)
    path: list[Range] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


def _split(length: int) -> int:
    """The largest power of two below a length of two or more."""
    return 1 << ((length - 1).bit_length() - 1)


class Tile(NamedTuple):
    """Where a tile stands: ``level`` 0 holds leaves, 1 roots over 256 leaves, and so on."""

    level: int
    number: int


def tiles_of(ranges: Iterable[Range]) -> set[Tile]:
    """The tiles that hold what these ranges' roots are made of."""
    return {_tile_of(level, index)[0] for one in ranges for level, index in _nodes(one)}


def root_in(tiles: Mapping[Tile, bytes], of: Range) -> bytes:
    """The root over a range, from tiles; raises KeyError when one is missing, ValueError if short."""
    return _folded([_node(tiles, level, index) for level, index in _nodes(of)])


def _nodes(of: Range) -> Iterator[tuple[int, int]]:
    """The full subtrees a range is made of, left to right: the largest first."""
    start, end = of
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _tile_of(level: int, index: int) -> tuple[Tile, int, int]:
    """The tile below a node, the first of its hashes that the node covers, and how many."""
    kept, above = divmod(level, _HEIGHT)
    first = index << above
    return Tile(kept, first // WIDTH), first % WIDTH, 1 << above


def _node(tiles: Mapping[Tile, bytes], level: int, index: int) -> bytes:
    tile, first, count = _tile_of(level, index)
    hashes = tiles[tile][first * HASH : (first + count) * HASH]
    if len(hashes) != count * HASH:
        message = f"tile {tile.level}/{tile.number} does not reach so far"
        raise ValueError(message)
    return _top(hashes)


def _top(hashes: bytes) -> bytes:
    """The root over a power of two of hashes, written one after the other."""
    row = [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def last_tiles(size: int) -> list[Tile]:
    """The tiles a tree of this size still fills, one a level; none that is full or empty."""
    found: list[Tile] = []
    level = 0
    while size:
        if size % WIDTH:
            found.append(Tile(level, size // WIDTH))
        size, level = size // WIDTH, level + 1
    return found


def grown(size: int, last: Mapping[Tile, bytes], leaves: Iterable[bytes]) -> dict[Tile, bytes]:
    """Tiles that change when leaf hashes are added to a tree of ``size``.

    ``last`` are the tiles of ``last_tiles(size)``. Full ones in the answer never change again.
    """
    changed: dict[Tile, bytearray] = {}

    def put(level: int, index: int, one: bytes) -> None:
        tile = Tile(level, index // WIDTH)
        if tile not in changed:
            changed[tile] = bytearray(last.get(tile, b""))
        hashes = changed[tile]
        if len(hashes) != index % WIDTH * HASH:
            message = f"tile {level}/{tile.number} does not end where the log does"
            raise ValueError(message)
        hashes += one
        if len(hashes) == WIDTH * HASH:
            put(level + 1, tile.number, _top(bytes(hashes)))

    for index, leaf in enumerate(leaves, start=size):
        put(0, index, leaf)
    return {tile: bytes(hashes) for tile, hashes in changed.items()}
