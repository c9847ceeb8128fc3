"""Proofs about the log, checked by anybody: no server, no network, nothing but Python.

This one file is also handed out: with a receipt, the log's key and `pip install cryptography` it
answers years later whether an entry is in the log, and whether a later checkpoint still contains
everything an earlier one did. The service checks with the same functions. It must never import
anything of the service.

    python proof.py receipt FILE --log KEY [--witness KEY]... [--quorum N]
    python proof.py consistency OLD NEW PROOF --log KEY

Sources: RFC 9162 (Merkle trees; the hashing is that of RFC 6962), C2SP signed-note,
tlog-checkpoint, tlog-cosignature and tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HASH = 32  # bytes of a SHA-256
EMPTY = hashlib.sha256(b"").digest()  # root of a tree without leaves
FORM = "c2sp.org/tlog-proof@v1"
_SIGNS, _COSIGNS = 1, 4  # signature types of C2SP signed-note: Ed25519, timestamped cosignature
_ID = 4  # bytes of a key id
_SIGNATURES = 100  # a note with more of them is not looked at
_LARGEST = 2**63 - 1


class ProofError(Exception):
    """It does not hold, and why."""


# Hashes and the two proofs -----------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256 of a zero byte and the entry's bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, straight from the definition (RFC 9162 2.1.1): slow, for checking."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """The leaf hash stands at ``index`` of the tree of ``size`` with ``root`` (RFC 9162 2.1.3.2).

    Raises ProofError.
    """
    _all_hashes([leaf, root, *path])
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    found = leaf
    for sibling, left in _climb(index, size - 1, path):
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
    if found != root:
        raise ProofError("the entry is not in this log: the proof leads to another root")


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """The tree of ``new`` begins with the whole tree of ``old`` (RFC 9162 2.1.4.2).

    Raises ProofError. From nothing, everything would follow: ``old`` is at least 1.
    """
    if not 1 <= old <= new:
        raise ProofError(f"nothing leads from a log of {old} entries to one of {new}")
    if old == new:
        if path or old_root != new_root:
            raise ProofError("two logs of one size, and they are not the same")
        return
    _all_hashes([old_root, new_root, *path])
    full = (old & -old).bit_length() - 1  # levels of the last full subtree of the old tree
    place, last = (old - 1) >> full, (new - 1) >> full
    if place and not path:
        raise ProofError("the proof is empty")
    was = is_now = path[0] if place else old_root
    for sibling, left in _climb(place, last, path[1:] if place else path):
        was = node_hash(sibling, was) if left else was
        is_now = node_hash(sibling, is_now) if left else node_hash(is_now, sibling)
    if was != old_root:
        raise ProofError("what was there before is no longer there: the old root does not follow")
    if is_now != new_root:
        raise ProofError("the proof leads to another new root")


def _climb(place: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each sibling on the way up, and whether it stands to the left; raises ProofError."""
    for sibling in path:
        if last == 0:
            raise ProofError("the proof is longer than the tree is high")
        left = bool(place & 1) or place == last
        while left and place and not place & 1:  # no right neighbour here: up to where there is
            place, last = place >> 1, last >> 1
        yield sibling, left
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the proof is shorter than the tree is high")


def _all_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH for one in hashes):
        raise ProofError(f"a hash is not {HASH} bytes long")


# Signed notes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """A verifier key, as people pass it on: ``name+id+base64(type and 32 bytes)``."""

    name: str
    kind: int  # 1 signs a note, 4 countersigns one with its time
    public: bytes

    @classmethod
    def read(cls, text: str) -> Key:
        """Raises ProofError when it is no key, or its id is not its own."""
        name, _, rest = text.strip().partition("+")
        told, _, material = rest.partition("+")
        raw = _bytes_of(material)
        if len(raw) != 1 + HASH or raw[0] not in {_SIGNS, _COSIGNS} or not _is_name(name):
            raise ProofError("this is no Ed25519 verifier key (name+id+base64)")
        key = cls(name, raw[0], raw[1:])
        if told != key.id.hex():
            raise ProofError(f"the key of {name} was mistyped or altered: its id is {key.id.hex()}")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        told = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(told).digest()[:_ID]

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"

    def check(self, text: str, signature: bytes) -> datetime | None:
        """When it says it signed (cosignatures only); raises ProofError if it did not sign."""
        signed, moment = text.encode(), None
        if self.kind == _COSIGNS:
            seconds = int.from_bytes(signature[:8])
            if len(signature) != 8 + 64 or seconds > _LARGEST:
                raise ProofError(f"the cosignature of {self.name} is misshapen")
            signed, signature = _timed(text, seconds), signature[8:]
            moment = datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            raise ProofError(f"the signature of {self.name} does not fit: it was altered") from None
        return moment


def signed_by(private: Ed25519PrivateKey, name: str, text: str, at: datetime | None = None) -> str:
    """A signature line over a note's text; with ``at`` a cosignature of that moment."""
    key = Key(name, _COSIGNS if at else _SIGNS, private.public_key().public_bytes_raw())
    if at is None:
        signature = private.sign(text.encode())
    else:
        seconds = int(at.timestamp())
        signature = seconds.to_bytes(8) + private.sign(_timed(text, seconds))
    return f"\N{EM DASH} {name} {base64.b64encode(key.id + signature).decode()}\n"


def _timed(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it: (name, key id and signature)."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def read(cls, whole: str) -> Note:
        """Raises ProofError when it is no signed note."""
        if any(ord(one) < ord(" ") and one != "\n" for one in whole):
            raise ProofError("a note has no control characters")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n") or lines.count("\n") > _SIGNATURES:
            raise ProofError("this is no signed note: a text, an empty line, signatures")
        return cls(text + "\n", tuple(map(_signature, lines.splitlines())))

    def check(self, keys: Iterable[Key]) -> dict[str, datetime | None]:
        """Who of ``keys`` signed it, and when (cosignatures). Unknown signers are passed over.

        Raises ProofError when a known key's signature does not fit.
        """
        known = {(key.name, key.id): key for key in keys}
        return {
            name: key.check(self.text, signature[_ID:])
            for name, signature in self.signatures
            if (key := known.get((name, signature[:_ID]))) is not None
        }


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, signature = rest.partition(" ")
    raw = _bytes_of(signature)
    if dash != "\N{EM DASH}" or not _is_name(name) or len(raw) <= _ID:
        raise ProofError("this is no signature line")
    return name, raw


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError("this is no base64") from None


# Checkpoints and receipts ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: at this many entries its root was this."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """The text of a note, its signatures checked before; raises ProofError."""
        try:
            origin, size, root, *rest = text.split("\n")
        except ValueError:
            raise ProofError("this is no checkpoint: origin, size, root") from None
        if not origin or not rest or rest[-1] or not all(rest[:-1]):
            raise ProofError("this is no checkpoint: each line ends, none is empty")
        return cls(origin, _number(size), _hash(root))

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry with its place in the log, its way to the root, and the signed root."""

    entry: bytes  # the header that is a leaf: canonical JSON
    index: int
    path: tuple[bytes, ...]
    note: Note

    @classmethod
    def read(cls, whole: str) -> Receipt:
        """From the text form of a proof, the header as its extra data; raises ProofError."""
        proof, blank, note = whole.partition("\n\n")
        try:
            form, extra, index, *path = proof.split("\n")
        except ValueError:
            raise ProofError("this is no receipt: form, entry, place") from None
        if form != FORM or not blank:
            raise ProofError(f"this is no receipt: it does not begin with {FORM}")
        if not extra.startswith("extra ") or not index.startswith("index "):
            raise ProofError("the receipt lacks its entry or its place in the log")
        return cls(
            _bytes_of(extra[6:]), _number(index[6:]), tuple(map(_hash, path)), Note.read(note)
        )

    def check(self, log: Key, witnesses: Iterable[Key] = ()) -> Proved:
        """Everything it promises, by these keys; raises ProofError."""
        signers = self.note.check([log])
        if log.name not in signers:
            raise ProofError(f"{log.name} has not signed this checkpoint")
        checkpoint = Checkpoint.read(self.note.text)
        if checkpoint.origin != log.name:
            raise ProofError(f"this is the log {checkpoint.origin}, not {log.name}")
        check_inclusion(
            leaf_hash(self.entry), self.index, checkpoint.size, self.path, checkpoint.root
        )
        seen = self.note.check([key for key in witnesses if key.kind == _COSIGNS])
        return Proved(self.entry, self.index, checkpoint, {k: v for k, v in seen.items() if v})


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved: this entry, at this place, under this checkpoint; who countersigned when."""

    entry: bytes
    index: int
    checkpoint: Checkpoint
    witnesses: dict[str, datetime]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or (text != "0" and text.startswith("0")):
        raise ProofError(f"{text!r} is no number without leading zeros")
    if len(text) > len(str(_LARGEST)) or int(text) > _LARGEST:
        raise ProofError("a number is too large")
    return int(text)


def _hash(text: str) -> bytes:
    raw = _bytes_of(text)
    _all_hashes([raw])
    return raw


# The command -------------------------------------------------------------------------------------


def _check_receipt(asked: argparse.Namespace) -> None:
    proved = Receipt.read(Path(asked.file).read_text("utf-8")).check(
        Key.read(asked.log), [Key.read(text) for text in asked.witness]
    )
    header = json.loads(proved.entry)
    print(f"In the log {proved.checkpoint.origin}, entry {proved.index}:")
    for name in ("act", "at", "occurred_at", "agency", "actor", "object_type", "object", "to"):
        if header.get(name) is not None:
            print(f"  {name:12} {header[name]}")
    print(f"Signed by the log over {proved.checkpoint.size} entries.")
    for name, moment in sorted(proved.witnesses.items()):
        print(f"Countersigned by {name}, {moment.isoformat()}.")
    if len(proved.witnesses) < asked.quorum:
        raise ProofError(
            f"only {len(proved.witnesses)} of the {asked.quorum} witnesses asked for have "
            "countersigned: until then it is provisional"
        )


def _check_consistency(asked: argparse.Namespace) -> None:
    log = Key.read(asked.log)
    old, new = (Note.read(Path(file).read_text("utf-8")) for file in (asked.old, asked.new))
    if not all(log.name in note.check([log]) for note in (old, new)):
        raise ProofError(f"{log.name} has not signed both checkpoints")
    was, is_now = Checkpoint.read(old.text), Checkpoint.read(new.text)
    path = [_hash(line) for line in Path(asked.proof).read_text("utf-8").split()]
    check_consistency(was.size, was.root, is_now.size, is_now.root, path)
    print(f"All {was.size} entries are still there, as they were, among {is_now.size}.")


def main(words: Sequence[str] | None = None) -> int:
    """0: it holds; 1: it does not, and why; 2: used wrongly."""
    parser = argparse.ArgumentParser(description="Checks proofs about the log, offline.")
    commands = parser.add_subparsers(required=True)
    receipt = commands.add_parser("receipt", help="is this hand-off in the log?")
    receipt.add_argument("file")
    receipt.add_argument("--witness", action="append", default=[], help="a witness's key")
    receipt.add_argument("--quorum", type=int, default=0, help="how many must have countersigned")
    receipt.set_defaults(run=_check_receipt)
    consistency = commands.add_parser("consistency", help="does a later checkpoint keep it all?")
    for name in ("old", "new", "proof"):
        consistency.add_argument(name)
    consistency.set_defaults(run=_check_consistency)
    for command in (receipt, consistency):
        command.add_argument("--log", required=True, help="the log's key")
    asked = parser.parse_args(words)
    try:
        asked.run(asked)
    except ProofError as problem:
        print(f"DOES NOT HOLD: {problem}", file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        print(f"cannot be read: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
