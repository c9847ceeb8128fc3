"""What stands open, what came back, and law seen from its practice, as sheets of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from protocols.protocol import Protocol
from referral.exports.report_figures import Teller
from referral.exports.report_language import NONE
from referral.exports.report_sheets import Line, Part, Sheet
from referral.figures import Figure, Figures, Group
from referral.figures.tables import PROPOSED
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs

IDLE_DAYS: Final = 3
_GROUP: Final = 16  # digits of a digest that stand together
MOST: Final = 200  # that are listed at once
_OPEN: Final = ("waiting", "working")
_BACK: Final = ("returned", "asked_again")
_LIMITS: Final = ("begun", "met", "missed", "running", "missed_open", "overrun")


@dataclass(frozen=True, slots=True)
class Late:
    """Of a supervisor's unit, now: past a limit, and idle after acceptance."""

    overdue: int
    idle: int


def open_now(tell: Teller, by_track: Figures, late: Late | None) -> Part:
    """What waits or is worked on, and what was left."""
    tongue = tell.tongue
    named = [(tongue.track(one.group.track), one) for one in by_track.groups]
    lines = [Line(name, tuple(tell.count(one, n) for n in _OPEN)) for name, one in named]
    if late is None:
        told = tongue.say("notes", "no_lists")
    else:
        overdue, idle = (tongue.number(n, about=n >= MOST) for n in (late.overdue, late.idle))
        told = tongue.say("notes", "late", overdue=overdue, idle=idle, days=str(IDLE_DAYS))
    sheet = tell.sheet("track", "counts", _OPEN, lines, "figures")
    return Part(tongue.say("parts", "open"), (sheet,), (tongue.say("notes", "now"), told))


def returns(tell: Teller, found: Returns) -> tuple[Part, Part]:
    """What came back after it was taken; and who came again after closure."""
    tongue = tell.tongue
    back = [
        Line(tongue.body(one.name), tuple(tell.count(one, name) for name in _BACK))
        for one in found.by_agency
        if any(getattr(one.counts, name) != 0 for name in _BACK)
    ]
    again = [Line(tongue.track(track), (tongue.number(count),)) for track, count in found.by_track]
    whole = tongue.number(found.re_entries, about=tell.floored)
    sheets = (
        tell.sheet("agency", "counts", _BACK, back, "returns"),
        tell.sheet("track", "columns", ("new_referrals",), again, "entries"),
    )
    told = (tongue.say("notes", "entries", count=whole),) if again else ()
    return (
        Part(tongue.say("parts", "returns"), sheets[:1]),
        Part(tongue.say("parts", "entries"), sheets[1:], told),
    )


def attested(tell: Teller, found: Sequence[SenderActs]) -> Part:
    """Answers given in another's name, by sender."""
    tongue = tell.tongue
    lines = [
        Line(
            tongue.body(one.unit),
            (
                tongue.number(one.attested),
                tongue.number(one.unconfirmed),
                tongue.moment(one.oldest_unconfirmed),
            ),
        )
        for one in found
    ]
    columns = ("given", "unconfirmed", "oldest")
    sheet = tell.sheet("sender", "columns", columns, lines, "attested")
    return Part(tongue.say("parts", "attested"), (sheet,))


def bottlenecks(tell: Teller, found: Mapping[str, Sequence[Bottleneck]]) -> Part:
    """Where cases wait: the steps of each track in its order, those alone where something is."""
    tongue, sheets = tell.tongue, []
    columns = (*tell.columns("counts", _OPEN), *tell.columns("columns", ("late", "longest")))
    for track, steps in found.items():
        lines = tuple(_step(tell, one) for one in steps if one.waiting != 0 or one.working != 0)
        nothing = tongue.say("nothing", "waiting")
        title = tongue.track(track)
        sheets.append(Sheet(tongue.say("firsts", "step"), columns, lines, nothing, title))
    return Part(tongue.say("parts", "bottlenecks"), tuple(sheets), (tongue.say("notes", "now"),))


def _step(tell: Teller, one: Bottleneck) -> Line:
    tongue = tell.tongue
    counts = (tongue.number(one.waiting), tongue.number(one.working))
    late = tongue.number(one.late, about=tell.floored)
    return Line(tongue.step(one.figure.group), (*counts, late, tongue.span(one.longest)))


def gaps(tell: Teller, found: Sequence[LimitKept]) -> Part:
    """Limits without a number in law, and how often they were missed."""
    say = tell.tongue.say
    sheet = tell.sheet("limit", "columns", _LIMITS, [_gap(tell, one) for one in found], "gaps")
    return Part(say("parts", "gaps"), (sheet,), (say("notes", "gaps"),))


def by_step(tell: Teller, found: Mapping[str, Sequence[Bottleneck]]) -> Sheet:
    """Limits of law and procedure, one by one in the order of the steps."""
    lines = [
        _limit(tell, one)
        for steps in found.values()
        for step in steps
        for one in step.limits
        if one.basis != PROPOSED
    ]
    sheet = tell.sheet("limit", "columns", _LIMITS, lines, "limits")
    return replace(sheet, title=tell.tongue.say("parts", "by_step"))


def _limit(tell: Teller, one: LimitKept) -> Line:
    """With the articles that give it."""
    return _counted(tell, one, ("title", "article"))


def _gap(tell: Teller, one: LimitKept) -> Line:
    """No article gives it; what it was taken from is named."""
    return _counted(tell, one, ("title",))


def _counted(tell: Teller, one: LimitKept, cited: Sequence[str]) -> Line:
    tongue = tell.tongue
    counts = (one.begun, one.met, one.missed, one.running, one.late)
    cells = [tongue.number(count, about=tell.floored) for count in counts]
    known = [tongue.country.sources[id_] for id_ in one.sources if id_ in tongue.country.sources]
    sources = (", ".join(filter(None, (getattr(of, n) for n in cited))) for of in known)
    return Line(
        tongue.step(Group(track=one.track, step=one.step)),
        (*cells, tongue.span(one.overrun_median)),
        (f"{one.clock}, {one.version}", *sources),
    )


def versions(tell: Teller, in_force: Sequence[Protocol], found: Figures) -> Part:
    """Which versions of which protocols the month was worked under."""
    tongue = tell.tongue
    asked = {(one.group.track or "", one.group.version or ""): one for one in found.groups}
    named = {(one.track, one.version) for one in in_force} | {*asked}
    lines = [_version(tell, *one, asked.get(one)) for one in sorted(named)]
    columns = (*tell.columns("columns", ("version", "since")), tongue.say("counts", "asked"))
    first, nothing = tongue.say("firsts", "track"), tongue.say("nothing", "versions")
    sheet = Sheet(first, columns, tuple(lines), nothing)
    return Part(tongue.say("parts", "versions"), (sheet,))


def _version(tell: Teller, track: str, version: str, asked: Figure | None) -> Line:
    tongue = tell.tongue
    law = tongue.law(track, version)
    since = tongue.day(law.in_force_from) if law else NONE
    count = tell.count(asked, "asked") if asked else tongue.number(0)
    marks = (f"SHA-256 {_apart(law.digest)}",) if law else ()
    return Line(tongue.track(track), (version, since, count), marks)


def _apart(digest: str) -> str:
    """Where a line may be broken."""
    return " ".join(digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP))
