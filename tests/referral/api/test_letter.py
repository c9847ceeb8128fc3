"""The letter of a hand-off: number, step, ground and limit; nobody is named, no fact is told."""

from __future__ import annotations

from tests.referral.api.desk import Desk, asked, pointers, problem
from tests.referral.web.visiting import Visitor


async def test_the_letter_says_who_asks_whom_for_what_and_names_nobody(desk: Desk) -> None:
    filed = await desk.files()
    hand_off = asked(filed, "ZZ-C01")
    told = await desk.reads("inspector", f"hand-offs/{hand_off}/letter")
    letter = told.json()
    assert letter["document"] == "FORM_R", "the step requires it"
    assert letter["number"] == filed["reference"]
    assert "Child protection takes the child over" in letter["text"]
    assert "Child Protection Act of Zedland" in letter["text"]
    assert "Tuesday 3 March 2026, 12:00 (UTC)" in letter["text"]
    assert "Amal" not in told.text
    assert "{" not in letter["text"]


async def test_each_agency_writes_under_its_own_number(desk: Desk) -> None:
    hand_off = await desk.asks()
    await desk.acts("inspector", hand_off, "docket", number="INSP-2026-17")
    own = (await desk.reads("inspector", f"hand-offs/{hand_off}/letter")).json()
    theirs = (await desk.reads("social_worker", f"hand-offs/{hand_off}/letter")).json()
    assert own["number"] == "INSP-2026-17"
    assert "INSP-2026-17" not in theirs["text"]


async def test_language_and_document_are_chosen_and_others_find_nothing(desk: Desk) -> None:
    hand_off = await desk.asks()
    path = f"hand-offs/{hand_off}/letter"
    spanish = await desk.reads(
        "inspector", f"{path}?document=OFFICIAL_LETTER", **{"Accept-Language": "es"}
    )
    assert "Fundamento legal" in spanish.json()["text"]
    wrong = problem(await desk.reads("inspector", f"{path}?document=X"), 422, "invalid-input")
    assert list(pointers(wrong)) == ["/document"]
    problem(await desk.reads("outsider", path), 404, "not-found")


async def test_the_number_is_recorded_with_the_hand_off_and_printed(desk: Desk) -> None:
    hand_off = await desk.asks()
    visitor = Visitor(await desk.house.browser("inspector"))
    letter = await visitor.see(f"/hand-offs/{hand_off}/letter")
    assert "Record your own number" in letter.words
    page = await visitor.see(f"/hand-offs/{hand_off}")
    numbered = await visitor.send(page, "/docket", docket__number="INSP-2026-18")
    assert numbered.status == 303, numbered.words
    printed = await visitor.see(f"/hand-offs/{hand_off}/letter")
    assert "It goes under your own number, INSP-2026-18." in printed.words
    body = printed.words.partition("under your own number")[2]
    assert body.count("INSP-2026-18") == 2, "and it stands in the letter itself"
    told = (await desk.reads("inspector", f"hand-offs/{hand_off}/letter")).json()
    assert (told["number"], told["numbered"]) == ("INSP-2026-18", True)
    rows = await desk.house.rows("SELECT number FROM referral.docket")
    assert len(rows) == 1, "the second number has taken the place of the first"
    assert b"INSP" not in rows[0]["number"], "it leads to a file of the agency: sealed"


async def test_the_page_can_be_printed(desk: Desk) -> None:
    hand_off = await desk.asks()
    visitor = Visitor(await desk.house.browser("inspector"))
    page = await visitor.see(f"/hand-offs/{hand_off}")
    assert f"/hand-offs/{hand_off}/letter" in page.answer.text
    letter = await visitor.see(f"/hand-offs/{hand_off}/letter?language=es")
    assert "FORMULARIO R DE DERIVACIÓN" in letter.words
    assert "Amal" not in letter.answer.text
