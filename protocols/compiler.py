"""From a track's file to a frozen ``Protocol``, or to the list of everything that is wrong.

The parts are read by ``steps``, ``clocks``, ``ladders`` and ``provisions``; cross-checks are
``soundness``. What is wrong is added to
``problems`` and reading goes on, so the value that comes out may be used only after
``problems.settle()``. No partial loads: whoever calls this settles before keeping anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from protocols.clocks import read_clocks
from protocols.conditions import InBand
from protocols.country import Country
from protocols.document import Item
from protocols.grammar import TOPICS, FactShape, Words
from protocols.ladders import read_ladder
from protocols.law import Applies, Clock, Stage, Step
from protocols.overrides import adopt, read_overrides
from protocols.problems import Problems
from protocols.protocol import Protocol
from protocols.provisions import (
    read_closings,
    read_events,
    read_exclusions,
    read_gates,
    read_review,
)
from protocols.reader import Reader
from protocols.section import Section
from protocols.soundness import check
from protocols.steps import read_declines, read_step
from protocols.vocabulary import Vocabulary
from protocols.working_time import Calendars

LAWFUL_BASES = ("CONSENT", "LEGAL_OBLIGATION", "VITAL_INTEREST", "PUBLIC_TASK")  # standards 9.2

_REQUIRED = (
    *("track", "title", "takes_force", "stage", "lawful_basis", "applies"),
    *("steps", "ladders", "review", "closes"),
)
_OPTIONAL = (
    *("asks_for", "bands", "declines", "events", "excludes", "gates", "sources"),
    *("overrides",),
)


def compile_track(
    item: Item,
    country: Country,
    calendars: Calendars,
    vocabulary: Vocabulary,
    problems: Problems,
) -> Protocol:
    """One track's file, read and checked; use the answer only if no error was added."""
    section = Section(item, "the track", problems, required=_REQUIRED, optional=_OPTIONAL)
    facts = shapes_of(vocabulary)
    bands = _bands(section, facts, problems)
    reader = Reader(country, Words(facts, bands), problems)
    declines = read_declines(reader, section)

    def read(reader: Reader, items: Mapping[str, Item]) -> tuple[dict[str, Step], dict[str, Clock]]:
        steps = {name: read_step(reader, name, one, declines) for name, one in items.items()}
        clocks = [clock for name, one in items.items() for clock in read_clocks(reader, name, one)]
        return steps, {clock.id: clock for clock in clocks}

    steps, clocks = read(reader, dict(section.section("steps")))
    overrides, local = read_overrides(reader, section, read)
    review, every = read_review(reader, section)
    if review.id in {*steps, *(name for one in overrides for name in one.steps)}:
        problems.error(
            review.spot,
            f"the review is called {review.id}, as a step of the track is",
            "Give the review a name of its own",
        )
    takes_force = section.day("takes_force")
    protocol = Protocol(
        country=country.iso2,
        track=section.text("track"),
        version=takes_force.isoformat(),
        in_force_from=takes_force,
        stage=section.choice("stage", Stage, Stage.DRAFT),
        title=reader.labels(section, "title"),
        lawful_basis=_lawful(reader, section),
        applies=_applies(reader, section),
        steps={**steps, review.id: review},
        clocks=clocks,
        ladders={name: read_ladder(reader, name, one) for name, one in section.section("ladders")},
        events=read_events(reader, section),
        closings=read_closings(reader, section),
        review=every,
        calendars=calendars,
        exclusions=read_exclusions(reader, section),
        gates=read_gates(reader, section),
        asks_for=_asks_for(reader, section),
        sources=reader.sources(section),
        overrides=overrides,
        local=local,
        reasons=country.codes,
        spot=section.spot,
    )
    check(protocol, reader)
    for one in local:
        mine = Problems()
        check(protocol.at(one.places[0]), replace(reader, problems=mine))
        adopt(problems, mine, one.overrides)
    return protocol


def shapes_of(vocabulary: Vocabulary) -> dict[str, FactShape]:
    """What conditions need of the closed list: type and codes per fact."""
    return {
        entry.name: FactShape(str(entry.type), frozenset(entry.allowed)) for entry in vocabulary
    }


def _bands(section: Section, facts: dict[str, FactShape], problems: Problems) -> dict[str, InBand]:
    found: dict[str, InBand] = {}
    for name, item in section.section("bands"):
        one = Section(item, f"band {name}", problems, required=("fact", "from", "to"))
        fact, low, high = one.text("fact"), one.whole("from"), one.whole("to")
        if fact not in facts or facts[fact].type != "whole":
            problems.error(
                one.at("fact"),
                f"the band {name} is of '{fact}', which is no whole number of the closed list",
                "Use a fact of type 'whole', like 'age'",
            )
        if low > high:
            problems.error(
                one.at("from"),
                f"the band {name} ends before it begins",
                "Exchange 'from' and 'to'; both ends belong to the band",
            )
        if name in facts or name in TOPICS:
            problems.error(
                item.spot, f"the band {name} has the name of a fact", "Choose another name"
            )
        found[name] = InBand(name, fact, low, high)
    return found


def _lawful(reader: Reader, section: Section) -> str:
    basis = section.text("lawful_basis")
    reader.among(section, "lawful_basis", (basis,), LAWFUL_BASES, "lawful basis")
    return basis


def _applies(reader: Reader, section: Section) -> Applies:
    applies = section.section(
        "applies", required=("when", "rank", "sources"), optional=("triage_if_reported",)
    )
    reported = applies.words("triage_if_reported")
    reader.among(applies, "triage_if_reported", reported, TOPICS, "topic")
    return Applies(
        when=reader.condition(applies),
        rank=applies.whole("rank"),
        reported=frozenset(reported),
        sources=reader.sources(applies),
        default=section.text("track") == reader.country.default_track,
    )


def _asks_for(reader: Reader, section: Section) -> tuple[str, ...]:
    asked = section.words("asks_for")
    reader.among(section, "asks_for", asked, reader.words.facts, "fact of the closed list")
    return asked
