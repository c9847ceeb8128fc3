"""What two custodians sign when the log begins a new epoch. Pure.

A new key, or a database that was put back from a copy, looks to every witness like a forgery; that it
is none, two people say who are neither the operator nor the log. They sign a text that fits on a
page, offline, and the entry that opens the epoch, the signer and every witness hold it against what
they know themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from referral.audit.checkpoints import Epoch
from referral.audit.proof import Checkpoint, Key, Note, ProofError

CUSTODIANS: Final = 2  # who must have signed
_TITLE: Final = "referral log: a new epoch (v1)"
_FIELDS: Final = ("last", "kept", "to", "signer", "why")


@dataclass(frozen=True, slots=True)
class Statement:
    """The old log up to ``kept`` stands; from there on ``to`` tells it anew, signed by ``signer``.

    ``last`` is the last checkpoint known outside: where it is larger than ``kept``, what stood between
    was lost, or is told anew.
    """

    last: Checkpoint
    kept: Checkpoint
    to: str
    signer: str
    why: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ProofError when it is none."""
        title, *lines = text.split("\n")
        told = dict(line.partition(": ")[::2] for line in lines if line)
        if title != _TITLE or tuple(told) != _FIELDS:
            raise ProofError("this is no statement about a new epoch of the log")
        last, kept = (
            Checkpoint.read(told[name].replace(" ", "\n") + "\n") for name in ("last", "kept")
        )
        signer = Key.read(told["signer"])
        found = cls(last, kept, told["to"], told["signer"], told["why"])
        if signer.name != found.to or last.origin != kept.origin or found.to == last.origin:
            raise ProofError("the statement names one epoch twice, or another one's key")
        if kept.size > last.size or (kept.size == last.size and kept != last):
            raise ProofError("the statement keeps more than there was")
        return found

    def __str__(self) -> str:
        last, kept = (str(one).strip().replace("\n", " ") for one in (self.last, self.kept))
        told = dict(zip(_FIELDS, (last, kept, self.to, self.signer, self.why), strict=True))
        return _TITLE + "\n" + "".join(f"{name}: {value}\n" for name, value in told.items())

    @property
    def missing(self) -> range:
        """Positions of the old epoch that are lost, or stand elsewhere now."""
        return range(self.kept.size, self.last.size)


def believed(note: str, custodians: Iterable[Key]) -> Statement:
    """The statement, when two different custodians have signed it; raises ProofError."""
    read = Note.read(note)
    known = list(custodians)
    signers = read.check(known)
    people = {key.public for key in known if key.name in signers}
    if min(len(signers), len(people)) < CUSTODIANS:
        raise ProofError(
            f"the statement about the new epoch is signed by {len(signers)} of the custodians "
            f"known here, and takes {CUSTODIANS}"
        )
    return Statement.read(read.text)


def into(epoch: Epoch, custodians: Iterable[Key], seen: Checkpoint | None) -> Statement:
    """The custodians' word for an epoch, held against what one has seen oneself of the one before.

    Raises ProofError: too few have signed, or they speak of something else.
    """
    told = believed(epoch.statement or "", custodians)
    if (told.to, told.signer, told.kept.size) != (epoch.origin, epoch.signer, epoch.kept):
        raise ProofError("the statement speaks of another epoch")
    if seen is None or seen.origin != told.last.origin:
        return told
    if told.last.size < seen.size:
        raise ProofError(
            f"the statement calls {told.last.size} entries the last of {seen.origin}, and "
            f"{seen.size} are known here"
        )
    for one in (told.last, told.kept):
        if one.size == seen.size and one != seen:
            raise ProofError(f"the statement tells another story of the first {one.size} entries")
    return told
