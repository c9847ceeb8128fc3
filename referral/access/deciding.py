"""May she? One pure decision: who asks, for which action, on what, and what she has shown.

No input or output, no clock, no rows of the database: the same question has the same answer.
Default is no, and an explicit no (a named exclusion, a seal she is not named on, a suspension, a
legal hold) beats every yes. The same cells exist a second time as row security in SQL, by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from referral.access.matrix import Needs, given, matrix
from referral.access.relationships import Relationship
from referral.session import Actor, Role

STEP_UP: Final = timedelta(minutes=15)
NOTHING: Final[frozenset[str]] = frozenset()
_NOBODY: Final[frozenset[UUID]] = frozenset()
_NO_NEED: Final[Needs] = frozenset()
# What an explicit no is called. Whoever meets one of these is told that there is nothing.
EXCLUDED: Final = "excluded"
SEALED: Final = "sealed"
NO_RELATIONSHIP: Final = "no-relationship"
NO_CELL: Final = "no-cell"
HIDDEN: Final = frozenset({EXCLUDED, SEALED, NO_RELATIONSHIP})
LEGAL_HOLD: Final = "legal-hold"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked about: how she stands to it, what travels to her, what keeps her from it.

    ``travelled``: field groups (G0-G5, OWN) of her unit's parts in it. ``barred``: ids of persons
    and agencies under a named exclusion; ``named``: persons on the seal.
    """

    relationships: frozenset[Relationship] = frozenset()
    travelled: frozenset[str] = NOTHING
    barred: frozenset[UUID] = _NOBODY
    sealed: bool = False
    named: frozenset[UUID] = _NOBODY
    legal_hold: bool = False

    @classmethod
    def of(
        cls, relationships: frozenset[Relationship], parties: Iterable[Mapping[str, Any]]
    ) -> Resource:
        """From rows of the party table: every seal and exclusion on any of them counts."""
        rows = tuple(parties)
        sealed = [row for row in rows if row["sealed"]]
        names = [frozenset(UUID(one) for one in row["named"]) for row in sealed]
        return cls(
            relationships=relationships,
            travelled=frozenset(group for row in rows for group in row["groups"]),
            barred=frozenset(UUID(one) for row in rows for one in row["barred"]),
            sealed=bool(sealed),
            named=frozenset.intersection(*names) if names else _NOBODY,
        )


OUTSIDE: Final = Resource()  # no case: the role alone decides


@dataclass(frozen=True, slots=True)
class Context:
    """What she has shown: words, a fresh proof, a second person; or that she is suspended."""

    has_reason: bool = False
    stepped_up: bool = False
    second_person: bool = False
    suspended: bool = False

    @classmethod
    def of(cls, actor: Actor, reason: str | None, now: datetime) -> Context:
        """As a door knows it."""
        return cls(has_reason=bool(reason), stepped_up=stepped_up(actor, now))


_SUPERVISING: Final = frozenset({Relationship.RECIPIENT_SUPERVISOR, Relationship.UNIT_SUPERVISOR})
# Only people who work on cases stand to one at all, and only a supervisor as a supervisor.
_MAY_STAND: Final = {
    Role.OFFICER: frozenset(Relationship) - _SUPERVISING,
    Role.SUPERVISOR: frozenset(Relationship),
}

EVERYTHING_SHOWN: Final = Context(has_reason=True, stepped_up=True, second_person=True)
NOTHING_SHOWN: Final = Context()


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, why (a code for the log), what is owed, and which field groups are visible.

    ``obligations``: what is still to be given, when the answer is no for lack of it.
    ``visible_classes``: groups (G0, G1, G1W, G2-G5) she may read now with what she has shown.
    """

    allow: bool
    reason_code: str
    obligations: Needs = field(default=_NO_NEED)
    visible_classes: frozenset[str] = NOTHING


def stepped_up(actor: Actor, now: datetime) -> bool:
    """A password within the last 15 minutes; a token never counts."""
    return actor.authenticated_at is not None and now - actor.authenticated_at < STEP_UP


def decide(actor: Actor, action: str, resource: Resource, context: Context) -> Decision:
    """May she do this to that, with what she has shown? The best of her relationships counts.

    Raises KeyError for an action that stands in neither table.
    """
    found = matrix()
    on_a_case = found.on_a_case.get(action)
    if on_a_case is None:
        return _by_role(actor, found.by_role[action], action, resource, context)
    refused = _explicit(actor, action, resource, context)
    if refused is not None:
        return refused
    standing = resource.relationships & _MAY_STAND.get(actor.role, frozenset())
    if not standing:
        return Decision(allow=False, reason_code=NO_RELATIONSHIP)
    visible = _visible(standing, resource.travelled, context)
    offers = [(on_a_case[who], who) for who in standing if who in on_a_case]
    if not offers:
        return Decision(allow=False, reason_code=NO_CELL, visible_classes=visible)
    shown = _shown(context)
    lacks, best = min(((needs - shown, who) for needs, who in offers), key=_fewest)
    return Decision(not lacks, best.value, lacks, visible)


def _fewest(offer: tuple[Needs, Relationship]) -> tuple[int, str]:
    return len(offer[0]), offer[1].value


def _by_role(
    actor: Actor, row: Mapping[Any, Needs], action: str, resource: Resource, context: Context
) -> Decision:
    refused = _explicit(actor, action, resource, context)
    if refused is not None:
        return refused
    needs = row.get(actor.role)
    if needs is None:
        return Decision(allow=False, reason_code=NO_CELL)
    lacks = needs - _shown(context)
    return Decision(not lacks, actor.role.value, lacks)


def _explicit(actor: Actor, action: str, resource: Resource, context: Context) -> Decision | None:
    """A no that beats every yes."""
    if context.suspended:
        return Decision(allow=False, reason_code="suspended")
    if actor.member_id in resource.barred or actor.agency_id in resource.barred:
        return Decision(allow=False, reason_code=EXCLUDED)
    if resource.sealed and actor.member_id not in resource.named:
        return Decision(allow=False, reason_code=SEALED)
    if resource.legal_hold and action in matrix().on_hold:
        return Decision(allow=False, reason_code=LEGAL_HOLD)
    return None


def _shown(context: Context) -> Needs:
    return _SHOWN[context.has_reason, context.stepped_up, context.second_person]


_SHOWN: Final = {
    (reason, stepped, second): given(has_reason=reason, stepped_up=stepped, second_person=second)
    for reason in (False, True)
    for stepped in (False, True)
    for second in (False, True)
}


def _visible(
    standing: frozenset[Relationship], travelled: frozenset[str], context: Context
) -> frozenset[str]:
    """What her relationships open, and of that what travels to her.

    The workplace goes with the facts; of her own hand-off she has the envelope.
    """
    sight, reason, stepped = matrix().sight, context.has_reason, context.stepped_up
    opened = NOTHING.union(*(sight[who, reason, stepped] for who in standing))
    travelling = travelled | _WITH_FACTS if "G1" in travelled else travelled
    return opened & (travelling | _OWN if "OWN" in travelled else travelling)


_WITH_FACTS: Final = frozenset({"G1W"})
_OWN: Final = frozenset({"G0"})
