"""Evidence of one referral for a court or an ombudsman: asked for by one, approved by another.

1. Whoever holds the referral asks: for whom, which groups, what stays closed, and why.
2. Another person approves, one of the two supervises, both with a fresh proof of who they are. In
   that act the record of the case is written down and its hash logged (``bundle.made``).
3. For a day the bundle may be taken; then its record is forgotten, and the entry stays.

What a record says, and how a bundle is packed, is not decided here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self
from uuid import UUID, uuid4

import orjson
from pyrage import RecipientError, x25519

from referral import access, errors
from referral.access.standing import Locked, moment
from referral.audit import Done
from referral.audit.ledger import Ledger, post, sealed
from referral.casework import proposing
from referral.casework.ground import Held, referral_ground, refuse_there
from referral.casework.proposing import Narrowed
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of

ACT: Final = "bundle"
GROUPS: Final = ("G1", "G2", "G3", "G4")  # who reported it (G5) leaves in no bundle
USUAL: Final = ("G1", "G2", "G4")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What a bundle holds, and for whom.

    ``recipient_key``: an age key (``age1…``) it is sealed to; without one it takes a passphrase.
    ``groups``: None asks for the usual ones (never G3), as far as she may read them.
    ``others``: other persons of the case as well. ``closed``: entries (by number) whose bodies
    stay closed.
    """

    recipient: str
    recipient_key: str = ""
    groups: tuple[str, ...] | None = None
    others: bool = False
    closed: tuple[int, ...] = ()

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """As it was kept."""
        told = orjson.loads(stored)
        return cls(**{**told, "groups": tuple(told["groups"]), "closed": tuple(told["closed"])})

    def faults(self) -> list[Fault]:
        """What is missing or cannot be."""
        found = []
        if not 0 < len(self.recipient.strip()) <= _LONGEST:
            told = "Name the court or office it is for, in at most 200 characters."
            found.append(Fault("/recipient", "missing", told))
        if self.recipient_key:
            try:
                x25519.Recipient.from_str(self.recipient_key)
            except RecipientError:
                told = "This is no age key: the recipient makes one with `age-keygen` (age1…)."
                found.append(Fault("/recipient_key", "unreadable", told))
        if unknown := sorted(set(self.groups or ()) - set(GROUPS)):
            told = f"No bundle holds {', '.join(unknown)}; choose of {', '.join(GROUPS)}."
            found.append(Fault("/groups", "unknown", told))
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be put into a record: of which referral, as chosen, why, by whom, for whom."""

    bundle: UUID
    case_id: UUID
    referral_id: UUID
    person: int  # her number
    choice: Choice
    reason: str
    asked_by: UUID
    asked_name: str
    asked_at: datetime


Record = Callable[[Asked], Awaitable[str | Refusal]]


async def ask_bundle(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    choice: Choice,
    said: Said,
    *,
    now: datetime,
) -> Narrowed | Refusal:
    """Ask for a bundle of evidence; nothing leaves before another person approves."""
    held = await referral_ground(
        session, actor, referral_id, "bundle", said, now, second_person=True
    )
    if isinstance(held, Refusal):
        return held
    may = _readable(actor, held, now)
    if choice.groups is None:
        choice = replace(choice, groups=tuple(group for group in USUAL if group in may))
    told = "You may not read this yourself, so you cannot put it into a bundle."
    foreign = [one for one in choice.groups or () if one in GROUPS and one not in may]
    faults = [*choice.faults(), *(Fault("/groups", group, told) for group in foreign)]
    if faults:
        refusal = errors.invalid_input(faults)
        return await refuse_there(session, actor, held.locked, "bundle", refusal, now)
    ledger, bundle = Ledger(held.locked.case_id, now, why=held.why), uuid4()
    key, case_id = held.keys[held.locked.case_id], str(held.locked.case_id)
    proposal = proposing.Proposal(bundle, ACT, [str(referral_id)], "bundle_proposals")
    proposing.ask(ledger, actor, proposal, key, said.reason or said.note or "")
    ledger.add(
        "bundles",
        id=str(bundle),
        case_id=case_id,
        referral_id=str(referral_id),
        country=actor.country,
        key_version=key.version,
        choice=sealed(key, orjson.dumps(choice), room="bundle", column="choice", row=bundle),
    )
    ledger.tell(Done.PROPOSED.value, actor.unit_id, None, "SUPERVISOR")
    return await _posted(session, actor, held, ledger, bundle, "asked")


async def answer_bundle(
    session: WriteSession,
    actor: Actor,
    bundle_id: UUID,
    *,
    approve: bool,
    record: Record,
    now: datetime,
) -> Narrowed | Refusal:
    """The second person approves or refuses; ``record`` writes down what an approved one says."""
    on = session.day_in(actor.country, now)
    row = await as_json(session.connection, "SELECT referral.lock_proposal($1, $2)", bundle_id, on)
    if row is None or row["proposal"]["act"] != ACT:
        return await refuse(
            session,
            actor,
            errors.not_found(),
            act="approve_bundle",
            object_type="bundle",
            object_id=None,
            now=now,
        )
    locked, told = Locked.from_row(row["state"], None), row["proposal"]
    verdict = access.check(actor, locked, "approve_bundle", reason=None, now=now)
    refusal = verdict if isinstance(verdict, Refusal) else None
    refusal = refusal or proposing.unanswerable(
        actor, told, "approve_bundle", now, supervised="the unit that holds it"
    )
    if refusal is not None or isinstance(verdict, Refusal):
        refusal = refusal or errors.not_found()
        return await refuse_there(session, actor, locked, "approve_bundle", refusal, now)
    held = Held(locked, verdict.reason_code, keys_of(session, locked.keys))
    ledger = Ledger(locked.case_id, now, why=held.why)
    said = proposing.answer(ledger, bundle_id, ACT, approve=approve)
    answer: dict[str, Any] = {"id": str(bundle_id), "answer": said}
    if approve:
        asked = await _asked(session, held, bundle_id)
        written = await record(asked)
        if isinstance(written, Refusal):
            return await refuse_there(session, actor, locked, "approve_bundle", written, now)
        answer["record"] = _made(ledger, held, asked, written)
    ledger.add("bundle_answers", **answer)
    ledger.tell(f"proposal.{said}", told["asked_unit"], None)
    return await _posted(session, actor, held, ledger, bundle_id, answer["answer"])


def _made(ledger: Ledger, held: Held, asked: Asked, record: str) -> str:
    """The entry that names the record by its hash and says for whom, and the record itself sealed."""
    choice, key = asked.choice, held.keys[held.locked.case_id]
    ledger.log(
        Done.BUNDLE_MADE,
        "bundle",
        asked.bundle,
        record=sha256(record.encode()).hexdigest(),
        recipient=choice.recipient,
        recipient_key=choice.recipient_key or None,
        groups=list(choice.groups or ()),
        others=choice.others,
        asked_by=str(asked.asked_by),
    )
    return sealed(key, record.encode(), room="bundle", column="record", row=asked.bundle)


async def _asked(session: WriteSession, held: Held, bundle: UUID) -> Asked:
    row = await as_json(session.connection, _ASKED, bundle)
    key = held.keys[held.locked.case_id]

    def opened(name: str, room: str) -> bytes:
        written = bytes.fromhex(row[name].removeprefix("\\x"))
        return key.open(written, room=room, column=name, row=bundle)

    return Asked(
        bundle=bundle,
        case_id=held.locked.case_id,
        referral_id=held.locked.referral_id,
        person=held.locked.person["number"],
        choice=Choice.read(opened("choice", "bundle")),
        reason=opened("reason", "proposal").decode(),
        asked_by=UUID(row["asked_by"]),
        asked_name=row["asked_name"],
        asked_at=moment(row["asked_at"]),
    )


# Under row security: whoever holds the referral sees what is asked of it.
_ASKED: Final = """
SELECT jsonb_build_object('choice', b.choice, 'reason', p.reason, 'asked_by', p.asked_by, 'asked_at', p.asked_at,
    'asked_name', (SELECT m.name FROM agencies.member m WHERE m.id = p.asked_member))
FROM referral.bundle b JOIN referral.proposal p ON p.id = b.id WHERE b.id = $1
"""


def _readable(actor: Actor, held: Held, now: datetime) -> frozenset[str]:
    """Groups she may read herself, with what she has shown: no others does she hand on."""
    context = access.Context(has_reason=True, stepped_up=access.stepped_up(actor, now))
    resource = held.locked.resource(actor)
    return access.decide(actor, "see_envelope", resource, context).visible_classes


async def _posted(
    session: WriteSession, actor: Actor, held: Held, ledger: Ledger, bundle: UUID, state: str
) -> Narrowed:
    case = held.locked.case
    answer = Narrowed(str(bundle), str(held.locked.case_id), state, case["version"])
    await post(
        session,
        ledger,
        actor=actor,
        head=held.locked.head,
        key=held.keys[held.locked.case_id],
        answer=answer.stored(),
        through="make_bundle",
    )
    return answer
