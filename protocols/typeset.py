"""The procedure set as plain text, for the terminal and for paper.

Takes the plain values of ``explain`` and the words of ``spoken``; decides nothing and knows no law.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from protocols.spoken import Words

_WIDTH = 96


def as_text(plain: Mapping[str, Any], say: Words) -> str:
    """The procedure as plain text, 96 characters wide."""
    lines = [
        *heading(plain["title"]),
        *textwrap.wrap(headline(plain, say), width=_WIDTH),
        "",
        *entry(say.phrase("comes_under"), [plain["applies"], *plain["triage"]], 0),
        *entry(say.phrase("asked"), [", ".join(plain["asks_for"])], 0),
    ]
    for step in plain["steps"]:
        lines += ["", *_step_lines(step, say)]
    for name, key in (("never", "exclusions"), ("gates", "gates"), ("closing", "closings")):
        lines += ["", *entry(say.phrase(name), plain[key], 0)] if plain[key] else []
    lines += _appendix(plain, say)
    totals = entry("", [say.phrase("totals", **plain["totals"])], 0)
    return "\n".join((*lines, "", *totals, ""))


def _step_lines(step: Mapping[str, Any], say: Words) -> Iterator[str]:
    yield from entry("", [say.phrase("step", id=step["id"], title=step["title"])], 0)
    yield from entry("", [step["instruction"]])
    yield from entry(say.phrase("who"), [f"{step['who']} ({step['kind']})"])
    yield from entry(say.phrase("after"), [say.listed(step["after"])])
    yield from entry(say.phrase("only_if"), [step["only_if"]])
    yield from entry(say.phrase("needs"), [", ".join(step["documents"])])
    for limit in step["limits"]:
        yield from entry(say.phrase("by_when"), [f"{limit['text']} [{'; '.join(limit['marks'])}]"])
        yield from entry(say.phrase("nobody"), ["; ".join(limit["if_nobody_answers"])], 6)
    yield from entry(say.phrase("decides"), [step["panel"]])
    yield from entry(say.phrase("outcomes"), [", ".join(step["outcomes"])])
    declines = "; ".join(f"{reason}: {route}" for reason, route in step["declines"].items())
    yield from entry(say.phrase("declines"), [declines])
    sources = (source_line(one, say) for one in step["sources"])
    yield from entry(say.phrase("article"), [f"{'; '.join(sources)} [{step['basis']}]"])


def headline(plain: Mapping[str, Any], say: Words) -> str:
    """Which country, track, version and stage this is, and the digest that pins it."""
    return say.phrase(
        "head",
        country=plain["country_name"],
        track=plain["track"],
        version=plain["version"],
        stage=plain["stage"],
        digest=plain["digest"][:12],
    )


def heading(title: str) -> tuple[str, ...]:
    """A title with a line under it."""
    lines = textwrap.wrap(title, width=_WIDTH)
    return (*lines, "=" * max(map(len, lines)))


def _appendix(plain: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What places do otherwise, consent, listed work, signatures."""
    for one in plain["elsewhere"]:
        yield from ("", *entry("", [one["text"]], 0))
        for step in one["steps"]:
            yield from _step_lines(step, say)
    consent = [row["text"] for row in plain["consent"]]
    yield from ("", *entry(say.phrase("consent"), consent, 0)) if consent else ()
    for one in plain["work"]:
        yield from ("", *entry(one["title"], ["; ".join(one["items"])], 0))
        sources = "; ".join(source_line(source, say) for source in one["sources"])
        yield from entry(say.phrase("article"), [sources])
    yield from ("", *entry("", plain["lifetime"], 0)) if plain["lifetime"] else ()


def source_line(source: Mapping[str, str], say: Words) -> str:
    """A source with its article, and how sure it is."""
    return f"{source['title']}, {source['article']}{say.word('grades', source['grade'])}"


def entry(head: str, texts: Iterable[str], indent: int = 3) -> Iterator[str]:
    """``Head: text``, wrapped; nothing at all when there is no text."""
    for text in texts:
        if text:
            margin = " " * indent
            yield from textwrap.wrap(
                f"{head}: {text}" if head else text,
                width=_WIDTH,
                initial_indent=margin,
                subsequent_indent=f"{margin}   ",
            )
