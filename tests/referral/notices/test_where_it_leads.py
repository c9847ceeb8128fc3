"""A notice leads to where what happened is looked at, for whoever may look at it there."""

from __future__ import annotations

from uuid import UUID

from referral import casework
from referral.casework import Said
from referral.session import Role
from referral.web import navigation, notice_words
from tests.cast import House, child_at_work
from tests.referral.notices.conftest import Telling
from tests.referral.web.visiting import Visitor

WHY = Said(reason="She is somebody else.")


async def address_of(house: House, part: str, words: str) -> str | None:
    """Where the notice that says so leads her."""
    page = await Visitor(await house.browser(part)).see("/notices")
    row = next(one for one in page.answer.text.split("<tr ") if words in one)
    return row.partition('href="')[2].partition('"')[0] or None


async def test_who_is_asked_to_approve_comes_to_where_she_can(
    house: House, telling: Telling
) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    proposal = await house.manages("inspector", casework.propose, referral, "void", WHY)
    await telling.tell()
    supervisor = Visitor(await house.browser("supervisor"))
    asked = await address_of(house, "supervisor", "Somebody asks for your approval")
    assert asked == f"/cases/{filed.case_id}/need-to-know"
    assert (await supervisor.see(asked)).answer.status_code == 200
    answer = (casework.answer_proposal, UUID(proposal.id), WHY)
    await house.manages("supervisor", *answer, approve=True)
    await telling.tell()
    approved = await address_of(house, "inspector", "What you asked for was approved")
    assert approved == f"/cases/{filed.case_id}/need-to-know"


async def test_who_may_open_no_case_is_led_to_none(house: House, telling: Telling) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    referral = UUID(filed.referrals[0].referral_id)
    proposal = await house.manages("inspector", casework.propose, referral, "void", WHY)
    answer = (casework.answer_proposal, UUID(proposal.id), WHY)
    await house.manages("supervisor", *answer, approve=True)
    about = (casework.ask_erasure, filed.reference, "REQUEST", WHY)
    await house.manages("inspector", *about)
    await telling.tell()
    led = await address_of(house, "data_officer", "Somebody asks you to erase a case")
    assert led == "/erasures"
    [told] = (await house.client("data_officer").get("/api/v1/notices")).json()["notices"]
    assert (told["case_id"], told["hand_off_id"]) == (None, None)


def test_every_page_led_to_is_one_that_somebody_may_open() -> None:
    everywhere = {address for role in Role for address in navigation.open_to(role)}
    assert set(notice_words._PAGES.values()) <= everywhere
    things = {kind.partition(".")[0] for kind in notice_words.KINDS}
    assert notice_words._PAGES.keys() | notice_words._BELOW_CASE.keys() <= things


async def test_a_list_that_leaves_some_out_says_so(house: House, telling: Telling) -> None:
    await house.rows(
        "UPDATE referral.notice_preference SET address = NULL WHERE address ~ 'social'"
    )
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    chief = Visitor(await house.browser("coordinator"))
    assert "Older ones are left out" not in (await chief.see("/notices/unreached")).words
    await house.rows(
        "INSERT INTO referral.outbox (id, country, kind, to_unit, occurred_at, reach, cause) "
        "SELECT gen_random_uuid(), 'ZZ', 'hand_off.requested', $1, $2, 'unreached', 'no_address' "
        "FROM generate_series(1, 201)",
        house.player("social_worker").unit_id,
        house.at(),
    )
    assert "Older ones are left out" in (await chief.see("/notices/unreached")).words
    told = (await house.client("coordinator").get("/api/v1/notices/unreached")).json()
    assert (len(told["notices"]), told["more"]) == (200, True)
