"""The service's own history of one track, as lines a replay reads. Pseudonymised before it gets here.

A line tells what was known (facts of G1), where, when, by which mandates it was filed, and what then
happened by mandates and steps. Nothing of it can be traced: the database hands out no id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import text

from protocols.entries import FactType
from protocols.vocabulary import Vocabulary, load_vocabulary
from referral import errors
from referral.audit import Done
from referral.audit.ledger import Ledger, post
from referral.audit.streams import own_stream
from referral.database import decoded
from referral.errors import Refusal
from referral.session import Actor, Role, WriteSession

Row = Mapping[str, Any]
_READABLE: Final = {"G0", "G1"}
_ACTS: Final = (
    ("received_at", "acknowledges"),
    ("accepted_at", "accepts"),
    ("started_at", "starts"),
)
_ENDS: Final = {
    "completed": ("completes", "outcome"),
    "rejected": ("declines", "reason_code"),
    "failed": ("fails", "reason_code"),
}


async def history_of(
    session: WriteSession,
    actor: Actor,
    track: str,
    *,
    until: datetime | None = None,
    now: datetime,
) -> tuple[str, ...] | Refusal:
    """Every referral of the track in the actor's country, in order of filing, a line each.

    The reading is in the log before the first row is read. ``until``: when the history ends; the
    last moment anything is known of, if not given, so that the answer is the same tomorrow.
    """
    if actor.role is not Role.COORDINATOR:
        return errors.not_permitted("replay", Role.COORDINATOR.value)
    ledger = Ledger(None, now, why="role:COORDINATOR")
    ledger.log(Done.CASE_READ, "history", None, groups=["G0", "G1"], track=track)
    head, key = await own_stream(session, actor, ledger)
    await post(session, ledger, actor=actor, head=head, key=key)
    names = facts_read(load_vocabulary().in_country(actor.country))
    asked = text("SELECT referral.history_of(:track, :names)")
    rows = await session.connection.execute(asked, {"track": track, "names": list(names)})
    found = [told(decoded(row)) for row in rows.scalars()]
    ends = until.isoformat() if until else max((last for _, last in found), default="")
    return tuple(orjson.dumps(line | {"until": ends}).decode() for line, _ in found)


def facts_read(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Facts of the closed list that may leave: those of G0 and G1, and none that names an agency."""
    return tuple(
        one.name
        for one in vocabulary
        if str(one.group) in _READABLE and one.type is not FactType.AGENCIES
    )


def told(row: Row) -> tuple[dict[str, Any], str]:
    """One referral as a replay reads it, and the last moment known of it."""
    story = sorted([*_acts(row["hand_offs"]), *_events(row)], key=lambda one: str(one["at"]))
    late = [one["overdue_since"] for one in row["hand_offs"] if one["overdue_since"]]
    line = {name: row[name] for name in ("at", "place", "facts", "urgency", "count", "filed_by")}
    line |= {"reported": row["reported"]} if row["reported"] else {}
    line |= {"results": dict(row["results"]), "story": story}
    return line, max([row["at"], *(one["at"] for one in story), *late])


def _acts(hand_offs: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for one in hand_offs:
        for moment, verb in _ACTS:
            seen_by_itself = moment == "received_at" and one["received_at"] == one["accepted_at"]
            if one[moment] and not seen_by_itself:
                yield _entry(one[moment], f"{one['mandate']} {verb} {one['step']}")
        if one["ended_at"] and one["state"] in _ENDS:
            verb, code = _ENDS[one["state"]]
            words = f"{one['mandate']} {verb} {one['step']} with {one[code]}"
            yield _entry(one["ended_at"], words, one["panel"])


def _events(row: Row) -> Iterator[dict[str, Any]]:
    """What somebody recorded; what followed from an act or from it, the replay makes itself."""
    moments = {
        one[name]
        for one in row["hand_offs"]
        for name in ("received_at", "accepted_at", "started_at", "ended_at")
    }
    for one in row["events"]:
        if moments & {one["occurred_at"], one["recorded_at"]} or _follows(one, row["events"]):
            continue
        yield _entry(one["occurred_at"], f"recorded {one['event']}", one["panel"])


def _follows(one: Row, events: Sequence[Row]) -> bool:
    step, _, word = one["event"].rpartition(" ")
    others = [
        other["event"]
        for other in events
        if other is not one and other["recorded_at"] == one["recorded_at"]
    ]
    return word == "held" or (
        word == "completed" and any(other.startswith(f"{step} ") for other in others)
    )


def _entry(at: str, happens: str, panel: Any = None) -> dict[str, Any]:
    return {"at": at, "happens": happens} | ({"panel": panel} if panel else {})
