"""Second factors: demanded in production, offered in training, asked for once enrolled."""

from __future__ import annotations

from tests.cast import House
from tests.referral.web.authenticator import Authenticator
from tests.referral.web.conftest import Visit
from tests.referral.web.second_factors import (
    by_passkey,
    by_password,
    code,
    come,
    enrol,
    question,
    strict,
    with_app,
    with_passkey,
)
from tests.referral.web.visiting import Visitor


async def _inside(visitor: Visitor) -> bool:
    return (await visitor.see("/hand-offs")).status == 200


async def test_in_production_a_password_alone_leads_to_enrolling_and_nowhere_else(
    house: House,
) -> None:
    visitor = come(strict(house))
    answer = await by_password(visitor, house, "social_worker")
    assert answer.place.startswith("/enrolment")
    assert not await _inside(visitor)
    assert await house.rows("SELECT 1 FROM agencies.session") == []
    for address in ("/account", "/agencies", "/api/v1/hand-offs", "/members"):
        assert (await visitor.client.get(address)).status_code in {303, 401}, address


async def test_an_app_enrolled_opens_the_session_and_is_asked_for_next_time(house: House) -> None:
    visitor, secret = await with_app(strict(house), "social_worker")
    assert await _inside(visitor)
    house.at.forward(minutes=1)
    again = come(house)
    second = await again.follow(await by_password(again, house, "social_worker"))
    assert "Second proof" in second.words
    assert not await _inside(again)
    wrong = await again.send(second, "/sign-in/second", code="000000")
    assert wrong.status == 422
    right = await again.send(second, "/sign-in/second", code=code(secret, house))
    assert right.status == 303
    assert await _inside(again)
    proofs = await house.rows("SELECT proof FROM agencies.session")
    assert {row["proof"] for row in proofs} == {"code"}


async def test_the_secret_of_an_app_rests_sealed_and_its_key_apart(house: House) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    kept = await house.rows("SELECT id, secret FROM agencies.code_generator")
    assert secret.encode() not in kept[0]["secret"]
    keys = await house.rows("SELECT subject FROM vault.data_key WHERE kind = 'factor'")
    assert [row["subject"] for row in keys] == [kept[0]["id"]]


async def test_a_passkey_alone_signs_in_and_names_its_owner(house: House) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    visitor, answer = await by_passkey(house, device)
    assert answer.status == 303
    assert "Winnie Sato" in (await visitor.see("/hand-offs")).words


async def test_a_passkey_is_a_second_factor_after_the_password(house: House) -> None:
    device, other = Authenticator(), Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    await with_passkey(house, "inspector", other)
    visitor = come(house)
    page = await visitor.follow(await by_password(visitor, house, "social_worker"))
    asked = await question(visitor, page, "/sign-in/passkey")
    assert len(asked["allowCredentials"]) == 1
    foreign = await visitor.send(page, "/sign-in/passkey", credential=other.prove(asked))
    assert foreign.status == 422, "after one person's password another's passkey is no proof"
    asked = await question(visitor, page, "/sign-in/passkey")
    right = await visitor.send(page, "/sign-in/passkey", credential=device.prove(asked))
    assert right.status == 303
    assert "Winnie Sato" in (await visitor.see("/hand-offs")).words


async def test_step_up_takes_the_code_too_where_there_is_one(house: House) -> None:
    visitor, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=10)
    page = await visitor.see("/step-up?next=/hand-offs")
    password = house.player("social_worker").password
    alone = await visitor.send(page, "/step-up", password=password, code="")
    assert alone.status == 422
    old = (await house.rows("SELECT id_hash FROM agencies.session"))[0]["id_hash"]
    done = await visitor.send(page, "/step-up", password=password, code=code(secret, house))
    assert done.place == "/hand-offs"
    rows = await house.rows("SELECT id_hash, authenticated_at FROM agencies.session")
    assert rows[0]["id_hash"] != old
    assert rows[0]["authenticated_at"] == house.at()


async def test_step_up_by_passkey_gives_a_new_session_and_a_password_will_not_do(
    house: House,
) -> None:
    device = Authenticator()
    visitor = await with_passkey(strict(house), "social_worker", device)
    house.at.forward(minutes=10)
    page = await visitor.see("/step-up?next=/hand-offs")
    assert not page.offers("/step-up")
    csrf = page.form("/step-up/passkey").values["csrf"]
    password = house.player("social_worker").password
    by_hand = await visitor.client.post("/step-up", data={"csrf": csrf, "password": password})
    assert by_hand.status_code == 422
    old = (await house.rows("SELECT id_hash FROM agencies.session"))[0]["id_hash"]
    asked = await question(visitor, page, "/step-up/passkey")
    done = await visitor.send(page, "/step-up/passkey", credential=device.prove(asked))
    assert done.place == "/hand-offs"
    assert (await house.rows("SELECT id_hash FROM agencies.session"))[0]["id_hash"] != old


async def test_in_training_a_second_factor_is_offered_and_not_demanded(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see("/account")
    assert "Only by password so far" in page.words
    codes = await visitor.follow(await visitor.send(page, "/account/codes"))
    assert codes.answer.text.count("data:image/svg+xml") == 1
    assert codes.offers("/account/codes/first")


async def test_the_last_second_factor_stays_where_they_are_demanded(house: House) -> None:
    visitor, _ = await with_app(strict(house), "social_worker")
    page = await visitor.see("/account")
    refused = await visitor.send(page, "/account/factors/removal")
    assert refused.place.endswith("refused=last")
    device = Authenticator()
    assert (await enrol(visitor, page, device)).place.endswith("done=passkey")
    page = await visitor.see("/account")
    form = next(f for f in page.forms if f.values.get("factor") == ["codes"])
    await visitor.client.post("/account/factors/removal", data=form.values)
    assert "One-time codes" not in (await visitor.see("/account")).words
    assert await house.rows("SELECT 1 FROM vault.data_key WHERE kind = 'factor'") == []


async def test_changing_factors_takes_a_fresh_proof(house: House) -> None:
    visitor, _ = await with_app(strict(house), "social_worker")
    page = await visitor.see("/account")
    house.at.forward(minutes=14)
    await visitor.see("/account")
    house.at.forward(minutes=2)
    assert (await visitor.see("/account")).status == 200
    for action in ("/account/codes", "/account/password", "/account/factors/removal"):
        answer = await visitor.send(page, action)
        assert answer.place.startswith("/step-up?next=/account"), action
    assert len(await house.rows("SELECT 1 FROM agencies.code_generator")) == 1


async def test_a_new_password_ends_every_other_session(house: House) -> None:
    visitor, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=1)
    other = come(house)
    second = await other.follow(await by_password(other, house, "social_worker"))
    await other.send(second, "/sign-in/second", code=code(secret, house))
    assert await _inside(other)
    page = await visitor.see("/account")
    unlike = {"password": "a sentence of mine", "password_again": "another one"}
    assert (await visitor.send(page, "/account/password", **unlike)).place.endswith("password")
    alike = dict.fromkeys(unlike, "a sentence of mine")
    assert "done=password" in (await visitor.send(page, "/account/password", **alike)).place
    assert await _inside(visitor)
    assert not await _inside(other)


async def test_what_somebody_does_to_her_sign_in_is_in_the_log(house: House) -> None:
    device = Authenticator()
    visitor = await with_passkey(strict(house), "social_worker", device)
    await visitor.send(await visitor.see("/account"), "/account/devices")
    acts = [r["act"] for r in await house.rows("SELECT act FROM referral.audit_entry ORDER BY at")]
    assert acts == ["member.factor_enrolled", "member.signed_in", "member.device_registered"]
