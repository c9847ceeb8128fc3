"""Files of a case: added in quarantine, looked through by the clockwork, opened only after that.

What comes is sealed as it came and kept as evidence. Nobody, not even who sent it, gets a byte back
before it was found to be what it says and to carry nothing along; of a refused one never.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID, uuid4

import orjson

from referral import errors
from referral.attachments import BY_TYPE, Form, form_of
from referral.attachments.scanning import Scan
from referral.attachments.verdicts import Refused, Viewable
from referral.audit import Done, Head
from referral.audit.ledger import Ledger, post, sealed
from referral.casework.ground import Held, referral_ground, refuse_there
from referral.casework.said import NOTHING_SAID, Said
from referral.database import as_json, scalar
from referral.errors import Fault, Refusal
from referral.session import Actor, WriteSession, keys_of
from referral.vault import SealBrokenError, SubjectKey

MOST: Final = 100  # files of one case
LONGEST: Final = 200  # characters of a name, and of what it shows
IN_HAND: Final = timedelta(minutes=5)  # a scanner has half a minute; then it waits again
TRIES: Final = 5
_ROOM: Final = "attachment_content"


@dataclass(frozen=True, slots=True)
class Brought:
    """A file somebody adds: ``letter`` is the hand-off whose signed letter it is."""

    name: str
    content: bytes
    shows: str = ""
    letter: UUID | None = None

    def __repr__(self) -> str:
        """Neither name nor content: both tell of a case."""
        return f"Brought({len(self.content)} bytes)"


@dataclass(frozen=True, slots=True)
class Attached:
    """It is there, and waits in quarantine."""

    case_id: str
    attachment_id: str
    state: str

    def stored(self) -> dict[str, Any]:
        """As kept under the idempotency key."""
        return asdict(self)

    @classmethod
    def again(cls, stored: Mapping[str, Any]) -> Self:
        """The same answer to the same request."""
        return cls(**stored)


async def attach(
    session: WriteSession,
    actor: Actor,
    referral_id: UUID,
    brought: Brought,
    largest: int,
    said: Said = NOTHING_SAID,
    *,
    now: datetime,
) -> Attached | Refusal:
    """Add a file to what one's unit holds; ``largest``: bytes."""
    held = await referral_ground(session, actor, referral_id, "attach", said, now)
    if isinstance(held, Refusal):
        return held
    form = form_of(brought.name, brought.content, largest)
    refused = await _not_attachable(session, held, actor, brought, form)
    if refused is not None or isinstance(form, Refused):
        refusal = refused or errors.not_found()
        return await refuse_there(session, actor, held.locked, "attach", refusal, now)
    attachment, key = uuid4(), held.keys[held.locked.case_id]
    ledger = Ledger(held.locked.case_id, now, why=held.why)
    _keep(ledger, held, actor, attachment, brought, form)
    ledger.log(Done.ATTACHMENT_ADDED, "attachment", attachment, to="quarantined")
    answer = Attached(str(held.locked.case_id), str(attachment), "quarantined")
    await post(session, ledger, actor=actor, head=held.locked.head, key=key, answer=answer.stored())
    original = key.seal(brought.content, room=_ROOM, column="original", row=attachment)
    await scalar(
        session.connection, "SELECT referral.keep_content($1, 'original', $2)", attachment, original
    )
    return answer


def _keep(
    ledger: Ledger, held: Held, actor: Actor, attachment: UUID, brought: Brought, form: Form
) -> None:
    locked, key = held.locked, held.keys[held.locked.case_id]
    about = {
        "name": brought.name[:LONGEST],
        "shows": brought.shows[:LONGEST],
        "sha256": hashlib.sha256(brought.content).hexdigest(),
    }
    ledger.add(
        "attachments",
        id=str(attachment),
        case_id=str(locked.case_id),
        referral_id=str(locked.referral_id),
        hand_off_id=str(brought.letter) if brought.letter else None,
        country=actor.country,
        kind="letter" if brought.letter else "evidence",
        state="quarantined",
        media_type=form.media_type,
        size=len(brought.content),
        added_at=ledger.at.isoformat(),
        by_unit=str(actor.unit_id),
        by_member=str(actor.id),
        next_at=ledger.at.isoformat(),
        tries=0,
        key_version=key.version,
        about=sealed(key, orjson.dumps(about), room="attachment", column="about", row=attachment),
    )


async def _not_attachable(
    session: WriteSession, held: Held, actor: Actor, brought: Brought, form: Form | Refused
) -> Refusal | None:
    if isinstance(form, Refused):
        return errors.invalid_input([Fault("/file", form.code, form.words)])
    sent = {row["id"] for row in held.locked.hand_offs if row["sender_unit"] == str(actor.unit_id)}
    if brought.letter is not None and str(brought.letter) not in sent:
        message = "Name a hand-off of this referral that your unit has sent."
        return errors.invalid_input([Fault("/letter", "unknown", message)])
    counted = "SELECT count(*)::text FROM referral.attachment WHERE case_id = $1"
    if int(await scalar(session.connection, counted, held.locked.case_id)) >= MOST:
        message = f"A case has at most {MOST} files. Put several into one document."
        return errors.invalid_input([Fault("/file", "too-many", message)])
    return None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in hand: what it should be, its bytes, and the case's key for the copy to view."""

    attachment_id: UUID
    media_type: str
    tries: int
    content: bytes
    key: SubjectKey

    def __repr__(self) -> str:
        """Never the content."""
        return f"Waiting({self.attachment_id})"


async def take_in_hand(
    session: WriteSession, attachment_id: UUID, *, now: datetime
) -> Waiting | None:
    """A file that waits, for some minutes; None when another has it."""
    claim = "SELECT referral.claim_attachment($1, $2, $3)"
    row = await as_json(session.connection, claim, attachment_id, now, now + IN_HAND)
    if row is None:
        return None
    [key] = keys_of(session, [row["key"]]).values()
    kept = await scalar(session.connection, "SELECT referral.quarantined($1)", attachment_id)
    try:
        content = key.open(bytes(kept or b""), room=_ROOM, column="original", row=attachment_id)
    except SealBrokenError:
        content = b""  # altered or lost where it lies: found broken, and said so
    return Waiting(attachment_id, row["media_type"], row["tries"], content, key)


async def look_through(waiting: Waiting, scan: Scan) -> Viewable | Refused:
    """Scanned, read to its end and made anew. Raises ScannerDownError: then it goes on waiting.

    What was in hand so often without a verdict brought down whoever looked: it is refused unread.
    """
    if waiting.tries > TRIES:
        return Refused("unreadable", "Nobody could look through it. Print and scan it.")
    infected = await scan(waiting.content)
    if infected is not None:
        return infected
    return await asyncio.to_thread(BY_TYPE[waiting.media_type].seen, waiting.content)


async def put_back(session: WriteSession, waiting: Waiting) -> None:
    """No verdict through no fault of the file: it waits again, and this was no try."""
    statement = "SELECT referral.put_back_attachment($1)::text"
    await scalar(session.connection, statement, waiting.attachment_id)


async def settle(
    session: WriteSession, waiting: Waiting, verdict: Viewable | Refused, *, now: datetime
) -> str | None:
    """What was found stands; who sent a refused file is told. None when another was quicker."""
    attachment = waiting.attachment_id
    row = await as_json(session.connection, "SELECT referral.lock_attachment($1)", attachment)
    if row is None:
        return None
    ledger = Ledger(UUID(row["case_id"]), now, why="clockwork")
    state = _found(ledger, attachment, row["by_unit"], verdict)
    head = Head.from_row(row["head"])
    await post(session, ledger, actor=None, head=head, key=waiting.key)
    if isinstance(verdict, Viewable):
        view = waiting.key.seal(verdict.copy, room=_ROOM, column="view", row=attachment)
        keep = "SELECT referral.keep_content($1, 'view', $2)"
        await scalar(session.connection, keep, attachment, view)
    return state


def _found(ledger: Ledger, attachment: UUID, by_unit: str, verdict: Viewable | Refused) -> str:
    code = verdict.code if isinstance(verdict, Refused) else None
    state = "refused" if code else "viewable"
    ledger.add(
        "attachment_findings",
        id=str(attachment),
        state=state,
        code=code,
        looked_at=ledger.at.isoformat(),
    )
    done = Done.ATTACHMENT_REFUSED if code else Done.ATTACHMENT_PASSED
    ledger.log(done, "attachment", attachment, from_="quarantined", to=state, code=code)
    if code:
        ledger.tell(done.value, by_unit, None)
    return state
