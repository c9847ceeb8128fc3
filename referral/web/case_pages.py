"""What the page of a case shows: persons, referrals, what is sealed and what can be recorded.

Built from what the rooms answered; nothing is fetched and nothing decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocols.country import said
from protocols.protocol import Protocol
from protocols.vocabulary import load_vocabulary
from referral import access
from referral.queries import CaseSeen, PanelSeen, PersonSeen, ReferralSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.filed_page import Finding, findings, needs_shown, withheld_shown
from referral.web.forms import new_key
from referral.web.limits import Limit, limit_shown
from referral.web.lines import UNNAMED, Line, Reader
from referral.web.panel_page import panel_steps
from referral.web.wording import (
    LANGUAGE,
    PERSON_ROLES,
    RESULTS,
    TOPICS,
    Citation,
    Clockface,
    Law,
    Tag,
    fact_lines,
    urgency_tag,
)

_ON_PAPER: Final = {"ENTERED_IN_ERROR": "entered in error", "MERGED": "merged"}
_TOGETHER: Final = 50  # persons on one page
SEALED: Final = {"G2": "Identity", "G3": "Safety: where the person is", "G4": "Narrative and notes"}


_HELD: Final = "A legal hold stands: nothing of this case is erased, struck out or merged."


@dataclass(frozen=True, slots=True)
class PersonShown:
    """One person of the case."""

    heading: str
    findings: tuple[Finding, ...]
    facts: tuple[tuple[str, str], ...]
    sealed: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class ReferralShown:
    """One referral: who holds it, what it waits for, who was not asked."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    limits: tuple[Limit, ...]  # the holder's own
    needed: tuple[tuple[str, str], ...]
    withheld: tuple[tuple[str, str, tuple[Citation, ...]], ...]
    address: str
    note: Params | None
    event: tuple[tuple[str, Params], ...]
    panels: tuple[tuple[str, str], ...]  # address and title of each form
    override: tuple[tuple[str, Params], ...]
    reassign: tuple[tuple[str, Params], ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """The case."""

    address: str
    reference: str
    urgency: Tag | None
    rows: tuple[tuple[str, str], ...]
    twice: tuple[tuple[str, str, str], ...]  # words, address and reference of the same, filed twice
    facts: tuple[tuple[str, str], ...]
    persons: tuple[PersonShown, ...]
    referrals: tuple[ReferralShown, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str, str], ...]
    opening: tuple[tuple[str, Params], ...]
    others: tuple[tuple[str, str], ...]  # of a large group: address and words of the other parts
    onward: str  # so that what is opened is of the persons on this page
    opened: tuple[str, ...]
    empty: tuple[str, ...]
    warnings: tuple[str, ...]
    key: str
    done: str
    decides: bool  # who else may know of it
    files: bool  # whether she may see which there are
    consents: bool
    faults: Faults = NONE


def case_view(
    seen: CaseSeen,
    reader: Reader,
    place: str,
    sent: Sent,
    faults: Faults,
    done: str,
    *,
    first: int = 1,
) -> CasePage:
    """The case as it was seen; what was opened stands with each person.

    Of a large group some persons were read, from ``first`` on, with what concerns them.
    """
    clock = reader.clock
    return CasePage(
        address=f"/cases/{seen.id}",
        reference=seen.reference,
        urgency=urgency_tag(seen.urgency),
        rows=_rows(seen, reader, place),
        twice=_twice(seen),
        facts=(*fact_lines(seen.facts or {}), *_words(seen.workplace)),
        persons=tuple(_person(one, seen) for one in seen.persons),
        referrals=tuple(_referral(one, seen, reader, sent, faults) for one in seen.referrals),
        lines=tuple(reader.line(one) for one in seen.hand_offs),
        notes=tuple((kind.capitalize(), clock.moment(at), words) for kind, at, words in seen.notes),
        opening=_opening(seen, sent, faults),
        others=_others(seen, first),
        onward=f"?from={first}" if first > 1 else "",
        opened=tuple(SEALED[group] for group in seen.opened if group in SEALED),
        empty=tuple(
            SEALED[group] for group in seen.opened if group in SEALED and not _holds(seen, group)
        ),
        warnings=(
            *((_HELD,) if seen.legal_hold else ()),
            *(str(one.get("message") or one.get("code") or one) for one in seen.warnings),
        ),
        key=new_key(),
        done=done,
        decides=access.offered("approve", seen.relationships),
        files=access.offered("read_narrative", seen.relationships),
        consents=access.offered("see_consents", seen.relationships),
        faults=faults,
    )


def _twice(seen: CaseSeen) -> tuple[tuple[str, str, str], ...]:
    """The same situation under another reference, where the reader works on that one too."""
    older = [("Filed twice; see", case, name) for case, name in seen.older]
    newer = [("Filed again as", case, name) for case, name in seen.newer]
    return tuple((words, f"/cases/{case}", name) for words, case, name in (*older, *newer))


def page_from(first: int) -> range:
    """The numbers of the persons on one page, from this one on."""
    return range(first, first + _TOGETHER)


def _others(seen: CaseSeen, first: int) -> tuple[tuple[str, str], ...]:
    last = seen.last_number
    if last <= _TOGETHER:
        return ()
    return tuple(
        (f"/cases/{seen.id}?from={start}", f"Persons {start} to {min(start + _TOGETHER - 1, last)}")
        for start in range(1, last + 1, _TOGETHER)
        if start != first
    )


def _rows(seen: CaseSeen, reader: Reader, place: str) -> tuple[tuple[str, str], ...]:
    clock = reader.clock
    by_day = seen.occurred_precision == "day"
    rows = [
        ("Place", place),
        ("Reported", TOPICS.get(seen.reported or "", "Not sure")),
        ("Seen or reported on", (clock.day if by_day else clock.moment)(seen.occurred_at)),
        ("Filed", clock.moment(seen.filed_at)),
    ]
    if seen.urgency == "emergency":
        waiting = f"not yet; {seen.voice_attempts} attempts"
        reached = clock.moment(seen.voice_contact_at) if seen.voice_contact_at else waiting
        rows.append(("Voice contact", reached))
    return tuple(rows)


def _holds(seen: CaseSeen, group: str) -> bool:
    """Whether anything came of opening this group."""
    if group == "G4" and seen.notes:
        return True
    name = {"G2": "identity", "G3": "safety", "G4": "narrative"}[group]
    return any(getattr(one, name) for one in seen.persons)


def _words(told: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace("_", " ").capitalize(), str(words)) for name, words in (told or {}).items()
    )


def _person(one: PersonSeen, seen: CaseSeen) -> PersonShown:
    about = (
        ""
        if one.identified or one.role != "concerned"
        else f", not yet identified, about {one.headcount}"
    )
    about = ", erased" if one.erased_at is not None else about
    opened = (("G2", one.identity), ("G3", one.safety), ("G4", one.narrative))
    return PersonShown(
        heading=f"Person {one.number}: {PERSON_ROLES.get(one.role, one.role).lower()}{about}",
        findings=findings(one.findings, one.overrides),
        facts=tuple(fact_lines(one.facts or {})),
        sealed=tuple(
            (SEALED[group], _sealed(told))
            for group, told in opened
            if group in seen.opened and told
        ),
    )


def _sealed(told: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    facts = dict(told or {})
    known = load_vocabulary()
    lines = fact_lines({name: facts[name] for name in facts if name in known})
    return (*_words({name: facts[name] for name in facts if name not in known}), *lines)


def _referral(
    one: ReferralSeen, seen: CaseSeen, reader: Reader, sent: Sent, faults: Faults
) -> ReferralShown:
    law, clock, protocol = reader.law, reader.clock, reader.law.protocol(one)
    number = next((p.number for p in seen.persons if p.id == one.person_id), 0)
    holder = one.holder_agency or UNNAMED
    rows = [
        ("Holder", f"{holder}, since {clock.moment(one.holder_since)}"),
        ("State", state_words(one)),
        ("Protocol", f"version of {one.protocol_version}"),
        ("Lawful basis", one.lawful_basis.replace("_", " ").capitalize()),
    ]
    rows += [
        ("Panel", _panel(panel, law, clock)) for panel in seen.panels if panel.referral_id == one.id
    ]
    lead = ", lead" if one.lead else ""
    address = f"/cases/{seen.id}/referrals/{one.id}"
    return ReferralShown(
        heading=f"{law.track_title(one)}: person {number}{lead}",
        rows=tuple(rows),
        limits=tuple(limit_shown(limit, law, clock, one) for limit in one.clocks),
        needed=needs_shown((one,), law),
        withheld=withheld_shown(one.withheld, law),
        address=address,
        note=_note(one, sent, faults),
        event=_event(one, protocol.at(seen.place) if protocol else None, law, sent, faults),
        override=_override(one, sent, faults),
        reassign=_reassign(one, faults),
        panels=tuple(
            (f"{address}/panels/{step.id}", said(step.title, LANGUAGE))
            for step in panel_steps(seen, one, reader).values()
        ),
    )


def _panel(panel: PanelSeen, law: Law, clock: Clockface) -> str:
    sat = ", ".join(law.label(mandate) for mandate in panel.present)
    votes = f"{panel.agreeing} of {len(panel.present)} agreed"
    return f"{law.label(panel.outcome)}, {clock.moment(panel.occurred_at)}; {votes} ({sat})"


def state_words(one: ReferralSeen) -> str:
    """Open, in triage, or closed with its outcome."""
    if one.state == "closed":
        outcome = one.outcome or "no outcome"
        return f"Closed, {_ON_PAPER.get(outcome, outcome)}"
    return "Open, in triage: too little is known" if one.triage else "Open"


def _may(one: ReferralSeen, action: str) -> bool:
    return access.offered(action, one.relationships)


def _note(one: ReferralSeen, sent: Sent, faults: Faults) -> Params | None:
    if not _may(one, "add_note"):
        return None
    field = Fields(sent, faults).area(
        f"note-{one.id}", "Note", rows=3, hint="Sealed with the narrative"
    )
    return {**field, "name": "note"}


def _override(one: ReferralSeen, sent: Sent, faults: Faults) -> tuple[tuple[str, Params], ...]:
    """Another result than the screening's."""
    if not _may(one, "override_screening") or one.state != "open":
        return ()
    make, tail = Fields(sent), str(one.id)
    results = [(code, RESULTS[code][0]) for code in ("indicated", "possible", "not_indicated")]
    shown = (
        ("select", make.choice("topic", "About", [*TOPICS.items()], empty="Choose")),
        ("select", make.choice("result", "Your result", results, empty="Choose")),
        ("textarea", make.area("reason", "Why", rows=2, hint="Sealed with the narrative")),
    )
    return tuple((kind, _own(params, tail, faults)) for kind, params in shown)


def _reassign(one: ReferralSeen, faults: Faults) -> tuple[tuple[str, Params], ...]:
    """Who of the unit is in charge: offered to its supervisor."""
    if not _may(one, "reassign") or one.state != "open":
        return ()
    make, tail = Fields(Sent()), str(one.id)
    who = make.text("user_name", "User name", hint="Leave empty for the whole unit")
    shown = (("input", who), ("input", make.text("reason", "Why", hint="Kept in the log")))
    return tuple((kind, _own(params, tail, faults)) for kind, params in shown)


def _event(
    one: ReferralSeen, protocol: Protocol | None, law: Law, sent: Sent, faults: Faults
) -> tuple[tuple[str, Params], ...]:
    """What may have happened: the protocol's events, and the ends of steps the holder keeps."""
    if protocol is None or not _may(one, "record_event"):
        return ()
    options = [(name, said(event.title, LANGUAGE)) for name, event in protocol.events.items()]
    for step in protocol.steps.values():
        if step.kept and step.panel is None:
            ends = step.outcomes or ("completed",)
            title = said(step.title, LANGUAGE)
            options += [(f"{step.id} {end}", f"{title}: {law.label(end)}") for end in ends]
    make, tail = Fields(sent), str(one.id)
    choice = make.choice("event", "What happened", options, empty="Choose what happened")
    day, time = (
        make.day("occurred_at", "Day it happened", hint="Leave empty for now"),
        make.time("occurred_at", "Time"),
    )
    shown = (("select", choice), ("input", day), ("input", time))
    return tuple((kind, _own(params, tail, faults)) for kind, params in shown)


def _own(params: Params, tail: str, faults: Faults) -> Params:
    """A field that stands on the page once per referral, and what was wrong with this one."""
    name = f"{params['id']}-{tail}"
    told = faults.of.get(name)
    return {**params, "id": name} | ({"errorMessage": {"text": told}} if told else {})


def _opening(seen: CaseSeen, sent: Sent, faults: Faults) -> tuple[tuple[str, Params], ...]:
    """The deliberate act of opening sealed parts; nothing for whom the matrix has no cell."""
    actions = access.matrix().classes
    offered = [
        (group, words)
        for group, words in SEALED.items()
        if access.offered(actions[group], seen.relationships)
    ]
    if not offered:
        return ()
    make = Fields(sent, faults)
    why = "Needed unless you hold the case yourself; kept in the log"
    return (
        ("checkboxes", make.boxes("groups", "Open", offered)),
        ("input", make.text("reason", "Why", hint=why)),
    )
