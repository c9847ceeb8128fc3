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


def _at(text: Text, path: tuple[str | int, ...]) -> Any:
    found: Any = text
    for one in path:
        found = found[one]
    return found


def drop(*path: str | int) -> Change:
    """Take away what stands there."""
    return lambda text: _at(text, path[:-1]).pop(path[-1])


def put(*path: str | int, **values: Any) -> Change:
    """Write other values there (``from_`` is ``from``)."""
    said = {name.removesuffix("_"): value for name, value in values.items()}
    return lambda text: _at(text, path).update(said)


def add(*path: str | int, entry: Any) -> Change:
    """One more entry in a list."""
    return lambda text: _at(text, path).append(entry)


def _limit(step: str, clock: str, **values: Any) -> Change:
    return put("steps", step, "clocks", clock, **values)


def removed_clock(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, _law in _clocks(text):
        yield f"{step}.{clock}", drop("steps", step, "clocks", clock)


def swapped_mandate(text: Text, law: Text) -> Iterator[Defect]:
    mandates = list(law["mandates"])
    for name, step in _steps(text):
        asked = step.get("ask")
        if not isinstance(asked, str) or asked in _ROLES:
            continue
        taken = {asked, *_listed(step.get("then", [])), step.get("last")}
        other = next(one for one in mandates if one not in taken)
        yield f"{name}: {other} for {asked}", put("steps", name, ask=other)


def dropped_fall_back(text: Text, _: Text) -> Iterator[Defect]:
    for name, ladder in text.get("ladders", {}).items():
        for place, rung in enumerate(ladder["rungs"]):
            if "ask" in rung:
                yield name, drop("ladders", name, "rungs", place)


def dropped_last(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "last" in step:
            yield name, drop("steps", name, "last")


def dropped_next(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "then" in step:
            yield name, drop("steps", name, "then")


def cyclic_escalation(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        asked = text["steps"][step].get("ask")
        if "escalates_to" in law and isinstance(asked, str) and asked not in _ROLES:
            yield (
                f"{step}.{clock}",
                _limit(step, clock, escalates_to=asked),
            )


def cyclic_follows(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        for word in _listed(step.get("follows", [])):
            before = word.partition(" ")[0]
            if before in text["steps"] and text["steps"][before].get("follows"):
                yield (
                    f"{before} after {name}",
                    put(
                        "steps",
                        before,
                        follows=[*_listed(text["steps"][before]["follows"]), f"{name} refused"],
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
                    put("excludes", name, who=[*_listed(rule["who"]), mandate]),
                )


def removed_exclusion(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("excludes", {}):
        yield name, drop("excludes", name)


def turned_exclusion(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("excludes", {}):
        yield (
            name,
            put("excludes", name, when=f"not ({text['excludes'][name]['when']})"),
        )


def band_too_long(text: Text, _: Text) -> Iterator[Defect]:
    for name, band in text.get("bands", {}).items():
        yield name, put("bands", name, to=band["to"] + 1)


def band_too_short(text: Text, _: Text) -> Iterator[Defect]:
    for name, band in text.get("bands", {}).items():
        yield name, put("bands", name, to=band["to"] - 1)


def removed_source(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("sources", {}) if isinstance(text.get("sources"), dict) else {}:
        yield name, drop("sources", name)
    for name, _step in _steps(text):
        yield name, drop("steps", name, "sources")


def law_is_no_statute(text: Text, _: Text) -> Iterator[Defect]:
    sources = text.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if source.get("statute"):
            yield name, drop("sources", name, "statute")


def removed_translation(text: Text, law: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if law["languages"][-1] in step["title"]:
            yield name, drop("steps", name, "title", law["languages"][-1])


def removed_outcome_route(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        words = _listed(step.get("follows", []))
        for word in words:
            left = [one for one in words if one != word]
            yield (
                f"{name} after {word}",
                put("steps", name, follows=left),
            )


def removed_closing(text: Text, _: Text) -> Iterator[Defect]:
    for place, closing in enumerate(text.get("closes", [])):
        yield str(closing["after"]), drop("closes", place)


def two_closings(text: Text, law: Text) -> Iterator[Defect]:
    for closing in text.get("closes", []):
        other = next(one for one in law["outcomes"] if one != closing["outcome"])
        yield (
            str(closing["after"]),
            add("closes", entry={**closing, "outcome": other}),
        )


def procedure_later_than_law(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if law["basis"] == "statutory":
            amount, unit = str(law["limit"]).split()
            later = {**law, "basis": "sop", "limit": f"{int(amount) * 2} {unit}"}
            yield (
                f"{step}.{clock}",
                put("steps", step, "clocks", by_procedure=later),
            )


def second_limit(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        amount, unit = str(law["limit"]).split()
        other = {**law, "limit": f"{int(amount) + 3} {unit}"}
        yield (
            f"{step}.{clock}",
            put("steps", step, "clocks", once_more=other),
        )


def wrong_limit(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        amount, unit = str(law["limit"]).split()
        yield (
            f"{step}.{clock}",
            _limit(step, clock, limit=f"{int(amount) * 10} {unit}"),
        )


def removed_stop(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if "accepted" in _listed(law["until"]):
            left = [one for one in _listed(law["until"]) if one != "accepted"]
            yield (
                f"{step}.{clock}",
                _limit(step, clock, until=left),
            )


def late_start(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        if _listed(law["from"]) == ["opened"]:
            yield (
                f"{step}.{clock}",
                _limit(step, clock, from_="accepted"),
            )


def stops_too_early(text: Text, _: Text) -> Iterator[Defect]:
    for step, clock, law in _clocks(text):
        custody = text["steps"][step]["kind"] == "custody"
        if custody and "acknowledged" not in _listed(law["until"]):
            yield (
                f"{step}.{clock}",
                _limit(step, clock, until=[*_listed(law["until"]), "acknowledged"]),
            )


def impossible_panel(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "panel" in step:
            more = len(step["panel"]["sits"]) + 1
            yield name, put("steps", name, "panel", quorum=more)


def removed_gate(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("gates", {}):
        yield name, drop("gates", name)


def gate_on_itself(text: Text, _: Text) -> Iterator[Defect]:
    for name in text.get("gates", {}):
        yield (
            name,
            put("gates", name, until=_listed(text["gates"][name]["forbids"])),
        )


def turned_condition(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if "when" in step:
            yield (
                name,
                put("steps", name, when=f"not ({step['when']})"),
            )
    for step_id, clock, law in _clocks(text):
        if "runs_if" in law:
            yield (
                f"{step_id}.{clock}",
                _limit(step_id, clock, runs_if=f"not ({law['runs_if']})"),
            )


def route_to_nowhere(text: Text, _: Text) -> Iterator[Defect]:
    for reason in text.get("declines", {}):
        yield reason, put("declines", **{reason: "NO-SUCH-STEP"})


def narrow_application(text: Text, _: Text) -> Iterator[Defect]:
    if "at least possible" in text.get("applies", {}).get("when", ""):  # else nothing would change
        yield (
            "applies",
            put("applies", when=text["applies"]["when"].replace("at least possible", "indicated")),
        )


def no_triage(text: Text, _: Text) -> Iterator[Defect]:
    if "triage_if_reported" in text.get("applies", {}):
        yield "triage", drop("applies", "triage_if_reported")


def removed_step(text: Text, _: Text) -> Iterator[Defect]:
    for name, _step in _steps(text):
        yield name, drop("steps", name)


def task_for_custody(text: Text, _: Text) -> Iterator[Defect]:
    for name, step in _steps(text):
        if step["kind"] == "custody":
            yield name, put("steps", name, kind="task")


def removed_review(text: Text, _: Text) -> Iterator[Defect]:
    if "review" in text:
        yield "review", drop("review")


def not_in_force(text: Text, _: Text) -> Iterator[Defect]:
    if "stage" in text:
        yield "stage", put(stage="draft")


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
    "law_is_no_statute": "Nothing statutory cites the source alone: the steps and limits that cite it"
    " cite another statute as well, or what rests on it is no step and no limit (a parameter of"
    " screening, a list, an exclusion, the track itself).",
    "widened_exclusion": "The condition never holds in a worked case, and the step has a 'last' who"
    " is asked instead: nobody is left without a holder.",
    "cyclic_follows": "The step opens by itself only once (no 'repeat'), and it had opened before the"
    " other could exist: the new trigger never opens anything.",
    "removed_stop": "The hand-off that ends takes its limit with it, so the word was not needed.",
    "stops_too_early": "The limit begins with the acceptance, and reading comes before it; or another"
    " limit of the step goes on until it is accepted, and nobody waits unwatched.",
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
