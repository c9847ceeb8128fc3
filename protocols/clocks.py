"""Reading the clocks written under a step: what starts, stops and prolongs them, who is told.

One mapping in, frozen values out. How long a limit lasts on a calendar is ``working_time``'s
business, what happens on the way ``ladders``'.
"""

from __future__ import annotations

from protocols.decision import LimitBasis
from protocols.document import Item
from protocols.ladders import STANDARD
from protocols.law import Clock, Extension, Pause
from protocols.reader import Reader
from protocols.section import Section
from protocols.working_time import Limit

_CLOCK_REQUIRED = ("from", "until", "limit", "basis", "sources")
_CLOCK_OPTIONAL = (
    *("title", "at_once", "first_day", "last_day", "days_of", "runs_if", "ladder"),
    *("escalates_to", "restarts", "recurs", "survives_closing"),
    *("pauses", "extends", "at_limit", "before"),
)


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
        pauses=_pauses(reader, section, step),
        extends=_extends(reader, section, step),
        at_limit=reader.triggers(section, "at_limit", step),
        before=section.words("before"),
        spot=section.spot,
    )


def _pauses(reader: Reader, clock: Section, step: str) -> Pause:
    """What makes a limit stand still, and what sets it going again."""
    if "pauses" not in clock:
        return Pause()
    section = clock.section("pauses", required=("from", "until"), optional=("sources",))
    return Pause(
        start=reader.triggers(section, "from", step),
        end=reader.triggers(section, "until", step),
        sources=reader.sources(section),
    )


def _extends(reader: Reader, clock: Section, step: str) -> Extension:
    """What lengthens a limit, to how much, how often."""
    if "extends" not in clock:
        return Extension()
    section = clock.section("extends", required=("by", "to", "sources"), optional=("at_most",))
    to = tuple(_longer(reader, section, clock, written) for written in section.words("to"))
    if section.whole("at_most", len(to)) != len(to):
        reader.problems.error(
            section.at("at_most"),
            f"{clock.where} is extended at most {section.whole('at_most')} times"
            f" and says {len(to)} times to how much",
            "Write one limit for each time, counted from the beginning: 'to: [7 cd, 14 cd]'",
        )
    return Extension(reader.triggers(section, "by", step), to, reader.sources(section))


def _longer(reader: Reader, section: Section, clock: Section, written: str) -> Limit:
    """The whole limit after an extension: its first and last day are those of the clock."""
    said = {name: clock.items[name] for name in ("first_day", "last_day") if name in clock}
    item = Item({**said, "limit": Item(written, section.at("to"))}, section.spot)
    return reader.limit(Section(item, section.where, reader.problems))
