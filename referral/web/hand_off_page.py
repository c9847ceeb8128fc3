"""What the page of one hand-off shows: what is asked, why, by when, what may be known and done.

Built from what the rooms answered; nothing is fetched and nothing decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from referral.queries import HandOffLine, HandOffSeen, Untold
from referral.web.act_forms import ActForm, Tried, act_forms
from referral.web.fields import Faults
from referral.web.forms import new_key
from referral.web.limits import Limit, limit_shown
from referral.web.lines import UNNAMED, Line, Reader
from referral.web.notice_words import warning
from referral.web.wording import Citation, fact_lines


@dataclass(frozen=True, slots=True)
class HandOff:
    """The page of one hand-off."""

    address: str
    box: str  # in which list of the reader's it stands
    case_address: str
    letter: str | None
    receipt: str | None
    heading: str
    line: Line
    until: str
    rows: tuple[tuple[str, str], ...]
    instruction: str
    sources: tuple[Citation, ...]
    rule: str
    facts: tuple[tuple[str, str], ...]
    limits: tuple[Limit, ...]
    notes: tuple[tuple[str, str, str], ...]
    forms: tuple[ActForm, ...]
    key: str
    version: int
    done: str
    faults: Faults
    untold: tuple[str, ...]


def hand_off_view(
    seen: HandOffSeen,
    reader: Reader,
    places: Mapping[str, str],
    tried: Tried,
    done: str,
    untold: Sequence[Untold],
) -> HandOff:
    """The page. ``tried``: the form that was sent and came back."""
    line, law, clock = seen.line, reader.law, reader.clock
    protocol = law.protocol(line)
    step = protocol.steps.get(line.step) if protocol else None
    return HandOff(
        address=f"/hand-offs/{line.id}",
        box=reader.box_of(line),
        case_address=f"/cases/{line.case_id}",
        letter=f"/hand-offs/{line.id}/letter" if law.catalogue.letters(law.country.iso2) else None,
        receipt=f"/hand-offs/{line.id}/receipt" if line.accepted_at and not line.imported else None,
        heading=law.step_title(line, line.step),
        line=reader.line(line),
        until="Answer by" if line.state in {"requested", "received"} else "Next limit",
        rows=_rows(line, reader, places.get(line.jurisdiction, line.jurisdiction), seen.docket),
        instruction=step.instruction.get("en", "") if step else "",
        sources=law.cited(seen.reason.get("sources", ())),
        rule=law.ground(line, str(seen.reason.get("rule", ""))),
        facts=tuple(fact_lines(seen.facts)),
        limits=tuple(limit_shown(one, law, clock, line) for one in seen.clocks),
        notes=tuple((kind.capitalize(), clock.moment(at), words) for kind, at, words in seen.notes),
        forms=act_forms(seen, reader.actor, law, protocol, tried),
        key=tried.sent.one("key") or new_key(),
        version=line.version,
        done=done,
        faults=tried.faults,
        untold=tuple(warning(one) for one in untold),
    )


def _rows(
    line: HandOffLine, reader: Reader, place: str, docket: str | None
) -> tuple[tuple[str, str], ...]:
    law, clock = reader.law, reader.clock
    receiver = line.receiver_agency or law.label(line.mandate)
    rows = [
        ("Sent by", line.sender_agency or UNNAMED),
        (
            "Sent to",
            f"{receiver}, {line.receiver_unit_name}" if line.receiver_unit_name else receiver,
        ),
        ("Asked as", law.label(line.mandate)),
        ("Track", law.track_title(line)),
        ("Protocol", f"version of {line.protocol_version}"),
        ("Place", place),
        ("Requested", clock.moment(line.requested_at)),
    ]
    moments = (
        ("Received", line.received_at),
        ("Accepted", line.accepted_at),
        ("First contact", line.first_contact_at),
        ("Started", line.started_at),
        ("Look again", line.review_at),
        ("Ended", line.ended_at),
    )
    rows += [(name, clock.moment(at)) for name, at in moments if at is not None]
    if line.reason_code:
        rows.append(("Reason", law.label(line.reason_code)))
    if line.outcome:
        rows.append(("Outcome", law.label(line.outcome)))
    if docket:
        rows.append(("Own file number", docket))
    return tuple(rows)
