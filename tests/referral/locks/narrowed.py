"""Cases that bear a seal or a named exclusion, and who still stands to them: written by hand.

Seals and exclusions are asked for and approved by honest acts; ``stands`` of the states here reads
the tables of ``scene``, to which these are added.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from referral import casework
from referral.access.relationships import Relationship
from referral.casework import Said
from tests.cast import House
from tests.referral.locks.scene import OF_THE_CASE, STANDS, TRAVELS, WHY, Standing, filed

REASON = Said(reason=WHY)
OFFICE = ("social_worker", "colleague", "protection_supervisor")
# State -> who is named on the seal. Who is asked sees no name and no place, and must be able to
# answer; whoever accepts is on it from then on, and her unit is not.
SEALED = {
    "sealed": ("inspector", "supervisor"),
    "sealed_from_above": ("inspector", "desk_mate"),
    "sealed_worked": ("inspector",),
}
EXCLUDED = {"person_out": ("person", "desk_mate.zz"), "agency_out": ("agency", "CHILDREN-ZZ-N")}
# State -> who, of those that stand to the case it was made from, finds nothing.
SHUT = {
    "sealed": {"desk_mate"},
    "sealed_from_above": {"supervisor"},
    "sealed_worked": {"supervisor", "desk_mate", "colleague", "protection_supervisor"},
    "person_out": {"desk_mate"},
    "agency_out": {*OFFICE},
}
_MADE_FROM = {state: "worked" if state == "sealed_worked" else "asked" for state in SHUT}
for _state, _shut in SHUT.items():
    _from = _MADE_FROM[_state]
    _none = {*_shut, "night_officer"}  # nobody has broken the glass of these
    STANDS[_state] = {one: how for one, how in STANDS[_from].items() if one not in _none}
    TRAVELS[_state] = {one: sees for one, sees in TRAVELS[_from].items() if one not in _none}
OF_THE_CASE["sealed_worked"] = {"prosecutor": frozenset({Relationship.PENDING_RECIPIENT})}


async def narrow(house: House) -> dict[str, Standing]:
    """A case in each of these states."""
    made = {state: await _sealed(house, names) for state, names in SEALED.items()}
    office = UUID(made["sealed_worked"].ids["hand_off_id"])
    await house.manages("social_worker", casework.accept, office)
    for state, (kind, name) in EXCLUDED.items():
        case = await filed(house)
        about = UUID(case.ids["referral_id"])
        out = await house.manages("inspector", casework.exclude, about, kind, name, REASON)
        made[state] = replace(case, ids={**case.ids, "exclusion_id": out.id})
    return made


async def _sealed(house: House, names: tuple[str, ...]) -> Standing:
    case = await filed(house)
    about = (UUID(case.ids["referral_id"]), "seal", REASON)
    named = tuple(f"{name}.zz" for name in names)
    asked = await house.manages("inspector", casework.propose, *about, named=named)
    answering = (casework.answer_proposal, UUID(asked.id), Said())
    await house.manages("supervisor", *answering, approve=True)
    return case
