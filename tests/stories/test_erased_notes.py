"""One person of a case is erased: what is about the whole case and names her goes too, if said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from referral import casework, queries
from referral.audit.verify import verify
from referral.casework import Intake, PersonTold, Said
from referral.queries.sealed import WITH_HER
from referral.vault import Vault
from tests.cast import PLACE, ROOT_KEY, House
from tests.referral.api.desk import Desk, problem
from tests.referral.locks.laid_open import readable
from tests.referral.locks.test_canaries import MARKS
from tests.referral.web.visiting import Visitor

if TYPE_CHECKING:
    from referral.errors import Refusal

HERS = {
    "her name": "cnry80herzq",
    "the narrative": "cnry81narrativezq",
    "a note that names her": "cnry82notezq",
    "why her referral was struck out": "cnry83voidzq",
    "why she is erased": "cnry84whyzq",
}
OTHERS = {"his name": "cnry85hiszq", "a note about him": "cnry86stayszq"}
WHY = Said(reason=f"She asks for it. {HERS['why she is erased']}")


@pytest.fixture
async def two(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A case of two; hers is closed. A narrative and a note name her, another note does not."""
    for name, mark in (*HERS.items(), *OTHERS.items()):
        monkeypatch.setitem(MARKS, name, mark)
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    names = (HERS["her name"], OTHERS["his name"])
    persons = tuple(PersonTold(facts=told, identity={"name": name}) for name in names)
    narrative = f"Both at the kiln. {HERS['the narrative']}"
    intake = Intake(
        client_id=uuid4(), place=PLACE, reported="CL", persons=persons, narrative=narrative
    )
    filed = await house.manages("inspector", casework.file, intake)
    first = UUID(filed.referrals[0].referral_id)
    for words in (HERS["a note that names her"], OTHERS["a note about him"]):
        house.at.forward(minutes=1)
        await house.manages("inspector", casework.add_note, first, words)
    void = Said(reason=HERS["why her referral was struck out"])
    proposal = await house.manages("inspector", casework.propose, first, "void", void)
    answer = (casework.answer_proposal, UUID(proposal.id), Said())
    await house.manages("supervisor", *answer, approve=True)
    return filed


async def asks(house: House, filed: Any, **more: Any) -> Any:
    """Ines asks that the first be erased."""
    about = (casework.ask_erasure, filed.reference, "REQUEST", WHY)
    return await house.does("inspector", *about, number=1, **more)


def listed(refusal: Refusal) -> list[UUID]:
    """The notes about the whole case, the oldest first, as the refusal has them."""
    first, *notes = refusal.extra["errors"]
    assert first["pointer"] == "/notes"
    return [UUID(one["pointer"].removeprefix("/notes/")) for one in notes]


async def test_who_asks_says_which_notes_name_her_and_nothing_of_her_is_left(
    house: House, two: Any
) -> None:
    unsaid = await asks(house, two)
    assert unsaid.extra["errors"][0]["code"] == "missing"
    assert "may name her" in unsaid.extra["errors"][0]["message"]
    narrative, hers, his = listed(unsaid)
    foreign = await asks(house, two, notes=(hers, uuid4()))
    assert foreign.extra["errors"][0]["code"] == "unknown"
    proposal = await asks(house, two, notes=(narrative, hers))
    assert (await asks(house, two, notes=(hers,))).extra["from"] == "asked"
    vault = Vault.from_text(ROOT_KEY)
    before = await readable(house.database.superuser_url, vault)
    assert {*HERS, *OTHERS} <= before, "or the search does not see what is there"

    [seen] = (await house.opens("data_officer", queries.erasures_of)).asked
    assert (seen.number, seen.notes_gone, seen.notes_left) == (1, 2, 1)
    answer = (casework.answer_erasure, UUID(proposal.id), Said(reason="Identified."))
    await house.manages("data_officer", *answer, approve=True)

    after = await readable(house.database.superuser_url, vault)
    assert after & {*HERS, *OTHERS} == set(OTHERS), "nothing of her, everything of him"
    case = await house.opens(
        "inspector",
        queries.case_seen,
        UUID(two.case_id),
        groups=("G4",),
        reason="I look after him.",
    )
    words = [words for _, _, words in case.notes]
    assert words[:2] == [WITH_HER] * 2
    assert words[2] == OTHERS["a note about him"]
    needed = await house.opens("inspector", queries.need_to_know, UUID(two.case_id))
    assert [one.reason for one in needed.proposals] == [WITH_HER]
    [seen] = (await house.opens("data_officer", queries.erasures_of)).asked
    assert seen.reason == WITH_HER
    assert [row["id"] for row in await _kept(house)] == [his]
    assert (await verify(house.database.superuser_url)).problems == []


async def _kept(house: House) -> list[Any]:
    return await house.rows("SELECT id FROM referral.note WHERE octet_length(content) > 0")


async def test_what_is_not_named_stays_and_whoever_approves_is_told(house: House, two: Any) -> None:
    proposal = await asks(house, two, notes=())
    [seen] = (await house.opens("data_officer", queries.erasures_of)).asked
    assert (seen.notes_gone, seen.notes_left) == (0, 3)
    answer = (casework.answer_erasure, UUID(proposal.id), Said(reason="Identified."))
    await house.manages("data_officer", *answer, approve=True)
    assert len(await _kept(house)) == 3


async def test_of_a_whole_case_no_note_is_named(house: House, two: Any) -> None:
    [_, hers, _] = listed(await asks(house, two))
    about = (casework.ask_erasure, two.reference, "REQUEST", WHY)
    odd = await house.does("inspector", *about, notes=(hers,))
    assert odd.extra["from"] == "open", "his referral goes on"


async def test_the_page_shows_them_to_be_ticked(house: House, two: Any) -> None:
    ines = Visitor(await house.browser("inspector"))
    page = await ines.see("/erasures")
    assert "stays for the others, and may name her" in page.words
    told = {
        "erase-reference": two.reference,
        "erase-ground": "REQUEST",
        "erase-person": "1",
        "erase-reason": "She asks for it.",
    }
    shown = await ines.send(page, "/erasures", answer="ask", **told)
    assert shown.status == 422
    assert "3 notes are about the whole case" in shown.words
    assert "The narrative of 2026-03-02" in shown.words
    [narrative, *_] = listed(await asks(house, two))
    ticked = {**told, "erase-notes": str(narrative)}
    page = await ines.follow(await ines.send(shown, "/erasures", answer="ticked", **ticked))
    assert "1 go with her" in page.words
    dalia = Visitor(await house.browser("data_officer"))
    page = await dalia.see("/erasures")
    assert "2 stay, and so do facts, workplace and household of the case" in page.words


async def test_over_json_they_are_listed_and_named(house: House, two: Any) -> None:
    desk = Desk(house)
    body = {"reference": two.reference, "ground": "REQUEST", "person": 1, "reason": "She asks."}
    unsaid = problem(await desk.sends("inspector", "erasures", body), 422, "invalid-input")
    pointers = [one["pointer"] for one in unsaid["errors"]]
    assert pointers[0] == "/notes"
    notes = [one.removeprefix("/notes/") for one in pointers[1:]]
    asked = await desk.sends("inspector", "erasures", {**body, "notes": notes[:1]})
    assert asked.status_code == 201, asked.text
    [one] = (await desk.reads("data_officer", "erasures")).json()["asked"]
    assert (one["notes_gone"], one["notes_left"]) == (1, 2)
    assert await house.rows("SELECT FROM referral.note") != []
