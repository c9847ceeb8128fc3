"""A replay in words: before and after beside each other, and what changed for how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from protocols.replay.tally import Load, Tally
from protocols.spoken import Speaker

Plain = dict[str, Any]


def replay_plain(tally: Tally, order: Mapping[str, str | None]) -> Plain:
    """The whole answer, JSON-shaped and sorted."""
    compared = order["against"] is not None
    return {
        **order,
        "cases": tally.cases,
        "persons": tally.persons,
        "after": _load(tally.after),
        "before": _load(tally.before) if compared else None,
        "changed": tally.changes.changed if compared else None,
        "changes": [
            {
                "what": group[0],
                "before": group[1],
                "after": group[2],
                "persons": many,
                "first_line": tally.changes.first[group],
            }
            for group, many in _ranked(tally.changes.persons)
        ],
    }


def _load(load: Load) -> Plain:
    return {
        "under": dict(_ranked(load.under)),
        "nobody": load.nobody,
        "asked": [
            {"mandate": mandate, "where": where, "persons": many}
            for (mandate, where), many in _ranked(load.asked)
        ],
        "kept": dict(_ranked(load.kept)),
        "limits": [
            {"limit": name, "persons": many, "mean_hours": round(load.hours[name] / many, 1)}
            for name, many in _ranked(load.limits)
        ],
        "needed": dict(_ranked(load.needed)),
        "called": [
            {"kind": kind, "to": to, "persons": many} for (kind, to), many in _ranked(load.called)
        ],
        "met": dict(_ranked(load.met)),
        "missed": dict(_ranked(load.missed)),
        "refused": dict(_ranked(load.refused)),
    }


def _ranked(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Most first, then by name: the same order on every machine."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def replay_text(tally: Tally, plain: Plain, say: Speaker) -> str:
    """The answer for people, in the language of the speaker."""
    compared = plain["before"] is not None
    lines = [
        say.replayed("head", cases=plain["cases"], persons=plain["persons"]),
        say.replayed("of_version", version=plain["version"]),
    ]
    if compared:
        changed, share = plain["changed"], plain["changed"] / max(1, plain["persons"])
        lines.append(
            say.replayed(
                "changed", against=plain["against"], changed=changed, share=round(100 * share, 1)
            )
        )
    for name, words in _tables(say):
        rows = list(_rows(getattr(tally.before, name), getattr(tally.after, name), words))
        lines += _table(say, name, rows, compared=compared)
    if tally.after.nobody or tally.before.nobody:
        lines += ["", say.replayed("nobody", before=tally.before.nobody, after=tally.after.nobody)]
    lines += _changes(plain, say)
    return "\n".join((*lines, ""))


_Words = Callable[[Any], str]


def _tables(say: Speaker) -> list[tuple[str, _Words]]:
    def mandate(key: tuple[str, str]) -> str:
        return f"{say.mandate(key[0])} · {key[1]}"

    def limit(key: str) -> str:
        clock = say.protocol.clocks.get(key)
        return f"{key} · {say.label(clock.title)}" if clock else key

    def fact(key: str) -> str:
        return say.vocabulary[key].label(say.language)

    return [
        ("under", lambda key: say.replayed(f"under_{key or 'nothing'}")),
        ("asked", mandate),
        ("kept", str),
        ("limits", limit),
        ("missed", limit),
        ("needed", fact),
        ("refused", str),
    ]


_Rows = Iterator[tuple[str, int, int]]


def _rows(before: Counter[Any], after: Counter[Any], words: _Words) -> _Rows:
    both = sorted(before.keys() | after.keys(), key=lambda key: (-after[key], -before[key], key))
    yield from ((words(key), before[key], after[key]) for key in both)


def _table(
    say: Speaker, name: str, rows: Iterable[tuple[str, int, int]], *, compared: bool
) -> Iterator[str]:
    found = list(rows)
    if not found:
        return
    yield from ("", say.replayed(name))
    for words, was, now in found:
        figures = f"{was:>10,} → {now:>10,}  ({now - was:+,})" if compared else f"{now:>10,}"
        yield f"  {figures}  {words}"


def _changes(plain: Plain, say: Speaker) -> Iterator[str]:
    if plain["changes"]:
        yield from ("", say.replayed("differently"))
    for one in plain["changes"]:
        yield say.replayed(
            "change",
            persons=f"{one['persons']:,}",
            what=say.replayed(f"way_{one['what']}"),
            before=_way(one["before"], say),
            after=_way(one["after"], say),
            line=one["first_line"],
        )


def _way(words: str, say: Speaker) -> str:
    """A word of the phrases, or steps and mandates as they stand; a dash for nothing."""
    return say.replayed(words) if words else "–"
