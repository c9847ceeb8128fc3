"""Proofs about the log, checked by anybody: no server, no network, nothing but Python.

This one file is also handed out: with the log's key and `pip install cryptography` it answers years
later. The service checks with the same functions; the file must never import anything of it.

    python proof.py receipt RECEIPT --log KEY [--witness KEY]... [--quorum N]
    python proof.py consistency OLD NEW PROOF --log KEY
    python proof.py promise PROMISE [RECEIPT] [CHECKPOINT] --promiser KEY --log KEY [--witness KEY]
    python proof.py bundle EVIDENCE --log KEY [--earlier KEY]... [--witness KEY]... [--quorum N]

Sources: RFC 9162, C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HASH = 32  # bytes of a SHA-256
EMPTY = hashlib.sha256(b"").digest()  # root of a tree without leaves
FORM = "c2sp.org/tlog-proof@v1"
PROMISE, BODY, OPENED = "referral/promise/v1", b"referral/audit-body/v1\x00", "log.epoch_opened"
Seen = dict[str, datetime]  # who countersigned, and when by her clock
Hashes = Sequence[bytes]
Keys = Sequence["Key"]
_SIGNS, _COSIGNS = 1, 4  # signature types of C2SP signed-note: Ed25519, timestamped cosignature
_ID, _SIGNATURES, _LARGEST = 4, 100, 2**63 - 1  # bytes of a key id, most signatures, most entries
_LINE = re.compile("\N{EM DASH} ([^\\s+]+) (\\S{8,})")  # a signature: a name, and base64


class ProofError(Exception):
    """It does not hold, and why."""


# Hashes and the two proofs -----------------------------------------------------------------------
def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256 of a zero byte and the entry's bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, path: Hashes, root: bytes) -> None:
    """The leaf hash stands at ``index`` of this tree (RFC 9162 2.1.3.2); raises ProofError."""
    _all_hashes([leaf, root, *path])
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    found = leaf
    for sibling, left in _climb(index, size - 1, path):
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
    if found != root:
        raise ProofError("the entry is not in this log: the proof leads to another root")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Hashes) -> None:
    """The tree of ``new`` begins with all of that of ``old`` (RFC 9162 2.1.4.2), or ProofError."""
    if not 1 <= old <= new:  # from nothing, everything would follow
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
        name, told, material, *_ = *text.strip().split("+", 2), "", ""
        raw = _bytes_of(material)
        if len(raw) != 1 + HASH or raw[0] not in {_SIGNS, _COSIGNS} or len(name.split()) != 1:
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
    stamp = int(at.timestamp()).to_bytes(8) if at else b""
    signed = stamp + private.sign(_timed(text, int.from_bytes(stamp)) if at else text.encode())
    return f"\N{EM DASH} {name} {base64.b64encode(key.id + signed).decode()}\n"


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
        text, blank, rest = whole.rpartition("\n\n")
        lines = [_LINE.fullmatch(line) for line in rest.splitlines()]
        if not blank or not rest.endswith("\n") or len(lines) > _SIGNATURES or not all(lines):
            raise ProofError("this is no signed note: a text, an empty line, signatures")
        return cls(text + "\n", tuple((one[1], _bytes_of(one[2])) for one in lines if one))

    def check(self, keys: Iterable[Key]) -> dict[str, datetime | None]:
        """Who of these signed it, and when (cosignatures); raises ProofError if one does not fit."""
        known = {(key.name, key.id): key for key in keys}
        by = [(name, known.get((name, one[:_ID])), one[_ID:]) for name, one in self.signatures]
        return {name: key.check(self.text, signature) for name, key, signature in by if key}

    def checkpoint(self, log: Key, witnesses: Iterable[Key] = ()) -> tuple[Checkpoint, Seen]:
        """What the log said, and who of the witnesses countersigned it when; raises ProofError."""
        signers = self.check([log, *witnesses])
        checkpoint = Checkpoint.read(self.text)
        if log.name not in signers:
            raise ProofError(f"{log.name} has not signed this checkpoint")
        if checkpoint.origin != log.name:
            raise ProofError(f"this is the log {checkpoint.origin}, not {log.name}")
        return checkpoint, {name: moment for name, moment in signers.items() if moment}


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
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
        found = re.fullmatch(r"([^\n]+)\n([^\n]+)\n([^\n]+)\n(?:[^\n]+\n)*", text)
        if found is None:
            raise ProofError("this is no checkpoint: origin, size, root, a line each")
        return cls(found[1], _number(found[2]), _hash(found[3]))

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
        found = re.fullmatch(rf"{FORM}\nextra (.+)\nindex (.+)\n((?:.+\n)*)\n([^\0]+)", whole)
        if found is None:
            raise ProofError(f"this is no receipt: {FORM}, an entry, its place, its path, a note")
        path = tuple(map(_hash, found[3].splitlines()))
        return cls(_bytes_of(found[1]), _number(found[2]), path, Note.read(found[4]))

    def check(self, log: Key, witnesses: Iterable[Key] = ()) -> Proved:
        """Everything it promises, by these keys; raises ProofError."""
        found, seen = self.note.checkpoint(log, witnesses)
        check_inclusion(leaf_hash(self.entry), self.index, found.size, self.path, found.root)
        return Proved(self.entry, self.index, found, seen)


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved: this entry, at this place, under this checkpoint; who countersigned when."""

    entry: bytes
    index: int
    checkpoint: Checkpoint
    witnesses: Seen


def _number(text: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,18}", text) or int(text) > _LARGEST:
        raise ProofError(f"{text!r} is no number without leading zeros, or too large")
    return int(text)


def _hash(text: str) -> bytes:
    _all_hashes([raw := _bytes_of(text)])
    return raw


# Promises and bundles ----------------------------------------------------------------------------
def check_promise(whole: str, key: Key, proved: Proved | None, later: dict[datetime, int]) -> str:
    """What an acceptance was answered with, and that a receipt keeps it; raises ProofError.

    ``later``: the log's size when it was countersigned. Past its time the entry must be in there.
    """
    form, *told = (note := Note.read(whole)).text.splitlines()
    if form != PROMISE or key.name not in note.check([key]):
        raise ProofError(f"this is no promise signed by {key.name}")
    origin, entry, leaf, _, until = told
    if proved and (leaf_hash(proved.entry), proved.checkpoint.origin) != (_hash(leaf), origin):
        raise ProofError("this receipt is of another entry, or of another log")
    for moment, size in later.items():
        if moment >= datetime.fromisoformat(until) and (not proved or proved.index >= size):
            raise ProofError(f"NOT KEPT: among the {size} entries at {moment} nobody shows {entry}")
    return f"Entry {entry}, promised by {until}: {'KEPT' if proved else 'nothing shown yet'}."


def check_bundle(whole: str, log: Key, witnesses: Keys = (), earlier: Keys = ()) -> list[Proved]:
    """Every entry of a case, whole and without a gap, each in its epoch; raises ProofError."""
    told, found, before, header, body = json.loads(whole), [], "0" * 64, {}, b""
    epochs = _epochs(told, [log, *earlier], witnesses)
    for number, one in enumerate(told["entries"], 1):
        found.append(_shown(one, witnesses, *epochs[one.get("epoch", 0)]))
        header, body = json.loads(one["header"]), one.get("body", "").encode()
        if (header["seq"], header["prev"]) != (number, before):
            raise ProofError(f"entry {number} of the case is missing or was moved")
        sealed = body and hmac.digest(_hash(one["key"]), BODY + body, "sha256").hex()
        if body and sealed != header["body_hmac"]:
            raise ProofError(f"the body of entry {number} is not the one that was logged")
        before = hashlib.sha256(found[-1].entry).hexdigest()
    record = hashlib.sha256(told["record"].encode()).hexdigest()
    if header.get("act") != "bundle.made" or json.loads(body)["record"] != record:
        raise ProofError("the record is not the one this bundle was made of")
    return found


def _epochs(told: Any, keys: Keys, seen: Keys) -> list[tuple[Note, Key]]:
    """Each epoch's checkpoint and key, the newest first; what opens the next names each before."""
    found = [(Note.read(told["note"]), keys[0])]
    for one in told.get("earlier", ()):
        opened = _shown(one["opening"], seen, *found[one["opening"]["epoch"]])
        origin = (note := Note.read(one["note"])).text.partition("\n")[0]
        key = next((key for key in keys if key.name == origin), None)
        if key is None:
            raise ProofError(f"it goes back to {origin}: give its key, with --earlier")
        was = "@".join(str(note.checkpoint(key, seen)[0]).split())
        if (header := json.loads(opened.entry))["from"] != was or header["act"] != OPENED:
            raise ProofError(f"no later epoch goes on from this checkpoint of {origin}")
        found.append((note, key))
    return found


def _shown(one: Any, seen: Keys, note: Note, key: Key) -> Proved:
    path = tuple(map(_hash, one["path"]))
    return Receipt(one["header"].encode(), one["index"], path, note).check(key, seen)


# The command -------------------------------------------------------------------------------------
def _told(proved: Proved, quorum: int) -> None:
    print(f"Signed by {proved.checkpoint.origin} over {proved.checkpoint.size} entries.")
    for name, moment in sorted(proved.witnesses.items()):
        print(f"Countersigned by {name}, {moment.isoformat()}.")
    if (seen := len(proved.witnesses)) < quorum:
        raise ProofError(f"only {seen} of the {quorum} witnesses have countersigned: provisional")


def _receipt(asked: argparse.Namespace, receipt: str) -> None:
    proved = Receipt.read(receipt).check(*asked.keys)
    print(f"In the log {proved.checkpoint.origin}, entry {proved.index}:")
    print(*(f"  {name:12} {told}" for name, told in json.loads(proved.entry).items()), sep="\n")
    _told(proved, asked.quorum)


def _consistency(asked: argparse.Namespace, old: str, new: str, path: str) -> None:
    was, is_now = (Note.read(one).checkpoint(*asked.keys)[0] for one in (old, new))
    check_consistency(was.size, was.root, is_now.size, is_now.root, [*map(_hash, path.split())])
    print(f"All {was.size} entries are still there, as they were, among {is_now.size}.")


def _promise(asked: argparse.Namespace, promise: str, *more: str) -> None:
    proved = [Receipt.read(one).check(*asked.keys) for one in more if one.startswith(FORM)]
    notes = [Note.read(one).checkpoint(*asked.keys) for one in more if not one.startswith(FORM)]
    later = {moment: found.size for found, seen in notes for moment in seen.values()}
    print(check_promise(promise, Key.read(asked.promiser), next(iter(proved), None), later))


def _bundle(asked: argparse.Namespace, evidence: str) -> None:
    found = check_bundle(evidence, asked.keys[0], asked.keys[1], [*map(Key.read, asked.earlier)])
    for number, header in enumerate((json.loads(one.entry) for one in found), 1):
        print(f"{number:5}", *(header[name] for name in ("at", "act", "object_type", "object")))
    _told(found[-1], asked.quorum)


def main(words: Sequence[str] | None = None) -> int:
    """0: it holds; 1: it does not, and why; 2: used wrongly."""
    commands = {one.__name__[1:]: one for one in (_receipt, _consistency, _promise, _bundle)}
    parser = argparse.ArgumentParser(description="Checks proofs about the log, offline.")
    parser.add_argument("command", choices=commands)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--log", required=True, help="the log's key")
    parser.add_argument("--earlier", action="append", default=[], help="its key of an epoch before")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key")
    parser.add_argument("--quorum", type=int, default=0, help="how many must have countersigned")
    parser.add_argument("--promiser", default="", help="the key that promises are signed with")
    asked = parser.parse_args(words)
    try:
        asked.keys = Key.read(asked.log), [Key.read(text) for text in asked.witness]
        commands[asked.command](asked, *(Path(file).read_text("utf-8") for file in asked.files))
    except ProofError as problem:
        print(f"DOES NOT HOLD: {problem}", file=sys.stderr)
        return 1
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
        print(f"cannot be read: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
