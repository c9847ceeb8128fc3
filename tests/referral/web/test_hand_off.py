"""One hand-off: what may be known, and every act as a form."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from referral import casework
from referral.casework import Said
from tests.cast import House
from tests.referral.web.conftest import Visit


async def test_the_page_says_what_why_and_by_when(visit: Visit, hand_off: UUID) -> None:
    page = await (await visit("social_worker")).see(f"/hand-offs/{hand_off}")
    assert page.status == 200
    for words in (
        "Child protection takes the child over",
        "Child Protection Act of Zedland",
        "limit set by law",
        "Why you are asked The report is filed.",
        "24 hours run without a stop",
        "0 to 11 years",
        "North",
    ):
        assert words in page.words
    assert "Amal" not in page.answer.text  # identity never travels to a page unasked
    assert "kiln" not in page.answer.text


async def test_the_title_names_no_case(visit: Visit, filed: casework.Filed, hand_off: UUID) -> None:
    page = await (await visit("social_worker")).see(f"/hand-offs/{hand_off}")
    title = page.answer.text.split("<title>")[1].split("</title>")[0]
    assert title == "Hand-off – Case referral"
    assert filed.reference in page.words


async def test_the_outsider_finds_nothing_as_if_there_were_nothing(
    visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("outsider")
    hidden = await visitor.see(f"/hand-offs/{hand_off}")
    absent = await visitor.see(f"/hand-offs/{uuid4()}")
    nonsense = await visitor.see("/hand-offs/nonsense")
    assert hidden.status == absent.status == nonsense.status == 404
    assert hidden.words == absent.words


async def test_accepting_is_one_button_and_acts_once(
    house: House, visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    first = await visitor.send(page, "/acceptance")
    again = await visitor.send(page, "/acceptance")  # a double click
    assert (first.status, again.status) == (303, 303)
    after = await visitor.follow(first)
    assert "your unit is responsible now" in after.words
    assert after.offers("/start")
    assert not after.offers("/acceptance")
    acts = await house.rows("SELECT 1 FROM referral.audit_entry WHERE act = 'hand_off.accepted'")
    assert len(acts) == 1


async def test_declining_needs_a_reason_and_a_note_and_keeps_what_was_typed(
    visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    wrong = await visitor.send(page, "/decline", decline__note="Not our district")
    assert wrong.status == 422
    assert "There is a problem" in wrong.words
    assert "Choose a reason." in wrong.words
    assert wrong.form("/decline").values["decline-note"] == ["Not our district"]
    assert "Error: Hand-off" in wrong.answer.text
    done = await visitor.send(wrong, "/decline", decline__reason_code="OUT_OF_JURISDICTION")
    assert done.place == "/hand-offs?done=decline"
    assert "goes on where the protocol says" in (await visitor.follow(done)).words


async def test_the_sender_reads_the_note_of_the_decline(visit: Visit, hand_off: UUID) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    typed = {"decline__reason_code": "NO_CAPACITY", "decline__note": "<b>Full</b> until Monday"}
    await visitor.send(page, "/decline", **typed)
    seen = await (await visit("inspector")).see(f"/hand-offs/{hand_off}")
    assert "&lt;b&gt;Full&lt;/b&gt; until Monday" in seen.answer.text
    assert "No capacity" in seen.words
    assert 'href="/hand-offs?box=out" class="govuk-back-link"' in seen.answer.text


async def test_who_is_asked_next_reads_that_it_was_declined_and_why(
    visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    typed = {"decline__reason_code": "NO_CAPACITY", "decline__note": "Full until Monday"}
    await visitor.send(page, "/decline", **typed)
    onward = await visit("directorate")
    found = re.search(
        r'href="(/hand-offs/[0-9a-f-]{36})"', (await onward.see("/hand-offs")).answer.text
    )
    assert found
    assert "Why you are asked Declined: No capacity." in (await onward.see(found[1])).words


async def test_work_from_acceptance_to_outcome(visit: Visit, hand_off: UUID) -> None:
    visitor, address = await visit("social_worker"), f"/hand-offs/{hand_off}"

    async def act(name: str, **typed: str) -> str:
        sent = await visitor.send(await visitor.see(address), f"/{name}", **typed)
        assert sent.status == 303, sent.words[:500]
        return sent.place

    await act("acknowledgement")
    await act("acceptance")
    await act("first-contact", **{"first-contact-occurred_at": "2026-03-02"})
    await act("start")
    await act("hold", hold__reason_code="COURT_ORDER", hold__review_at="2026-03-20")
    await act("resumption")
    await act("docket", docket__number="EXP-12/2026")
    seen = await visitor.see(address)
    assert "EXP-12/2026" in seen.words
    assert "In progress" in seen.words
    typed = {"completion-outcome": "ONWARD_REFERRAL_MADE", "completion-note": "Safe at school"}
    assert (await act("completion", **typed)).startswith("/hand-offs?done=completion")


async def test_a_page_that_is_out_of_date_changes_nothing(
    house: House, visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    await house.manages("protection_supervisor", casework.acknowledge, hand_off)
    stale = await visitor.send(page, "/acceptance")
    assert stale.status == 412
    assert "Somebody has changed this" in stale.words


async def test_an_act_its_state_forbids_names_the_state(
    house: House, visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    await house.manages("social_worker", casework.accept, hand_off)
    late = await visitor.send(page, "/decline", version="", **_DECLINED)
    assert late.status == 409
    assert "accepted" in late.words


_DECLINED = {"decline-reason_code": "NO_CAPACITY", "decline-note": "Full"}


async def test_the_sender_is_offered_what_is_hers_and_no_more(visit: Visit, hand_off: UUID) -> None:
    page = await (await visit("inspector")).see(f"/hand-offs/{hand_off}")
    assert page.offers("/cancellation")
    assert page.offers("/attestation")
    assert not page.offers("/acceptance")


async def test_an_answer_by_telephone_is_recorded_with_who_and_where(
    visit: Visit, hand_off: UUID
) -> None:
    visitor = await visit("inspector")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    nobody = await visitor.send(page, "/attestation", **{"attestation-act": "accept"})
    assert nobody.status == 422
    assert "Name who answered" in nobody.words
    typed = {
        "attestation-act": "accept",
        "attestation-attested_by": "Winnie Sato, duty desk",
        "attestation-attested_on": "555 0101",
    }
    done = await visitor.send(nobody, "/attestation", **typed)
    assert done.status == 303
    assert "Answered by telephone or paper, not confirmed" in (await visitor.follow(done)).words
    receiver = await visit("social_worker")
    confirmed = await receiver.send(
        await receiver.see(f"/hand-offs/{hand_off}"), "/attestation-confirmation"
    )
    assert confirmed.status == 303
    assert "not confirmed" not in (await receiver.follow(confirmed)).words


async def test_after_acceptance_the_sender_may_only_ask(
    house: House, visit: Visit, hand_off: UUID
) -> None:
    await house.manages("social_worker", casework.accept, hand_off, Said())
    visitor = await visit("inspector")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    assert not page.offers("/cancellation")
    typed = {"cancellation-request-reason_code": "NO_LONGER_NEEDED"}
    assert (await visitor.send(page, "/cancellation-request", **typed)).status == 303
    receiver = await (await visit("social_worker")).see(f"/hand-offs/{hand_off}")
    assert "The sender asks to cancel" in receiver.words


@pytest.mark.parametrize("told", ["not a day", "2026-13-40"])
async def test_a_day_that_is_none_is_put_right(visit: Visit, hand_off: UUID, told: str) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    wrong = await visitor.send(page, "/decline", **{**_DECLINED, "decline-occurred_at": told})
    assert wrong.status == 422
    assert "year-month-day" in wrong.words


async def test_a_day_to_come_is_put_right(visit: Visit, hand_off: UUID) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    day = {**_DECLINED, "decline-occurred_at": "2569-03-02"}
    wrong = await visitor.send(page, "/decline", **day)
    assert wrong.status == 422
    assert "Buddhist era" in wrong.words


async def test_times_stand_in_the_zone_of_the_unit(house: House, visit: Visit) -> None:
    page = await (await visit("inspector", "ar")).see("/cases/new")
    assert page.status == 200
    intake = casework.Intake(client_id=uuid4(), place="AR", reported="CL")
    filed = await house.manages("inspector", casework.file, intake, country="ar")
    seen = await (await visit("inspector", "ar")).see(f"/cases/{filed.case_id}")
    assert "2 Mar 2026, 09:00 UTC−3" in seen.words
