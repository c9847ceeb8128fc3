"""A comparison in words: what changes, for how many profiles, with one example of each.

An answer is said with all that decides it; what both answers have in common is left out, so that
the difference is what is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from protocols.compare.answers import Answer, Routed, Shared, Timed
from protocols.compare.differences import TRACK, Difference, differences, rules_changed
from protocols.compare.profiles import Known, Profile
from protocols.facts import Indicator, Status, Value
from protocols.lifecycle import Act
from protocols.protocol import Protocol
from protocols.spoken import Speaker
from protocols.step_words import limit_in_words, panel_in_words, who
from protocols.typeset import entry, heading
from protocols.vocabulary import Vocabulary

Plain = dict[str, Any]


def comparison(
    old: Protocol, new: Protocol, vocabulary: Vocabulary, was: Speaker, now: Speaker
) -> Plain:
    """The whole comparison, JSON-shaped. ``was`` and ``now`` speak for the two versions."""
    found = differences(old, new, vocabulary)
    return {
        "country": new.country,
        "track": new.track,
        "title": now.label(new.title),
        "old": old.version,
        "new": new.version,
        "digests": [old.digest, new.digest],
        "differences": _merged(_group(one, was, now) for one in found),
        "rules": {
            kind: dict(zip(("added", "gone", "otherwise"), map(list, names), strict=True))
            for kind, names in rules_changed(old, new).items()
        },
    }


def _merged(groups: Iterable[Plain]) -> list[Plain]:
    """Groups that read the same are one group; the example is the first."""
    found: dict[tuple[str, ...], Plain] = {}
    for one in groups:
        key = tuple(one[part] for part in ("step", "what", "before", "after"))
        if key in found:
            found[key]["profiles"] += one["profiles"]
        else:
            found[key] = one
    return list(found.values())


def _group(one: Difference, was: Speaker, now: Speaker) -> Plain:
    before, after = _distinct(_parts(one.before, was), _parts(one.after, now))
    return {
        "step": one.step,
        "title": _title(one.step, was, now),
        "what": one.what,
        "before": before or now.compared(_NOTHING[one.what]),
        "after": after or now.compared(_NOTHING[one.what]),
        "profiles": one.profiles,
        "of": one.of,
        "example": example(one.example, now),
    }


_NOTHING = {"under": "nothing", "routed": "nobody", "timed": "none", "shared": "none"}


def _title(step: str, was: Speaker, now: Speaker) -> str:
    if step == TRACK:
        return now.compared("track")
    if step not in was.protocol.steps:
        return f"{now.label(now.protocol.steps[step].title)} ({now.compared('new_step')})"
    if step not in now.protocol.steps:
        return f"{was.label(was.protocol.steps[step].title)} ({now.compared('gone_step')})"
    return now.label(now.protocol.steps[step].title)


def _distinct(before: Iterable[str], after: Iterable[str]) -> tuple[str, str]:
    """Both without what they have in common; beside nothing at all, the first part is enough."""
    was, now = tuple(before), tuple(after)
    if not (was and now):
        return "".join(was[:1]), "".join(now[:1])
    return (
        "; ".join(part for part in was if part not in now),
        "; ".join(part for part in now if part not in was),
    )


def _parts(answer: Answer | str, say: Speaker) -> Iterator[str]:
    match answer:
        case str():
            yield say.compared(answer)
        case Routed():
            yield from _routed(answer, say)
        case Shared():
            yield say.compared("travels", groups=", ".join(answer.travels))
            documents = ", ".join(say.country.label(one, say.language) for one in answer.requires)
            yield say.compared("with", documents=documents or say.compared("none"))
        case tuple():
            for limit in answer:
                yield from _timed(limit, say)


def _routed(answer: Routed, say: Speaker) -> Iterator[str]:
    yield f"{who(say, answer)} ({say.word('kinds_short', answer.kind)})"
    yield say.compared("after", after=say.listed(say.trigger(word) for word in answer.follows))
    yield say.compared("sure" if answer.sure else "unsure")
    for reason, route in answer.declines:
        named = say.country.reason(Act.DECLINE, reason, say.language)
        yield say.compared("declines", reason=named, route=say.word("routes", route))
    yield say.compared("failed", route=say.word("routes", answer.if_failed))
    yield say.compared("repeats", many=answer.repeat)
    panel = panel_in_words(say, answer.panel) if answer.panel else say.compared("alone")
    yield f"{say.phrase('decides')}: {panel}" if answer.panel else panel


def _timed(answer: Timed, say: Speaker) -> Iterator[str]:
    """The limit, and the ladder, each under the limit's name."""
    told = limit_in_words(say, answer.clock)
    yield f"{answer.clock.id}: {told['text']} [{'; '.join(told['marks'])}]"
    yield f"{answer.clock.id}: {'; '.join(told['if_nobody_answers'])}"


def example(profile: Profile, say: Speaker) -> str:
    """One profile in words."""
    told = [words for known in profile for words in _known(known, say)]
    return ", ".join(told) or say.compared("anybody")


def _known(known: Known, say: Speaker) -> Iterator[str]:
    for name, value in known.facts.items():
        words = _value(name, value, say)
        yield say.compared("fact", fact=say.vocabulary[name].label(say.language), value=words)
    for topic, result in known.results.items():
        words = say.word("results", result)
        named = say.compared("insufficient") if words == result == "insufficient" else words
        yield say.compared("fact", fact=say.word("topics", topic), value=named)
    if known.reported:
        name = say.compared("reported")
        yield say.compared("fact", fact=name, value=say.word("topics", known.reported))
    if known.urgency:
        name, words = say.compared("urgency"), say.word("urgencies", known.urgency)
        yield say.compared("fact", fact=name, value=words)


def _value(name: str, value: Value, say: Speaker) -> str:
    labels = {one.code: one.label(say.language) for one in say.vocabulary[name].codes}
    if isinstance(value, bool):
        return say.compared("yes" if value else "no")
    if isinstance(value, frozenset):
        return ", ".join(labels.get(one, one) for one in sorted(value)) or _none(say)
    if isinstance(value, str | int):
        return labels.get(str(value), str(value))
    return ", ".join(f"{labels[code]}{_sure(one, say)}" for code, one in value.items()) or _none(
        say
    )


def _sure(one: Indicator, say: Speaker) -> str:
    return f" ({say.compared('absent')})" if one.status is Status.ABSENT else ""


def _none(say: Speaker) -> str:
    return say.compared("none_found")


def comparison_text(plain: Plain, say: Speaker) -> str:
    """The comparison as text, 96 characters wide."""
    title = say.compared("head", title=plain["title"], old=plain["old"], new=plain["new"])
    lines = [*heading(title)]
    for one in plain["differences"]:
        head = f"{one['step']} {one['title']}".strip()
        count = say.compared(
            "count",
            profiles=f"{one['profiles']:,}",
            of=f"{one['of']:,}",
            before=one["before"],
            after=one["after"],
        )
        lines += ["", f"{head} · {say.compared(one['what'])}", *entry("", [count])]
        lines += entry("", [say.compared("example", example=one["example"])])
    for kind, ways in plain["rules"].items():
        for way, names in ways.items():
            lines += entry(f"{say.compared(kind)}, {say.compared(way)}", [", ".join(names)], 0)
    if not plain["differences"] and not plain["rules"]:
        lines += ["", say.compared("same")]
    return "\n".join((*lines, ""))
