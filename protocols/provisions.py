"""Reading what a track lays down beside its steps: review, events, closings, exclusions and gates.

One part of the file in, frozen values out; what is wrong is added to the reader's problems. Whether
the parts fit each other is ``soundness``'s business.
"""

from __future__ import annotations

from protocols.decision import LimitBasis
from protocols.document import Item
from protocols.ladders import STANDARD
from protocols.law import HOLDER, Clock, Closing, Event, Exclusion, Gate, Step
from protocols.lifecycle import Kind
from protocols.reader import Reader
from protocols.section import Section


def read_review(reader: Reader, section: Section) -> tuple[Step, Clock]:
    """What the holder does while nothing else runs: a duty with a clock of its own."""
    review = section.section(
        "review",
        required=("step", "title", "every", "basis", "sources"),
        optional=("instruction", "ladder", "escalates_to", "days_of"),
    )
    name, sources = review.text("step"), reader.sources(review)
    basis = review.choice("basis", LimitBasis, LimitBasis.ASSUMPTION)
    title = reader.labels(review, "title")
    every = Section(
        Item({"limit": review.items.get("every", Item("", review.spot))}, review.spot),
        f"review {name}",
        reader.problems,
    )
    above = (review.text("escalates_to"),)
    reader.among(review, "escalates_to", above, reader.country.mandates, "mandate of the country")
    step = Step(
        id=name,
        title=title,
        instruction=reader.labels(review, "instruction"),
        kind=Kind.TASK,
        ask=(HOLDER,),
        follows=(),
        basis=basis,
        sources=sources,
        spot=review.spot,
    )
    clock = Clock(
        id=f"{name}.review",
        step=name,
        title=title,
        start=(),
        stop=(f"{name} completed",),
        limit=reader.limit(every),
        basis=basis,
        sources=sources,
        ladder=review.text("ladder", STANDARD),
        escalates_to=review.text("escalates_to") or None,
        calendar_of=review.text("days_of") or None,
        spot=review.spot,
    )
    return step, clock


def read_events(reader: Reader, section: Section) -> dict[str, Event]:
    """What the holder may record."""
    found: dict[str, Event] = {}
    for name, item in section.section("events"):
        one = Section(
            item, f"event {name}", reader.problems, required=("title",), optional=("repeats",)
        )
        found[name] = Event(name, reader.labels(one, "title"), one.flag("repeats"), item.spot)
    return found


def read_closings(reader: Reader, section: Section) -> tuple[Closing, ...]:
    """After what the referral ends, with which outcome."""
    found: list[Closing] = []
    for item in section.entries("closes"):
        one = Section(item, "a closing", reader.problems, required=("after", "outcome", "sources"))
        outcome = one.text("outcome")
        outcomes = reader.country.outcomes
        reader.among(one, "outcome", (outcome,), outcomes, "outcome of the country")
        found.append(
            Closing(reader.triggers(one, "after"), outcome, reader.sources(one), item.spot)
        )
    return tuple(found)


def read_exclusions(reader: Reader, section: Section) -> tuple[Exclusion, ...]:
    """Who may not be asked, while which condition holds."""
    found: list[Exclusion] = []
    for name, item in section.section("excludes"):
        one = Section(
            item,
            f"exclusion {name}",
            reader.problems,
            required=("who", "when", "because", "sources"),
            optional=("if_unknown",),
        )
        who, unknown = one.words("who"), one.text("if_unknown", "asked")
        reader.among(one, "who", who, reader.country.mandates, "mandate of the country")
        reader.among(one, "if_unknown", (unknown,), ("asked", "excluded"), "known wording")
        found.append(
            Exclusion(
                id=name,
                mandates=frozenset(who),
                when=reader.condition(one),
                sources=reader.sources(one),
                because=reader.labels(one, "because"),
                unknown_excludes=unknown == "excluded",
                spot=one.spot,
            )
        )
    return tuple(found)


def read_gates(reader: Reader, section: Section) -> tuple[Gate, ...]:
    """Which acts are forbidden until something else is recorded."""
    found: list[Gate] = []
    for name, item in section.section("gates"):
        one = Section(
            item,
            f"gate {name}",
            reader.problems,
            required=("forbids", "until", "because", "sources"),
        )
        found.append(
            Gate(
                id=name,
                forbids=reader.triggers(one, "forbids"),
                until=reader.triggers(one, "until"),
                sources=reader.sources(one),
                because=reader.labels(one, "because"),
                spot=one.spot,
            )
        )
    return tuple(found)
