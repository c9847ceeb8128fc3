"""A new start: given by whoever is charged with it, to somebody else, once, and told to her."""

from __future__ import annotations

import pytest

from tests.cast import House
from tests.referral.web.authenticator import Authenticator
from tests.referral.web.second_factors import (
    by_passkey,
    by_password,
    code,
    come,
    enrol,
    strict,
    with_app,
    with_passkey,
)
from tests.referral.web.visiting import Seen, Visitor

GIVER = "protection_supervisor"  # of the social worker's own unit


async def given(house: House, visitor: Visitor, part: str = "social_worker") -> Seen:
    """The page with the secret, or a refusal."""
    page = await visitor.see("/members")
    return await visitor.send(page, f"/members/{house.player(part).member_id}/recovery")


def secret_in(page: Seen) -> str:
    """The secret that stands on it."""
    words = page.words.split("setting up a new sign-in: ")
    assert len(words) == 2, page.words
    return words[1].split()[0]


async def begin(house: House, secret: str, part: str = "social_worker") -> tuple[Visitor, Seen]:
    visitor = come(house)
    page = await visitor.see("/sign-in/given")
    typed = {"user_name": house.player(part).part.user_name, "secret": secret}
    return visitor, await visitor.send(page, "/sign-in/given", **typed)


async def test_everything_she_had_is_over_and_the_secret_leads_to_enrolling(house: House) -> None:
    device = Authenticator()
    worker = await with_passkey(strict(house), "social_worker", device)
    giver, _ = await with_app(house, GIVER)
    secret = secret_in(await given(house, giver))
    assert (await worker.see("/hand-offs")).place.startswith("/sign-in")
    assert (await by_passkey(house, device))[1].status == 422
    assert (await by_password(come(house), house, "social_worker")).status == 422
    visitor, begun = await begin(house, secret.upper())
    assert begun.place.startswith("/enrolment")
    assert (await visitor.see("/hand-offs")).place.startswith("/sign-in")
    start = await visitor.follow(begun)
    words = dict.fromkeys(("password", "password_again"), "a sentence of my own")
    start = await visitor.follow(await visitor.send(start, "/account/password", **words))
    codes = await visitor.follow(await visitor.send(start, "/account/codes"))
    letters = codes.words.partition("into the app: ")[2].split(" The code")[0].split()
    app = "".join(word for word in letters if word.isalnum() and word.upper() == word)
    done = await visitor.send(codes, "/account/codes/first", code=code(app, house))
    assert done.status == 303, done.words
    told = (await visitor.see("/account")).words
    assert "You were last given a new start by" in told
    acts = [row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")]
    assert "member.recovered" in acts
    assert "member.password_set" in acts


async def test_a_passkey_is_a_new_start_without_any_password(house: House) -> None:
    giver, _ = await with_app(strict(house), GIVER)
    secret = secret_in(await given(house, giver))
    visitor, begun = await begin(house, secret)
    device = Authenticator()
    assert (await enrol(visitor, await visitor.follow(begun), device)).status == 303
    assert (await by_passkey(house, device))[1].status == 303


async def test_the_secret_is_good_once_and_for_three_days(house: House) -> None:
    giver, _ = await with_app(strict(house), GIVER)
    secret = secret_in(await given(house, giver))
    assert (await begin(house, "another-secret"))[1].status == 422
    assert (await begin(house, secret, "inspector"))[1].status == 422
    assert (await begin(house, secret))[1].status == 303
    assert (await begin(house, secret))[1].status == 422
    fresh = secret_in(await given(house, giver))
    house.at.forward(hours=72)
    assert (await begin(house, fresh))[1].status == 422


async def test_the_secret_stands_nowhere_but_on_one_page(house: House) -> None:
    giver, _ = await with_app(strict(house), GIVER)
    page = await given(house, giver)
    secret = secret_in(page)
    assert page.answer.headers["cache-control"] == "no-store"
    assert secret not in (await giver.see("/members")).answer.text
    kept = await house.rows("SELECT secret_hash FROM agencies.enrolment")
    assert secret.encode() not in kept[0]["secret_hash"]


async def test_nobody_gives_herself_a_new_start(house: House) -> None:
    giver, _ = await with_app(strict(house), GIVER)
    page = await giver.see("/members")
    own = f"/members/{house.player(GIVER).member_id}/recovery"
    assert not page.offers(own)
    csrf = page.forms[0].values["csrf"]
    answer = await giver.client.post(own, data={"csrf": csrf})
    assert answer.status_code == 403
    assert (await giver.see("/hand-offs")).status == 200


@pytest.mark.parametrize("who", ["supervisor", "agency_admin"])
async def test_who_is_charged_with_others_finds_nobody(house: House, who: str) -> None:
    other, _ = await with_app(strict(house), who)
    csrf = (await other.see("/account")).forms[0].values["csrf"]
    subject = house.player("social_worker").member_id
    assert str(subject) not in (await other.see("/members")).answer.text
    answer = await other.client.post(f"/members/{subject}/recovery", data={"csrf": csrf})
    nobody = await other.client.post(f"/members/{GUESSED}/recovery", data={"csrf": csrf})
    assert (answer.status_code, answer.content) == (nobody.status_code, nobody.content)
    assert answer.status_code == 404
    assert await house.rows("SELECT 1 FROM agencies.enrolment") == []


GUESSED = "6f1e2f0a-5d35-4b35-9b55-0a4a5f3c9f77"


async def test_who_is_no_supervisor_may_not(house: House) -> None:
    other, _ = await with_app(strict(house), "inspector")
    csrf = (await other.see("/account")).forms[0].values["csrf"]
    assert (await other.see("/members")).status == 403
    subject = house.player("hotline").member_id
    answer = await other.client.post(f"/members/{subject}/recovery", data={"csrf": csrf})
    assert answer.status_code == 403


async def test_giving_a_new_start_takes_a_fresh_proof(house: House) -> None:
    giver, _ = await with_app(strict(house), GIVER)
    page = await giver.see("/members")
    house.at.forward(minutes=14)
    await giver.see("/members")
    house.at.forward(minutes=2)
    action = f"/members/{house.player('social_worker').member_id}/recovery"
    assert (await giver.send(page, action)).place == "/step-up?next=/members"
    assert await house.rows("SELECT 1 FROM agencies.enrolment") == []
