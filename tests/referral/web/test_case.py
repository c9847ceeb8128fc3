"""The case, its sealed parts and its timeline: opened on purpose, and only by whom they are for."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from referral import casework, worker
from referral.casework import Said
from tests.cast import House, asked, child_at_work
from tests.referral.web.conftest import Visit


async def test_the_case_shows_holder_persons_and_hand_offs_and_nothing_sealed(
    visit: Visit, filed: casework.Filed, case: str
) -> None:
    page = await (await visit("inspector")).see(case)
    assert page.status == 200
    for words in (
        filed.reference,
        "Labour inspectorate of the North, since",
        "Child labour",
        "North",
    ):
        assert words in page.words
    assert "Amal" not in page.answer.text
    assert "bricks" not in page.answer.text


async def test_mandates_that_were_not_asked_are_named_with_the_rule(
    house: House, visit: Visit
) -> None:
    intake = casework.Intake(
        client_id=UUID(int=7),
        place="ZZ-N",
        reported="CL",
        persons=(casework.PersonTold(facts={"age": 10, "works": True, "beneficiary": "parent"}),),
    )
    filed = await house.manages("inspector", casework.file, intake)
    hand_off = UUID(next(ask.hand_off_id for ask in filed.asks if ask.step == "ZZ-C01"))
    await house.manages("social_worker", casework.accept, hand_off)
    page = await (await visit("social_worker")).see(f"/cases/{filed.case_id}")
    assert "Not asked: Public prosecutor" in page.words


async def test_a_colleague_may_look_and_the_outsider_finds_nothing(visit: Visit, case: str) -> None:
    assert (await (await visit("supervisor")).see(case)).status == 200
    outsider = await visit("outsider")
    for address in (case, f"{case}/timeline"):
        assert (await outsider.see(address)).status == 404


async def test_the_holder_opens_identity_on_purpose_and_it_is_logged(
    house: House, visit: Visit, case: str
) -> None:
    visitor = await visit("inspector")
    page = await visitor.see(case)
    opened = await visitor.send(page, "/opening", groups=["G2", "G4"])
    assert opened.status == 200
    assert "Amal Doe" in opened.words
    assert "behind the market" in opened.words
    reads = await house.rows("SELECT 1 FROM referral.audit_entry WHERE act = 'case.read'")
    assert len(reads) == 1
    assert "Amal" not in (await visitor.see(case)).answer.text


async def test_safety_asks_for_the_password_again_and_leads_back(
    house: House, visit: Visit, case: str
) -> None:
    visitor = await visit("inspector")
    await visitor.see("/hand-offs")
    house.at.forward(minutes=14)
    await visitor.see("/hand-offs")  # still at work
    house.at.forward(minutes=2)
    page = await visitor.see(case)
    asked = await visitor.send(page, "/opening", groups=["G3"])
    assert asked.place == f"/step-up?next={case}"
    again = await visitor.follow(asked)
    password = house.player("inspector").password
    assert (await visitor.send(again, "/step-up", password=password)).place == case


async def test_a_colleague_of_the_holder_says_why_first(
    house: House, visit: Visit, filed: casework.Filed, hand_off: UUID, case: str
) -> None:
    await house.manages("social_worker", casework.accept, hand_off)
    visitor = await visit("supervisor")
    page = await visitor.see(case)
    if page.offers("/opening"):
        asked = await visitor.send(page, "/opening", groups=["G4"])
        assert asked.status in {200, 422}
        assert "behind the market" not in asked.words


async def test_opening_nothing_is_put_right(visit: Visit, case: str) -> None:
    visitor = await visit("inspector")
    wrong = await visitor.send(await visitor.see(case), "/opening")
    assert wrong.status == 422
    assert "Choose what to open." in wrong.words


async def test_who_was_only_asked_is_not_offered_what_is_sealed(visit: Visit, case: str) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(case)
    assert page.status == 200
    assert not page.offers("/opening")


async def test_a_note_is_added_sealed_and_shown_when_opened(visit: Visit, case: str) -> None:
    visitor = await visit("inspector")
    page = await visitor.see(case)
    empty = await visitor.send(page, "/notes", note="")
    assert empty.status == 422
    assert "Write the note first." in empty.words
    done = await visitor.send(page, "/notes", note="<i>She asked</i> for her brother", key=_key(2))
    assert done.place == f"{case}?done=notes"
    after = await visitor.follow(done)
    assert "brother" not in after.words
    opened = await visitor.send(after, "/opening", groups=["G4"])
    assert "&lt;i&gt;She asked&lt;/i&gt; for her brother" in opened.answer.text


def _key(number: int) -> str:
    return str(UUID(int=number))


async def test_an_event_opens_what_follows(
    house: House, visit: Visit, hand_off: UUID, case: str
) -> None:
    await house.manages("social_worker", casework.accept, hand_off, Said())
    visitor = await visit("social_worker")
    page = await visitor.see(case)
    event = {"event": "ZZ-C02 NO_SEPARATION_NEEDED", "occurred_at": "2026-03-02"}
    done = await visitor.send(page, "/events", **event)
    assert done.status == 303
    nothing = await visitor.send(page, "/events", event="", key=_key(3))
    assert nothing.status == 422
    assert "There is a problem" in nothing.words
    twice = await visitor.send(page, "/events", **event, key=_key(4))
    assert twice.status == 409


async def test_the_timeline_tells_every_act_in_order(
    house: House, visit: Visit, hand_off: UUID, case: str
) -> None:
    house.at.forward(hours=1)
    await house.manages("social_worker", casework.accept, hand_off)
    page = await (await visit("inspector")).see(f"{case}/timeline")
    assert page.status == 200
    filed, accepted = page.words.index("Case filed"), page.words.index("Hand-off accepted")
    assert filed < accepted
    assert "Child protection office of the North" in page.words
    assert "2 Mar 2026, 13:00 UTC" in page.words


async def test_the_timeline_says_which_event_was_recorded_and_to_whom_it_is_open(
    house: House, visit: Visit, hand_off: UUID, case: str
) -> None:
    house.at.forward(hours=1)
    await house.manages("social_worker", casework.accept, hand_off)
    winnie = await visit("social_worker")
    page = await winnie.see(case)
    assert "First assessment: Help at home is enough" in page.words
    event = {"event": "ZZ-C02 NO_SEPARATION_NEEDED", "occurred_at": "2026-03-02"}
    await winnie.send(page, "/events", **event, key=_key(5))
    words = (await winnie.see(f"{case}/timeline")).words
    told = (
        "Event recorded The report is filed",
        "Event recorded The holder keeps “First assessment”",
        "Event recorded “First assessment” ended in: Help at home is enough",
        "Hand-off accepted Child protection takes the child over: Child protection office",
    )
    assert [one for one in told if one not in words] == []
    assert "ZZ-C" not in words
    audited = await (await visit("auditor")).see(f"{case}/timeline")
    assert "Event recorded" in audited.words
    assert not [one for one in ("The report is filed", "ended in") if one in audited.words]


async def test_a_limit_that_passed_is_called_by_its_name(
    house: House, visit: Visit, case: str
) -> None:
    house.at.forward(days=3)
    await worker.turn(house.clockwork, house.at())
    visitor = await visit("inspector")
    timeline = await visitor.see(f"{case}/timeline")
    assert "Reminder: a limit is coming near" in timeline.words
    (beside,) = await house.rows(
        "SELECT id FROM referral.hand_off WHERE reason::text LIKE '%passed%'"
    )
    page = await visitor.see(f"/hand-offs/{beside['id']}")
    assert "“Answer to the report” passed without an answer" in page.words


async def test_a_page_leads_only_to_what_its_reader_may_open(
    house: House, visit: Visit, hand_off: UUID, case: str
) -> None:
    ines = await visit("inspector")
    for name in ("attachments", "consents"):
        assert f'href="{case}/{name}"' in (await ines.see(case)).answer.text
        assert (await ines.see(f"{case}/{name}")).status == 200
    await house.manages("social_worker", casework.accept, hand_off)
    page = await ines.see(case)
    assert page.status == 200
    assert f"{case}/attachments" not in page.answer.text
    assert f"{case}/consents" not in page.answer.text


async def test_what_is_still_needed_says_for_what_in_words(house: House, visit: Visit) -> None:
    child = child_at_work()
    told = {"age": 10, "works": True, "econ_hours": 20}
    vague = replace(child, persons=(replace(child.persons[0], facts=told),))
    filed = await house.manages("inspector", casework.file, vague)
    ines = await visit("inspector")
    for address in (f"/cases/{filed.case_id}", f"/cases/{filed.case_id}/filed"):
        words = (await ines.see(address)).words
        assert "Who profits from the work" in words, address
        assert "for for" not in words
        assert "for ZZ-" not in words
    assert "Screening" in (await ines.see(f"/cases/{filed.case_id}/filed")).words
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    assert "Screening" not in (await ines.see(f"/cases/{filed.case_id}/filed")).words


async def test_what_happened_when_it_was_recorded_says_so(visit: Visit, case: str) -> None:
    timeline = await (await visit("inspector")).see(f"{case}/timeline")
    assert "2 Mar 2026, 12:00 UTC at the same time Event recorded" in timeline.words


async def test_what_has_ended_has_no_limit_at_its_top(
    house: House, visit: Visit, hand_off: UUID
) -> None:
    ines = await visit("inspector")
    assert "Answer by:" in (await ines.see(f"/hand-offs/{hand_off}")).words
    await house.manages("inspector", casework.cancel, hand_off, Said(reason_code="OTHER"))
    words = (await ines.see(f"/hand-offs/{hand_off}")).words
    assert "No limit" not in words
    assert "Next limit" not in words
