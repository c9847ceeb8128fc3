"""Reading the steps of a track and their clocks: one mapping in, frozen values out."""

from __future__ import annotations

from protocols.decision import LimitBasis, RungKind
from protocols.document import Item, Section
from protocols.facts import Group
from protocols.law import (
    HOLDER,
    ROLES,
    Asking,
    Clock,
    Ladder,
    Level,
    Route,
    Rung,
    Step,
)
from protocols.lifecycle import Act, Kind
from protocols.reader import Reader

STANDARD = "standard"  # the ladder of a clock that names none

_STEP_REQUIRED = ("title", "kind", "ask", "follows", "basis", "sources")
_STEP_OPTIONAL = (
    *("instruction", "then", "last", "level", "when", "travels", "requires", "declines"),
    *("if_failed", "outcomes", "repeat", "lead", "clocks"),
)
_CLOCK_REQUIRED = ("from", "until", "limit", "basis", "sources")
_CLOCK_OPTIONAL = (
    *("title", "at_once", "first_day", "last_day", "days_of", "runs_if", "ladder"),
    *("escalates_to", "restarts", "recurs", "survives_closing"),
)
_RUNG_WORDS = {
    "remind": RungKind.REMINDER,
    "alert": RungKind.ALERT,
    "agenda": RungKind.AGENDA,
    "ask": RungKind.FALL_BACK,
}
_CALLED = (
    *("receiver", "holder", "sender", "escalation"),
    *("supervisor_of_receiver", "supervisor_of_holder", "supervisor_of_sender"),
)
_PERCENT = 100


def read_step(reader: Reader, step: str, item: Item, declines: dict[str, str]) -> Step:
    """One step. ``declines``: the track's table, which the step's own entries override."""
    section = Section(
        item,
        f"step {step}",
        reader.problems,
        required=_STEP_REQUIRED,
        optional=_STEP_OPTIONAL,
    )
    kind = section.choice("kind", Kind, Kind.TASK)
    ask, asking = _recipients(reader, section)
    then, last = section.words("then"), section.text("last") or None
    reader.among(section, "then", then, reader.country.mandates, "mandate of the country")
    reader.among(section, "last", (last or "",), reader.country.mandates, "mandate of the country")
    outcomes = section.words("outcomes")
    reader.among(section, "outcomes", outcomes, reader.country.outcomes, "outcome of the country")
    requires = section.words("requires")
    reader.among(section, "requires", requires, reader.country.documents, "document of the country")
    asked = ask != (HOLDER,) and kind is not Kind.NOTICE
    # The track's table may say "last"; a step without one then asks the next.
    inherited = {
        reason: Route.NEXT if route == Route.LAST and last is None else route
        for reason, route in declines.items()
    }
    return Step(
        id=step,
        title=reader.labels(section, "title"),
        instruction=reader.labels(section, "instruction"),
        kind=kind,
        ask=ask,
        asking=asking,
        then=then,
        last=last,
        level=section.choice("level", Level, Level.PLACE),
        follows=reader.triggers(section, "follows"),
        when=reader.condition(section),
        basis=section.choice("basis", LimitBasis, LimitBasis.ASSUMPTION),
        sources=reader.sources(section),
        travels=_travels(reader, section),
        requires=requires,
        declines={**inherited, **read_declines(reader, section)} if asked else {},
        if_failed=section.text("if_failed", Route.NEXT),
        outcomes=outcomes,
        repeat=section.whole("repeat", 1),
        lead=section.flag("lead"),
        spot=section.spot,
    )


def read_declines(reader: Reader, section: Section) -> dict[str, str]:
    """Reason -> where the hand-off goes then."""
    table = section.section("declines")
    reasons = reader.country.reasons[Act.DECLINE]
    reader.among(section, "declines", [reason for reason, _ in table], reasons, "reason to decline")
    return {reason: table.text(reason) for reason, _ in table}


def _recipients(reader: Reader, section: Section) -> tuple[tuple[str, ...], Asking]:
    """``ask: X`` or ``ask: {any_of: [X, Y]}`` or ``ask: {all_of: [X, Y]}``."""
    item = section.items.get("ask")
    asking, named = Asking.ONE, section
    name = "ask"
    if item is not None and not isinstance(item.value, str):
        named = section.section("ask", optional=(Asking.ANY_OF, Asking.ALL_OF))
        name = Asking.ANY_OF if Asking.ANY_OF in named else Asking.ALL_OF
        asking = Asking(name)
        if len(list(named)) != 1:
            reader.problems.error(
                section.at("ask"),
                f"'ask' of {section.where} must say one mandate, or any_of, or all_of",
                "Write 'ask: MANDATE', 'ask: {any_of: [...]}' or 'ask: {all_of: [...]}'",
            )
    mandates = named.words(name)
    reader.among(
        named, name, mandates, (*reader.country.mandates, *ROLES), "mandate of the country"
    )
    return mandates, asking


def _travels(reader: Reader, section: Section) -> frozenset[Group]:
    """Field groups the recipient may read; the envelope and the facts if nothing is said."""
    if "travels" not in section:
        return frozenset({Group.ENVELOPE, Group.FACTS})
    named = section.words("travels")
    reader.among(section, "travels", named, set(Group), "field group")
    return frozenset(Group(word) for word in named if word in set(Group))


def read_clocks(reader: Reader, step: str, item: Item) -> list[Clock]:
    """The clocks written under a step; their ids are ``<step>.<name>``."""
    step_section = Section(item, f"step {step}", reader.problems)
    clocks = step_section.section("clocks")
    return [_clock(reader, step, name, entry, step_section) for name, entry in clocks]


def _clock(reader: Reader, step: str, name: str, item: Item, parent: Section) -> Clock:
    section = Section(
        item,
        f"clock {step}.{name}",
        reader.problems,
        required=_CLOCK_REQUIRED,
        optional=_CLOCK_OPTIONAL,
    )
    for key in ("escalates_to", "days_of"):
        named = (section.text(key),)
        reader.among(section, key, named, reader.country.mandates, "mandate of the country")
    return Clock(
        id=f"{step}.{name}",
        step=step,
        title=reader.labels(section if "title" in section else parent, "title"),
        start=reader.triggers(section, "from", step),
        stop=reader.triggers(section, "until", step),
        limit=reader.limit(section),
        basis=section.choice("basis", LimitBasis, LimitBasis.ASSUMPTION),
        sources=reader.sources(section),
        ladder=section.text("ladder", STANDARD),
        at_once=section.flag("at_once"),
        escalates_to=section.text("escalates_to") or None,
        calendar_of=section.text("days_of") or None,
        when=reader.condition(section, "runs_if"),
        restarts=section.flag("restarts"),
        recurs=section.flag("recurs"),
        survives=section.flag("survives_closing"),
        spot=section.spot,
    )


def read_ladder(reader: Reader, name: str, item: Item) -> Ladder:
    """One ladder: rungs in the order in which they fire."""
    section = Section(item, f"ladder {name}", reader.problems, required=("sources", "rungs"))
    rungs = tuple(_rung(reader, name, entry) for entry in section.entries("rungs"))
    if "rungs" in section and not rungs:
        reader.problems.error(
            section.at("rungs"),
            f"the ladder {name} has no rung: nobody would be told",
            "Add at least one, like '- {at: 100 %, alert: sender}'",
        )
    return Ladder(
        name,
        tuple(sorted(rungs, key=lambda rung: rung.share)),
        reader.sources(section),
    )


def _rung(reader: Reader, name: str, item: Item) -> Rung:
    section = Section(
        item, f"a rung of ladder {name}", reader.problems, required=("at",), optional=_RUNG_WORDS
    )
    words = [word for word in _RUNG_WORDS if word in section]
    if len(words) != 1:
        reader.problems.error(
            item.spot,
            f"a rung of ladder {name} must say one of {', '.join(sorted(_RUNG_WORDS))}",
            "Write it like '{at: 100 %, alert: sender}'; several acts are several rungs",
        )
        return Rung(1.0, RungKind.ALERT)
    word = words[0]
    called = section.words(word)
    if word == "ask":
        reader.among(section, word, called, ("next",), "recipient of a rung")
        called = ()
    else:
        allowed = (*_CALLED, *reader.country.mandates)
        reader.among(section, word, called, allowed, "recipient of a rung")
    return Rung(_share(reader, section), _RUNG_WORDS[word], called)


def _share(reader: Reader, section: Section) -> float:
    written = section.text("at").removesuffix("%").strip()
    if written.isdigit() and int(written) > 0:
        return int(written) / _PERCENT
    reader.problems.error(
        section.at("at"),
        f"'{section.text('at')}' is no share of the limit",
        "Write it like '50 %'; 100 % is the end of the limit, 150 % half of it later",
    )
    return 1.0
