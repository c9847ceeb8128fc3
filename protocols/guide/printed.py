"""The local guide as plain text, for the terminal and for whoever has no printer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from protocols.spoken import Words
from protocols.step_words import Plain
from protocols.typeset import entry, heading, source_line


def guide_text(plain: Plain, say: Words) -> str:
    """The guide, 96 characters wide, a paragraph for each step."""
    title = say.guided("title", title=plain["title"], place=plain["place_name"])
    lines = [
        *heading(title),
        say.guided("version", version=plain["version"], digest=plain["digest"][:12]),
        "",
        *entry(say.phrase("comes_under"), [plain["applies"], *plain["triage"]], 0),
        *entry(say.phrase("asked"), [", ".join(plain["asks_for"])], 0),
        *entry(say.guided("hole"), [", ".join(plain["nobody_named"])], 0),
    ]
    for card in plain["cards"]:
        lines += ["", *_card(card, say)]
    for name, key in (("never", "exclusions"), ("gates", "gates"), ("closing", "closings")):
        lines += ["", *entry(say.phrase(name), plain[key], 0)] if plain[key] else []
    return "\n".join((*lines, ""))


def reached(one: Mapping[str, Any], say: Words) -> str:
    """A body with its desk and telephone: "City police of the North, Duty desk, tel. 111"."""
    if one.get("confidential"):
        return f"{one['label']} ({say.guided('confidential')})"
    if not one.get("name"):
        return str(one["label"]) if one["known"] else f"{one['label']} ({say.guided('unknown')})"
    parts = [one["name"], one["unit"], one["address"]]
    if one["telephone"]:
        parts.append(say.guided("telephone", number=one["telephone"]))
    if one["night"]:
        parts.append(say.guided("night", number=one["night"]))
    named = ", ".join(part for part in parts if part)
    return f"{named} ({say.guided('stands_in')}: {one['label']})" if one["stands_in"] else named


def _card(card: Plain, say: Words) -> Iterator[str]:
    yield from entry("", [f"{card['number']}. {card['title']} [{card['id']}]"], 0)
    yield from entry("", [card["instruction"]])
    yield from entry(say.phrase("after"), [say.listed(card["after"])])
    yield from entry(say.phrase("only_if"), [card["only_if"]])
    for one in card["asked"]:
        yield from entry(one["turn"], [reached(one, say)])
    yield from entry(say.phrase("who"), [card["duty"]])
    yield from entry(say.phrase("decides"), [card["panel"]])
    yield from entry(say.phrase("needs"), [", ".join(card["letters"])])
    for limit in card["limits"]:
        text = f"{limit['text']} [{'; '.join(limit['marks'])}]"
        yield from entry(say.phrase("by_when"), [text])
        yield from entry(say.guided("example"), ["; ".join(limit["example"])], 6)
        yield from entry(say.phrase("nobody"), ["; ".join(limit["if_nobody_answers"])], 6)
        if limit["above"]:
            yield from entry(say.guided("above"), [reached(limit["above"], say)], 6)
    declines = "; ".join(f"{reason}: {route}" for reason, route in card["declines"].items())
    yield from entry(say.phrase("declines"), [declines])
    sources = "; ".join(source_line(one, say) for one in card["sources"])
    yield from entry(say.phrase("article"), [f"{sources} [{card['basis']}]"])
