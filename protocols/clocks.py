"""Reading the clocks written under a step: what starts and stops them, how long, who is told.

One mapping in, frozen values out. How long a limit lasts on a calendar is ``working_time``'s
business, what happens on the way ``ladders``'.
"""

from __future__ import annotations

from protocols.decision import LimitBasis
from protocols.document import Item
from protocols.ladders import STANDARD
from protocols.law import Clock
from protocols.reader import Reader
from protocols.section import Section

_CLOCK_REQUIRED = ("from", "until", "limit", "basis", "sources")
_CLOCK_OPTIONAL = (
    *("title", "at_once", "first_day", "last_day", "days_of", "runs_if", "ladder"),
    *("escalates_to", "restarts", "recurs", "survives_closing"),
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
        spot=section.spot,
    )
