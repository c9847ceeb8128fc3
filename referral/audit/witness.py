"""A witness: remembers the last checkpoint she saw, and countersigns only what goes on from it.

1. She asks the log for its newest checkpoint and for the proof that all she knew is still in it.
2. What she now knows is on her disk *before* she signs it.
3. A log that cannot prove it, or proves otherwise, is an incident: both notes are kept in a file and
   she signs nothing more until somebody has looked.
4. Into a new epoch she follows only by the word of two custodians, and says what was lost with it.

She must never see an entry (but the one that opens an epoch): sizes, roots and signatures only.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson

from referral.audit import openings, state_files, statements
from referral.audit.checkpoints import Epoch
from referral.audit.key_files import SigningKey
from referral.audit.proof import (
    Checkpoint,
    Key,
    Note,
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
)
from referral.audit.remote import AwayError, DeclinedError, NotKeptError, Remote
from referral.audit.state_files import StateError
from referral.vault.files import write_secret


class Incident(Exception):
    """The log contradicts itself. ``file``: where both stories are kept."""

    def __init__(self, what: str, now: str) -> None:
        super().__init__(what)
        self.now = now
        self.file: Path | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness remembers: whose log, who may speak for a new epoch, the last note."""

    log: str
    custodians: tuple[str, ...]
    note: str | None = None
    lost: tuple[str, ...] = ()  # what she has reported as lost
    past: tuple[str, ...] = ()  # origins of epochs she has left behind

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises StateError when this is none."""
        try:
            told = orjson.loads(text)
            lists = (tuple(told[name]) for name in ("custodians", "lost", "past"))
            custodians, lost, past = lists
            return cls(told["log"], custodians, told["note"], lost, past)
        except (ValueError, KeyError, TypeError) as fault:
            raise StateError(
                "The witness's state file is damaged: bring back its copy. Begun anew, she would "
                "know nothing of what she saw, and could not tell a fork."
            ) from fault

    def written(self) -> str:
        """As it is kept."""
        told: dict[str, Any] = {
            "log": self.log,
            "custodians": list(self.custodians),
            "note": self.note,
            "lost": list(self.lost),
            "past": list(self.past),
        }
        return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n"

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last one."""
        return None if self.note is None else Checkpoint.read(Note.read(self.note).text)


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit came to. ``lost``: what a new epoch left behind, told loudly."""

    size: int
    cosigned: bool
    lost: tuple[str, ...] = ()


class Witness:
    """One witness of one log; the caller holds her state file (``state_files.held``)."""

    def __init__(
        self, key: SigningKey, file: Path, log: str | None = None, custodians: Sequence[str] = ()
    ) -> None:
        """``log`` and ``custodians``: public keys, needed at her first start and kept then.

        Raises StateError, or ProofError when a key is none.
        """
        self._key, self._file = key, file
        kept = state_files.read(file)
        if kept is None:
            if log is None:
                raise StateError(
                    f"{file} is not there yet, so whose log this is must be said: --log-key. Take "
                    "the key from somebody you trust, not from the log's own page."
                )
            self.seen = Seen(str(Key.read(log)), tuple(str(Key.read(one)) for one in custodians))
        else:
            self.seen = Seen.read(kept)
            self._as_before(log, custodians)

    def _as_before(self, log: str | None, custodians: Sequence[str]) -> None:
        if log is not None and log != self.seen.log and self.seen.note is None:
            raise StateError(f"{self._file} is about another log: {self.seen.log}.")
        if custodians:
            self.seen = replace(self.seen, custodians=tuple(map(str, map(Key.read, custodians))))

    async def visit(self, log: Remote, clock: Callable[[], datetime]) -> Visited:
        """Once: look, remember, countersign. Raises Incident, AwayError, NotKeptError."""
        whole = await log.checkpoint()
        try:
            return await self._visit(log, whole, clock)
        except (ProofError, DeclinedError) as fault:
            incident = Incident(str(fault), whole)
            self._keep(incident, clock())
            raise incident from fault
        except Incident as incident:
            self._keep(incident, clock())
            raise

    async def _visit(self, log: Remote, whole: str, clock: Callable[[], datetime]) -> Visited:
        note = Note.read(whole)
        shown = Checkpoint.read(note.text)
        lost: tuple[str, ...] = ()
        opened: Epoch | None = None
        seen = self.seen
        if shown.origin in seen.past:
            return Visited(shown.size, cosigned=False)  # from somebody's cache
        if shown.origin != Key.read(seen.log).name:
            seen, opened, lost = await self._follow(log, shown.origin, whole)
        key = Key.read(seen.log)
        if key.name not in note.check([key]):
            raise Incident(f"the checkpoint shown is not signed by the key of {key.name}", whole)
        if opened is not None:
            await self._begins(log, opened, shown)
        if not await self._goes_on(log, seen.checkpoint, shown, whole):
            return Visited(shown.size, cosigned=False)
        self.seen = replace(seen, note=_own(note, key))
        write_secret(self._file, self.seen.written())
        return Visited(shown.size, await self._cosign(log, note, clock()), lost)

    async def _goes_on(
        self, log: Remote, before: Checkpoint | None, shown: Checkpoint, whole: str
    ) -> bool:
        """All that was known is still there. False: it is an older one, from somebody's cache."""
        if before is None:
            return True
        if shown.size == before.size:
            check_consistency(before.size, before.root, shown.size, shown.root, ())
            return True
        old, new = sorted((before, shown), key=lambda one: one.size)
        try:
            path = await log.consistency(shown.origin, old.size, new.size)
        except DeclinedError as fault:
            raise Incident(
                f"the log shows {shown.size} entries, {before.size} were there before, and it does "
                f"not prove that it is the same log: {fault}",
                whole,
            ) from fault
        check_consistency(old.size, old.root, new.size, new.root, path)
        return shown.size > before.size

    async def _follow(
        self, log: Remote, origin: str, whole: str
    ) -> tuple[Seen, Epoch, tuple[str, ...]]:
        """Into a later epoch, one after the other, by the word of two custodians each."""
        seen, at = self.seen, Key.read(self.seen.log).name
        custodians = [Key.read(one) for one in seen.custodians]
        lost: list[str] = []
        found: Epoch | None = None
        for epoch in await log.epochs():
            if epoch.statement is None or (found is None and _before(epoch.statement) != at):
                continue
            before = seen.checkpoint
            told = statements.into(epoch, custodians, before)
            if before is not None and before.origin == told.kept.origin:
                lost += await self._kept(log, before, told)
            past = (*seen.past, Key.read(seen.log).name)
            seen = Seen(epoch.signer, seen.custodians, None, (*seen.lost, *lost), past)
            found = epoch
        if found is None or found.origin != origin:
            raise Incident(
                f"the log calls itself {origin} now, and no statement leads there", whole
            )
        return seen, found, tuple(lost)

    async def _kept(self, log: Remote, before: Checkpoint, told: statements.Statement) -> list[str]:
        if before.size <= told.kept.size:
            if before.size < told.kept.size:
                path = await log.consistency(before.origin, before.size, told.kept.size)
                check_consistency(before.size, before.root, told.kept.size, told.kept.root, path)
            return []
        words = (
            f"Entries {told.kept.size} to {before.size - 1} of {before.origin} were countersigned "
            f"here and are no longer there; two custodians say why: {told.why}"
        )
        return [words]

    async def _begins(self, log: Remote, opened: Epoch, shown: Checkpoint) -> None:
        """The new epoch begins with the entry that says what the custodians said."""
        told = statements.Statement.read(Note.read(opened.statement or "").text)
        opening = opened.opening or ""
        if not openings.opens(opening, opened, told):
            raise ProofError(f"{shown.origin} does not begin with what the custodians signed")
        path = await log.inclusion(shown.origin, 0, shown.size)
        check_inclusion(leaf_hash(opening.encode()), 0, shown.size, path, shown.root)

    async def _cosign(self, log: Remote, note: Note, now: datetime) -> bool:
        key = self._key.key
        if any((name, one[:4]) == (key.name, key.id) for name, one in note.signatures):
            return False
        await log.post(f"{note.text}\n{self._key.cosign(note.text, now)}")
        return True

    def _keep(self, incident: Incident, now: datetime) -> None:
        """Both stories, for whoever investigates."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        incident.file = self._file.with_name(f"{self._file.name}.incident-{stamp}")
        write_secret(
            incident.file,
            f"{incident}\n\n---- seen before ----\n{self.seen.note}\n---- shown now ----\n"
            f"{incident.now}",
        )


def _before(statement: str) -> str:
    """The origin a statement comes from."""
    return statements.Statement.read(Note.read(statement).text).last.origin


def _own(note: Note, key: Key) -> str:
    """The note with the log's own signature alone: what others sign is theirs to keep."""
    lines = "".join(
        f"\N{EM DASH} {name} {base64.b64encode(signature).decode()}\n"
        for name, signature in note.signatures
        if (name, signature[:4]) == (key.name, key.id)
    )
    return f"{note.text}\n{lines}"


__all__ = ["AwayError", "Incident", "NotKeptError", "Seen", "Visited", "Witness"]
