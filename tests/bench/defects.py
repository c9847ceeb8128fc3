"""The kinds of seeded defects: what people get wrong when they write down a country's law.

A kind goes over a file and yields the places where the defect fits, each with the change to make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Text: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Text], object]
Defect: TypeAlias = tuple[str, Change]
_ROLES = {"holder", "filer", "supervisor_of_holder"}


def _steps(text: Text) -> Iterator[tuple[str, Text]]:
    yield from text.get("steps", {}).items()


def _clocks(text: Text) -> Iterator[tuple[str, str, Text]]:
    for name, step in _steps(text):
        for clock, law in step.get("clocks", {}).items():
            yield name, clock, law


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of(step: str, clock: str) -> Callable[[Text], Text]:
    return lambda text: text["steps"][step]["clocks"][clock]  # type: ignore[no-any-return]


def removed_clock(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, _law in _clocks(text):
        yield f"{step}.{clock}", lambda t, s=step, c=clock: t["steps"][s]["clocks"].pop(c)


def swapped_mandate(text: Text, law: Text) -> Iterator[Defect]:
    mandates = list(law["mandates"])
    for name, step in _steps(text):
        asked = step.get("ask")
        if not isinstance(asked, str) or asked in _ROLES:
            continue
        taken = {asked, *_listed(step.get("then", [])), step.get("last")}
        other = next(one for one in mandates if one not in taken)
        yield f"{name}: {other} for {asked}", lambda t, n=name, o=other: t["steps"][n].update(ask=o)


def dropped_fall_back(text: Text, _: Text) -> Iterator[Defect]:
    for name, ladder in text.get("ladders", {}).items():
        for place, rung in enumerate(ladder["rungs"]):
            if "ask" in rung:
                yield name, lambda t, n=name, p=place: t["ladders"][n]["rungs"].pop(p)


def dropped_last(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "last" in step:
            yield name, lambda t, n=name: t["steps"][n].pop("last")


def dropped_next(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "then" in step:
            yield name, lambda t, n=name: t["steps"][n].pop("then")


def cyclic_escalation(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        asked = text["steps"][step].get("ask")
        if "escalates_to" in law and isinstance(asked, str) and asked not in _ROLES:
            yield (
                f"{step}.{clock}",
                lambda t, s=step, c=clock, a=asked: _of(s, c)(t).update(escalates_to=a),
            )


def cyclic_follows(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        for word in _listed(step.get("follows", [])):
            before = word.partition(" ")[0]
            if before in text["steps"] and text["steps"][before].get("follows"):
                yield (
                    f"{before} after {name}",
                    lambda t, b=before, n=name: t["steps"][b].update(
                        follows=[*_listed(t["steps"][b]["follows"]), f"{n} refused"]
                    ),
                )


def widened_exclusion(text: Text, _: Text) -> Iterator[Defect]:
    asked = [
        one["ask"]
        for _name, one in _steps(text)
        if one["kind"] == "custody" and isinstance(one["ask"], str)
    ]
    for name, rule in text.get("excludes", {}).items():
        for mandate in dict.fromkeys(asked):
            if mandate not in _listed(rule["who"]):
                yield (
                    f"{name}: {mandate}",
                    lambda t, n=name, m=mandate: t["excludes"][n].update(
                        who=[*_listed(t["excludes"][n]["who"]), m]
                    ),
                )


def removed_exclusion(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("excludes", {}):
        yield name, lambda t, n=name: t["excludes"].pop(n)


def turned_exclusion(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("excludes", {}):
        yield (
            name,
            lambda t, n=name: t["excludes"][n].update(when=f"not ({t['excludes'][n]['when']})"),
        )


def band_too_long(text: Text, _: Text) -> Iterator[Defect]:
    for name, band in text.get("bands", {}).items():
        yield name, lambda t, n=name, b=band: t["bands"][n].update(to=b["to"] + 1)


def band_too_short(text: Text, _: Text) -> Iterator[Defect]:
    for name, band in text.get("bands", {}).items():
        yield name, lambda t, n=name, b=band: t["bands"][n].update(to=b["to"] - 1)


def removed_source(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("sources", {}) if isinstance(text.get("sources"), dict) else {}:
        yield name, lambda t, n=name: t["sources"].pop(n)
    for name, _step in _steps(text):
        yield name, lambda t, n=name: t["steps"][n].pop("sources")


def law_is_no_statute(text: Text, _: Text) -> Iterator[Defect]:
    sources = text.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if source.get("statute"):
            yield name, lambda t, n=name: t["sources"][n].pop("statute")


def removed_translation(text: Text, law: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if law["languages"][-1] in step["title"]:
            yield name, lambda t, n=name: t["steps"][n]["title"].pop(law["languages"][-1])


def removed_outcome_route(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        words = _listed(step.get("follows", []))
        for word in words:
            left = [one for one in words if one != word]
            yield (
                f"{name} after {word}",
                lambda t, n=name, w=left: t["steps"][n].update(follows=w),
            )


def removed_closing(text: Text, _: Text) -> Iterator[Defect]:
    for place, closing in enumerate(text.get("closes", [])):
        yield str(closing["after"]), lambda t, p=place: t["closes"].pop(p)


def two_closings(text: Text, law: Text) -> Iterator[Defect]:
    for closing in text.get("closes", []):
        other = next(one for one in law["outcomes"] if one != closing["outcome"])
        yield (
            str(closing["after"]),
            lambda t, c=closing, o=other: t["closes"].append({**c, "outcome": o}),
        )


def procedure_later_than_law(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if law["basis"] == "statutory":
            amount, unit = str(law["limit"]).split()
            later = {**law, "basis": "sop", "limit": f"{int(amount) * 2} {unit}"}
            yield (
                f"{step}.{clock}",
                lambda t, s=step, c=later: t["steps"][s]["clocks"].update(by_procedure=c),
            )


def second_limit(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        amount, unit = str(law["limit"]).split()
        other = {**law, "limit": f"{int(amount) + 3} {unit}"}
        yield (
            f"{step}.{clock}",
            lambda t, s=step, c=other: t["steps"][s]["clocks"].update(once_more=c),
        )


def wrong_limit(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        amount, unit = str(law["limit"]).split()
        yield (
            f"{step}.{clock}",
            lambda t, s=step, c=clock, a=amount, u=unit: _of(s, c)(t).update(
                limit=f"{int(a) * 10} {u}"
            ),
        )


def removed_stop(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if "accepted" in _listed(law["until"]):
            left = [one for one in _listed(law["until"]) if one != "accepted"]
            yield (
                f"{step}.{clock}",
                lambda t, s=step, c=clock, w=left: _of(s, c)(t).update(until=w),
            )


def late_start(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if _listed(law["from"]) == ["opened"]:
            yield f"{step}.{clock}", lambda t, s=step, c=clock: _of(s, c)(t).update({"from": "accepted"})


def stops_too_early(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        custody = text["steps"][step]["kind"] == "custody"
        if custody and "acknowledged" not in _listed(law["until"]):
            yield (
                f"{step}.{clock}",
                lambda t, s=step, c=clock, w=law: _of(s, c)(t).update(
                    until=[*_listed(w["until"]), "acknowledged"]
                ),
            )


def impossible_panel(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "panel" in step:
            more = len(step["panel"]["sits"]) + 1
            yield name, lambda t, n=name, q=more: t["steps"][n]["panel"].update(quorum=q)


def removed_gate(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("gates", {}):
        yield name, lambda t, n=name: t["gates"].pop(n)


def gate_on_itself(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("gates", {}):
        yield (
            name,
            lambda t, n=name: t["gates"][n].update(until=_listed(t["gates"][n]["forbids"])),
        )


def turned_condition(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "when" in step:
            yield name, lambda t, n=name: t["steps"][n].update(when=f"not ({t['steps'][n]['when']})")
    for step_id, clock, law in _clocks(text):
        if "runs_if" in law:
            yield (
                f"{step_id}.{clock}",
                lambda t, s=step_id, c=clock, w=law: _of(s, c)(t).update(
                    runs_if=f"not ({w['runs_if']})"
                ),
            )


def route_to_nowhere(text: Text, _: Text) -> Iterator[Defect]:
    for reason in text.get("declines", {}):
        yield reason, lambda t, r=reason: t["declines"].update({r: "NO-SUCH-STEP"})


def narrow_application(text: Text, _: Text) -> Iterator[Defect]:
    if "applies" in text:
        yield (
            "applies",
            lambda t: t["applies"].update(
                when=t["applies"]["when"].replace("at least possible", "indicated")
            ),
        )


def no_triage(text: Text, _: Text) -> Iterator[Defect]:
    if "triage_if_reported" in text.get("applies", {}):
        yield "triage", lambda t: t["applies"].pop("triage_if_reported")


def removed_step(text: Text, _: Text) -> Iterator[Defect]:
    for name, _step in _steps(text):
        yield name, lambda t, n=name: t["steps"].pop(n)


def task_for_custody(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if step["kind"] == "custody":
            yield name, lambda t, n=name: t["steps"][n].update(kind="task")


def removed_review(text: Text, _: Text) -> Iterator[Defect]:
    if "review" in text:
        yield "review", lambda t: t.pop("review")


def not_in_force(text: Text, _: Text) -> Iterator[Defect]:
    if "stage" in text:
        yield "stage", lambda t: t.update(stage="draft")


KINDS: dict[str, Callable[[Text, Text], Iterator[Defect]]] = {
    one.__name__: one
    for one in (
        *(removed_clock, swapped_mandate, dropped_fall_back, dropped_last, dropped_next),
        *(cyclic_escalation, cyclic_follows, widened_exclusion, removed_exclusion),
        *(turned_exclusion, band_too_long, band_too_short, removed_source, law_is_no_statute),
        *(removed_translation, removed_outcome_route, removed_closing, two_closings),
        *(procedure_later_than_law, second_limit, wrong_limit, removed_stop, late_start),
        *(stops_too_early, impossible_panel, removed_gate, gate_on_itself, turned_condition),
        *(route_to_nowhere, narrow_application, no_triage, removed_step, task_for_custody),
        *(removed_review, not_in_force),
    )
}

WHY_IT_CAN_SURVIVE = {
    "wrong_limit": "A longer limit is lawful in itself: only a worked case that counts it out, or a"
    " statutory limit of the same act, can contradict it.",
    "law_is_no_statute": "Nothing statutory cites the source alone: the limits that cite it cite"
    " another statute as well, or only steps rest on it.",
    "widened_exclusion": "The condition never holds in a worked case, and the step has a 'last' who"
    " is asked instead: nobody is left without a holder.",
    "removed_stop": "The hand-off that ends takes its limit with it, so the word was not needed.",
    "stops_too_early": "Another limit of the step goes on until it is accepted: nobody waits"
    " unwatched, and no worked case sees the difference.",
    "no_triage": "The track is the country's default: whoever nothing else takes comes into its"
    " triage all the same.",
    "band_too_long": "No worked case has a person exactly at the end of the band.",
    "band_too_short": "No worked case has a person exactly at the end of the band.",
    "dropped_next": "The step still ends at its national body; no worked case declines so far.",
    "narrow_application": "Whoever is left out by the narrower condition comes under another track or"
    " into triage, and no worked case has exactly that result.",
    "removed_outcome_route": "Another trigger opens the step in every worked case.",
    "removed_closing": "The holder can still close by an event, and no worked case ends this way.",
}
