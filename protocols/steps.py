"""Reading the steps of a track: who is asked for what, after what, and where a decline goes.

One mapping in, frozen values out. The limits written under a step are read by ``clocks``; whether
the steps fit each other is ``soundness``'s business.
"""

from __future__ import annotations

from protocols.decision import LimitBasis
from protocols.document import Item
from protocols.facts import Group
from protocols.law import HOLDER, ROLES, Asking, Level, Panel, Route, Step
from protocols.lifecycle import Act, Kind
from protocols.reader import Reader
from protocols.section import Section

_STEP_REQUIRED = ("title", "kind", "ask", "follows", "basis", "sources")
_STEP_OPTIONAL = (
    *("instruction", "then", "last", "level", "when", "travels", "requires", "declines"),
    *("if_failed", "outcomes", "repeat", "lead", "clocks", "panel"),
)


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
        panel=_panel(reader, section) if "panel" in section else None,
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


def _panel(reader: Reader, step: Section) -> Panel:
    """What is written under a step's ``panel``."""
    section = step.section("panel", required=("sits", "quorum", "agree"), optional=("must_sit",))
    sits, must = section.words("sits"), section.words("must_sit")
    reader.among(section, "sits", sits, reader.country.mandates, "mandate of the country")
    reader.among(section, "must_sit", must, sits, "mandate that sits in this panel")
    for name in ("quorum", "agree"):
        number = section.whole(name, 1)
        if not 1 <= number <= len(sits):
            reader.problems.error(
                section.at(name),
                f"{section.where} says '{name}: {number}', and {len(sits)} sit in it",
                f"Write a number from 1 to {len(sits)}, or add mandates under 'sits'",
            )
    return Panel(sits, section.whole("quorum", 1), section.whole("agree", 1), must, section.spot)


def _travels(reader: Reader, section: Section) -> frozenset[Group]:
    """Field groups the recipient may read; the envelope and the facts if nothing is said."""
    if "travels" not in section:
        return frozenset({Group.ENVELOPE, Group.FACTS})
    named = section.words("travels")
    reader.among(section, "travels", named, set(Group), "field group")
    return frozenset(Group(word) for word in named if word in set(Group))
