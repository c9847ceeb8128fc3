"""Erasure of a case, or of one person of it: who holds it asks, whoever protects data approves.

1. Never while a referral is open (somebody works on it, and a child may need it), under a legal
   hold, while an emergency opening waits for its review, or while a file is being looked through.
2. Of one person go her own rows, and of the notes about the whole case those that whoever asks
   says name her; how many stay is told to who approves.
3. An approval destroys keys, blind indexes, files and every field of G1-G5 in the same act; that it
   was done, when and by whom stays in the log, whose headers nobody erases.
4. The clockwork notices that a period of the country's file is over, once, and tells who holds the
   case. It asks for nothing in a person's place: erasing takes two persons, whoever began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from referral import access, errors
from referral.access import Context, Resource
from referral.access.standing import moment
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, post
from referral.audit.streams import keep_key
from referral.casework import proposing
from referral.casework.proposing import Narrowed, Proposal
from referral.casework.refusing import refuse
from referral.casework.said import Said
from referral.database import as_json
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of

WAITS: Final = timedelta(days=14)  # for whoever protects data; then somebody asks anew
LOCK: Final = "SELECT referral.lock_erasure($1, $2, $3)"


class Ground(StrEnum):
    """Why something may be erased; the words of it are sealed beside."""

    RETENTION = "RETENTION"  # it has been kept as long as the country's file says
    REQUEST = "REQUEST"  # the person asks for it
    UNLAWFUL = "UNLAWFUL"  # it should never have been kept
    OTHER = "OTHER"


_AGAINST: Final = {
    "gone": ("erased", "It is erased already."),
    "open": (
        "open",
        (
            "A referral is still open: somebody works on it, and whoever it is about may need what"
            " is kept here. Close it, or have it closed, and ask again."
        ),
    ),
    "glass": (
        "waits for a review",
        (
            "It was opened in an emergency, and nobody has reviewed that yet: the review needs"
            " what would be erased. Have it reviewed first."
        ),
    ),
    "file": (
        "waits for a file",
        "A file of it is still being looked through. Repeat this in some minutes.",
    ),
}


async def ask_erasure(
    session: WriteSession,
    actor: Actor,
    reference: str,
    ground: str,
    said: Said,
    *,
    number: int | None = None,
    notes: Sequence[UUID] | None = None,
    now: datetime,
) -> Narrowed | Refusal:
    """Ask that a case be erased, or only the person with this ``number`` in it.

    ``notes``: of those about the whole case, the ones that name her and go with her; only who holds
    the case can tell. Where there are such notes, None is refused with the list of them.
    """
    standing = await as_json(session.connection, LOCK, reference.strip().upper(), None, None)
    person = _person(standing, number)
    against = _against_asking(standing, person, number, ground) or _unsaid(standing, person, notes)
    refused = judged(actor, "ask_erasure", standing, said, now, against)
    if refused is not None:
        return await refused_here(session, actor, refused, "ask_erasure", None, now)
    about = [] if person is None else [person["id"], *map(str, notes or ())]
    asked = Proposal(uuid4(), "erase", about, "erasure_asks", WAITS, ground)
    return await ask(session, actor, standing, asked, said, now)


def _person(standing: Any, number: int | None) -> Mapping[str, Any] | None:
    persons = [] if standing is None else standing["persons"]
    return next((one for one in persons if one["number"] == number), None)


def _against_asking(standing: Any, person: Any, number: int | None, ground: str) -> Refusal | None:
    """What is wrong with the question itself, or stands against what it asks for."""
    if standing is None:
        return None  # said before anything else
    if ground not in set(Ground):
        fault = Fault("/ground", "unknown", f"Choose one of: {', '.join(Ground)}.")
        return errors.invalid_input([fault])
    if number is not None and person is None:
        fault = Fault("/person", "unknown", "The case has no person with this number.")
        return errors.invalid_input([fault])
    if ground == Ground.RETENTION and not standing["noted"]:
        explanation = "The period its country lays down is not over. Nothing was changed."
        return errors.not_allowed_now("kept", "ask_erasure", [], explanation)
    obstacle = _obstacle(standing["against"] if person is None else person["against"])
    if obstacle is None and any(
        one["act"] == "erase" and one["about"][:1] == ([] if person is None else [person["id"]])
        for one in standing["waiting"]
    ):
        explanation = "Somebody has asked for this already; it waits for a second person."
        return errors.not_allowed_now("asked", "ask_erasure", [], explanation)
    return obstacle


def _unsaid(standing: Any, person: Any, notes: Sequence[UUID] | None) -> Refusal | None:
    """Notes about the whole case stay, and may name her: which of them go is to be said."""
    if standing is None or (person is None and not notes):
        return None  # a whole case goes with all of them
    known = {one["id"]: one for one in standing["notes"]} if person is not None else {}
    wanted = {str(one) for one in notes or ()}
    if wanted <= known.keys() and (notes is not None or not known):
        return None
    told = (
        f"{len(known)} notes are about the whole case and may name her. They stay unless they go "
        "with her: read them, and name those that do, or none."
    )
    code = "missing" if notes is None else "unknown"
    listed = [Fault(f"/notes/{key}", "stays", _note_words(one)) for key, one in known.items()]
    return errors.invalid_input([Fault("/notes", code, told), *listed])


def _note_words(note: Mapping[str, Any]) -> str:
    what = "The narrative" if note["kind"] == "narrative" else "A note"
    return f"{what} of {moment(note['written_at']):%Y-%m-%d %H:%M} UTC"


def _obstacle(against: list[str]) -> Refusal | None:
    """The first of what stands against it; a legal hold is denied by the matrix."""
    found = [_AGAINST[code] for code in against if code in _AGAINST]
    if not found:
        return None
    state, explanation = found[0]
    return errors.not_allowed_now(state, "erase", [], f"{explanation} Nothing was changed.")


async def answer_erasure(
    session: WriteSession,
    actor: Actor,
    proposal_id: UUID,
    said: Said,
    *,
    approve: bool,
    now: datetime,
) -> Narrowed | Refusal:
    """Approve or refuse an erasure, or the lifting of a hold; an approval takes effect at once."""
    standing = await as_json(session.connection, LOCK, None, proposal_id, None)
    asked = standing["asked"] if standing is not None else None
    action = "lift_hold" if asked is not None and asked["act"] == "lift_hold" else "erase"
    against = asked and proposing.unanswerable(actor, asked, "erase", now, waits=WAITS)
    if against is None and approve and asked is not None and asked["act"] == "erase":
        against = _obstacle(asked["against"])
    refused = judged(actor, action, standing, said, now, against, refusing=not approve)
    if refused is not None or asked is None:
        refused = refused or errors.not_found()
        return await refused_here(session, actor, refused, action, proposal_id, now)
    ledger = Ledger(UUID(standing["case_id"]), now, why=f"role:{actor.role.value}")
    answer = proposing.answer(
        ledger, proposal_id, asked["act"], approve=approve, because=said.reason
    )
    ledger.add("erasure_answers", id=str(proposal_id), answer=answer)
    if approve:
        _follows(ledger, asked)
    ledger.tell(f"erasure.{answer}", asked["asked_unit"], None)
    narrowed = Narrowed(str(proposal_id), standing["case_id"], answer, 0)
    return await posted(session, actor, ledger, standing, narrowed)


def _follows(ledger: Ledger, asked: Mapping[str, Any]) -> None:
    """The entry of what an approval leads to; the database derives the same from the proposal."""
    if asked["act"] == "lift_hold":
        ledger.log(Done.HOLD_LIFTED, "hold", asked["about"][0])
    elif asked["about"]:
        ledger.log(Done.PERSON_ERASED, "person", asked["about"][0])
    else:
        ledger.log(Done.CASE_ERASED, "case", ledger.case_id)


def judged(
    actor: Actor,
    action: str,
    standing: Any,
    said: Said,
    now: datetime,
    against: Refusal | None,
    *,
    refusing: bool = False,
) -> Refusal | None:
    """What forbids it: the matrix by role, then that there is nothing for her, then the state.

    A hold denies by itself, before any word of the state; ``refusing`` what it denies is allowed.
    """
    held = standing is not None and standing["legal_hold"] and not refusing
    context = Context(bool(said.reason), access.stepped_up(actor, now), second_person=True)
    decision = access.decide(actor, action, Resource(legal_hold=held), context)
    if not decision.allow:
        return access.by_role(actor, action, said.reason, now) or access.refusal_for(
            action, decision
        )
    return errors.not_found() if standing is None else against


async def ask(
    session: WriteSession,
    actor: Actor,
    standing: Mapping[str, Any],
    asked: Proposal,
    said: Said,
    now: datetime,
) -> Narrowed:
    """Write down what one asks for; its words under a key of its own, for who answers."""
    key, wrapped = session.vault.new_key(asked.id, "proposal")
    ledger = Ledger(UUID(standing["case_id"]), now, why=f"role:{actor.role.value}")
    keep_key(ledger, wrapped, None)
    proposing.ask(ledger, actor, asked, key, said.reason or "")
    for unit in standing["officers"]:
        ledger.tell("erasure.asked", unit, None, "DATA_PROTECTION_OFFICER")
    narrowed = Narrowed(str(asked.id), standing["case_id"], "asked", 0)
    return await posted(session, actor, ledger, standing, narrowed)


async def posted(
    session: WriteSession,
    actor: Actor,
    ledger: Ledger,
    standing: Mapping[str, Any],
    answer: Narrowed,
) -> Narrowed:
    """Through the one door that may forget."""
    key = keys_of(session, [standing["key"]])[UUID(standing["case_id"])]
    await post(
        session,
        ledger,
        actor=actor,
        head=Head.from_row(standing["head"]),
        key=key,
        answer=answer.stored(),
        through="erase",
    )
    return answer


async def refused_here(
    session: WriteSession,
    actor: Actor,
    refusal: Refusal,
    act: str,
    about: UUID | None,
    now: datetime,
) -> Refusal:
    """A refusal goes to the actor's own stream: whoever protects data has no part in the case."""
    kind = "hold" if act in {"hold_legally", "ask_lifting"} else "proposal"
    return await refuse(
        session, actor, refusal, act=act, object_type=kind, object_id=about, now=now
    )
