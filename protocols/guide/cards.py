"""The local guide as one printable page: pocket cards to cut out, the whole guide, the drawing.

Cards are 94 by 66 mm, two beside each other on A4, with a cut line. Everything that is shown is
escaped; the page is whole in itself, loads nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from protocols.guide.printed import reached
from protocols.spoken import Words
from protocols.step_words import Plain
from protocols.typeset import source_line

_LOOK = """
@page { size: A4; margin: 10mm }
body { font: 10pt/1.35 "Noto Sans", "Noto Sans Thai", Helvetica, Arial, sans-serif;
  color: #1b1f24; max-width: 190mm; margin: 0 auto }
h1 { font-size: 17pt; margin: 0 } h2 { font-size: 13pt; margin: 8mm 0 2mm }
.quiet { color: #57606a } .hole { border-left: 1.5mm solid #b3261e; padding-left: 3mm }
.cards { display: grid; grid-template-columns: 94mm 94mm; gap: 0 }
.card { border: .3mm dashed #8b949e; padding: 2.5mm 3mm; min-height: 52mm; break-inside: avoid;
  font-size: 8pt; line-height: 1.28 }
.card h3 { font-size: 9.5pt; margin: 0 0 1mm; display: flex; gap: 2mm; align-items: baseline }
.card h3 b { color: #fff; background: #1f4e8c; border-radius: 1mm; padding: 0 1.5mm }
.card p { margin: 0 0 .8mm } .card .who { font-size: 9pt; font-weight: bold }
.card .nobody { color: #b3261e } .proposed { border-bottom: .3mm dotted #b3261e }
ol.steps > li { margin-bottom: 4mm; break-inside: avoid } dt { font-weight: bold }
dd { margin: 0 0 1mm 5mm } .plan { break-before: page } .plan svg { width: 100%; height: auto }
"""


def guide_html(plain: Plain, say: Words, svg: str = "") -> str:
    """The page. ``svg``: the drawing of the track, which goes last."""
    title = say.guided("title", title=plain["title"], place=plain["place_name"])
    version = say.guided("version", version=plain["version"], digest=plain["digest"][:12])
    holes = ", ".join(plain["nobody_named"])
    parts = [
        _tag("h1", title),
        _tag("p", f"{plain['country_name']} · {plain['stage']} · {version}", "quiet"),
        _tag("p", f"{say.guided('hole')}: {holes}", "hole") if holes else "",
        _tag("h2", say.guided("cards")),
        f'<div class="cards">{"".join(_card(card, say) for card in plain["cards"])}</div>',
        _tag("h2", say.guided("whole")),
        _rules(plain, say),
        f'<ol class="steps">{"".join(_step(card, say) for card in plain["cards"])}</ol>',
        f'<div class="plan">{svg}</div>' if svg else "",
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_LOOK}</style>'
    body = f"<head>{head}</head><body>{''.join(parts)}</body>"
    return f'<!doctype html><html lang="{escape(plain["language"])}">{body}</html>'


def _card(card: Plain, say: Words) -> str:
    """What fits in a pocket: whom, by when, with what, and what if nobody answers."""
    heading = f"<b>{card['number']}</b><span>{escape(card['title'])}</span>"
    lines = [
        f"<h3>{heading}</h3>",
        *(_tag("p", f"{one['turn']}: {reached(one, say)}", "who") for one in card["asked"]),
        _tag("p", card["duty"], "who") if card["duty"] else "",
        _tag("p", card["instruction"]),
        _told(say.phrase("after"), say.listed(card["after"])),
        _told(say.phrase("only_if"), card["only_if"]),
        *(_limit(limit) for limit in card["limits"]),
        _told(say.phrase("decides"), card["panel"]),
        _told(say.phrase("needs"), ", ".join(card["letters"])),
        *(
            _tag("p", f"{say.phrase('nobody')}: {reached(above, say)}", "nobody")
            for above in _once(limit["above"] for limit in card["limits"])
        ),
        _tag("p", f"{card['id']} · {_sources(card, say)}", "quiet"),
    ]
    return f'<section class="card">{"".join(lines)}</section>'


def _limit(limit: Plain) -> str:
    """How long, for what, on what basis; a proposal is underlined as well."""
    look = "proposed" if limit["proposed"] else ""
    return _tag("p", f"⏱ {limit['short']} · {limit['marks'][0]}", look)


def _step(card: Plain, say: Words) -> str:
    entries = [
        (say.phrase("after"), [say.listed(card["after"])]),
        (say.phrase("only_if"), [card["only_if"]]),
        (say.phrase("who"), [card["duty"]]),
        *((one["turn"], [reached(one, say)]) for one in card["asked"]),
        (say.phrase("decides"), [card["panel"]]),
        (say.phrase("needs"), card["letters"]),
    ]
    for limit in card["limits"]:
        entries += [
            (say.phrase("by_when"), [f"{limit['text']} [{'; '.join(limit['marks'])}]"]),
            (say.guided("example"), limit["example"]),
            (say.phrase("nobody"), limit["if_nobody_answers"]),
        ]
    declines = [f"{reason}: {route}" for reason, route in card["declines"].items()]
    entries += [
        (say.phrase("declines"), declines),
        (say.phrase("article"), [f"{_sources(card, say)} [{card['basis']}]"]),
    ]
    told = "".join(
        f"{_tag('dt', head)}{''.join(_tag('dd', text) for text in texts)}"
        for head, texts in entries
        if any(texts)
    )
    title = f"<strong>{escape(card['title'])}</strong> ({escape(card['id'])})"
    return f"<li>{title}{_tag('p', card['instruction'])}<dl>{told}</dl></li>"


def _rules(plain: Plain, say: Words) -> str:
    """Who comes under it, who is never asked, what must wait."""
    told = [
        (say.phrase("comes_under"), [plain["applies"], *plain["triage"]]),
        *((say.phrase(name), plain[key]) for name, key in _RULES),
    ]
    return "".join(_tag("p", f"{head}: {text}") for head, texts in told for text in texts)


_RULES = (("never", "exclusions"), ("gates", "gates"), ("closing", "closings"))


def _sources(card: Plain, say: Words) -> str:
    return "; ".join(source_line(one, say) for one in card["sources"])


def _told(head: str, text: str) -> str:
    return _tag("p", f"{head}: {text}") if text else ""


def _tag(name: str, text: str, look: str = "") -> str:
    named = f' class="{look}"' if look else ""
    return f"<{name}{named}>{escape(text)}</{name}>" if text else ""


def _once(found: Iterable[Plain | None]) -> list[Plain]:
    return list({one["mandate"]: one for one in found if one}.values())
