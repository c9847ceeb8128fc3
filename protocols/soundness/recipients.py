"""Whom steps ask, and whom they may fall back on: somebody is always left who may not decline.

Mandates and roles only; which agency serves one, and where, is never known here.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.law import HOLDER, ROLES, Asking, Route, Step
from protocols.lifecycle import Kind
from protocols.protocol import Protocol
from protocols.reader import Reader


def recipients_are_in_order(protocol: Protocol, reader: Reader) -> None:
    """Whom a step asks, in which order, fits its kind."""
    for step in protocol.steps.values():
        for problem, remedy in _wrong_with(step):
            reader.problems.error(step.spot, f"step {step.id} {problem}", remedy)
        if step.last is not None:
            _last_is_national(step, reader)


def _wrong_with(step: Step) -> Iterator[tuple[str, str]]:
    custody = step.kind is Kind.CUSTODY
    if len(set(step.order)) != len(step.order):
        yield "asks a mandate twice in one opening", "Name each mandate once in 'ask, then, last'"
    if HOLDER in step.ask and (len(step.order) > 1 or step.kind is not Kind.TASK):
        yield (
            "asks the holder together with others, or not as a task",
            "A duty of the holder is 'kind: task' with 'ask: holder' alone",
        )
    if custody and step.last is None:
        yield (
            "asks for custody and has no 'last'",
            "Name the national body that may not decline: no child may be left with nobody",
        )
    if custody and ROLES.intersection(step.ask):
        yield "hands custody to a role", "Custody goes to a mandate"
    if custody and step.asking is Asking.ALL_OF:
        yield "hands custody to several at once", "Use 'any_of': the first to accept wins"
    if step.kind is Kind.NOTICE and step.outcomes:
        yield "is a notice with outcomes", "A notice is read, nothing more; use 'kind: task'"
    if step.panel is not None and not step.outcomes:
        yield (
            "is decided by a panel and has no 'outcomes'",
            "List what the panel may decide: only its outcomes need its vote",
        )
    if step.repeat < 1 or (step.kept and step.repeat > 1):
        yield (
            "repeats less than once, or is a duty that repeats",
            "Leave 'repeat' out; what comes back is a clock that 'recurs'",
        )


def _last_is_national(step: Step, reader: Reader) -> None:
    mandate = reader.country.mandates.get(step.last or "")
    if mandate is not None and mandate.level != "national":
        reader.problems.error(
            step.spot,
            f"the last recipient of step {step.id}, {step.last}, is no national body",
            "End the order at a mandate with 'level: national': there must be one everywhere",
        )


def routes_lead_somewhere(protocol: Protocol, reader: Reader) -> None:
    """Every decline and failure goes to somebody there is."""
    for step in protocol.steps.values():
        routes = {**step.declines, "if_failed": step.if_failed}
        for reason, route in routes.items():
            if route not in {*Route, *protocol.steps}:
                reader.problems.error(
                    step.spot,
                    f"step {step.id} goes to '{route}' for {reason}, which does not exist",
                    f"Use {', '.join(sorted(Route))} or a step: {', '.join(protocol.steps)}",
                )
            elif route == Route.LAST and step.last is None and reason in step.declines:
                reader.problems.error(
                    step.spot,
                    f"step {step.id} goes to 'last' for {reason} and has no 'last'",
                    "Name a 'last', or use 'next' or 'sender'",
                )


def last_is_never_excluded(protocol: Protocol, reader: Reader) -> None:
    """Nobody shuts out the body that may not decline."""
    for step in protocol.steps.values():
        for exclusion in protocol.exclusions:
            if step.kind is Kind.CUSTODY and step.last in exclusion.mandates:
                reader.problems.error(
                    exclusion.spot,
                    f"exclusion {exclusion.id} shuts out {step.last}, the last of step {step.id}",
                    "End that step at another body: somebody must always be left to ask",
                )
