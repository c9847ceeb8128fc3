"""Signing in and out: the right password alone, and nothing shows whether somebody exists."""

from __future__ import annotations

import pytest

from referral.edge.attempts import PER_ACCOUNT, WINDOW
from referral.web.admission import local
from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Seen, Visitor


async def _try(house: House, user_name: str, password: str, at: str = "/sign-in") -> Seen:
    visitor = Visitor(house.stranger())
    page = await visitor.see(at)
    return await visitor.send(page, "/sign-in", user_name=user_name, password=password)


def _password(house: House, part: str) -> str:
    password = house.player(part).password
    assert password
    return password


async def test_the_right_password_opens_a_session_and_leads_on(house: House) -> None:
    visitor = Visitor(house.stranger())
    first = await visitor.see("/hand-offs?box=out")
    assert first.place == "/sign-in?next=/hand-offs%3Fbox%3Dout"
    page = await visitor.follow(first)
    name, password = "social_worker.zz", _password(house, "social_worker")
    answer = await visitor.send(page, "/sign-in", user_name=name.upper(), password=password)
    assert answer.place == "/hand-offs?box=out"
    cookie = answer.answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Winnie Sato" in (await visitor.follow(answer)).words


async def test_every_sign_in_is_in_the_log(house: House) -> None:
    await _try(house, "social_worker.zz", _password(house, "social_worker"))
    await _try(house, "social_worker.zz", "not the password")
    rows = await house.rows("SELECT act FROM referral.audit_entry ORDER BY at")
    assert [row["act"] for row in rows] == ["member.signed_in", "member.sign_in_failed"]
    assert len(await house.rows("SELECT 1 FROM agencies.session")) == 1


async def test_a_wrong_password_and_a_wrong_name_get_the_same_answer(house: House) -> None:
    known = await _try(house, "social_worker.zz", "not the password")
    nobody = await _try(house, "nobody.zz", "not the password")
    assert known.status == nobody.status == 422
    assert known.words == nobody.words
    assert "is not right" in known.words
    assert known.form("/sign-in").values["user_name"] == ["social_worker.zz"]
    assert "not the password" not in known.answer.text


async def test_guessing_is_stopped_and_starts_again_later(house: House) -> None:
    visitor = Visitor(house.stranger())
    page = await visitor.see("/sign-in")
    typed = {"user_name": "social_worker.zz", "password": "a guess"}
    for _ in range(PER_ACCOUNT):
        assert (await visitor.send(page, "/sign-in", **typed)).status == 422
    right = {**typed, "password": _password(house, "social_worker")}
    stopped = await visitor.send(page, "/sign-in", **right)
    assert stopped.status == 429
    assert int(stopped.answer.headers["retry-after"]) > 0
    house.at.forward(seconds=WINDOW.total_seconds())
    assert (await visitor.send(page, "/sign-in", **right)).status == 303


async def test_a_form_from_another_site_signs_nobody_in(house: House) -> None:
    stranger = house.stranger()
    typed = {"user_name": "social_worker.zz", "password": _password(house, "social_worker")}
    answer = await stranger.post("/sign-in", data=typed, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_signing_out_ends_the_session_and_clears_the_browser(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    answer = await visitor.send(await visitor.see("/hand-offs"), "/sign-out")
    assert answer.place == "/sign-in"
    assert "cookies" in answer.answer.headers["clear-site-data"]
    assert await house.rows("SELECT 1 FROM agencies.session") == []
    assert (await visitor.see("/hand-offs")).place.startswith("/sign-in")


async def test_the_quick_exit_signs_out_and_leads_elsewhere(house: House, visit: Visit) -> None:
    visitor = await visit("social_worker")
    answer = await visitor.send(await visitor.see("/hand-offs"), "/quick-exit")
    assert answer.status == 200
    assert answer.answer.headers["refresh"].startswith("0;url=https://")
    assert "referral" not in answer.words.lower()
    assert len(await house.rows("SELECT 1 FROM agencies.session")) == 0


async def test_the_password_again_gives_a_new_session_and_leads_back(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    house.at.forward(minutes=14)
    page = await visitor.see("/step-up?next=/hand-offs")
    wrong = await visitor.send(page, "/step-up", password="something else")
    assert wrong.status == 422
    old = (await house.rows("SELECT id_hash FROM agencies.session"))[0]["id_hash"]
    right = await visitor.send(page, "/step-up", password=_password(house, "social_worker"))
    assert right.place == "/hand-offs"
    assert "HttpOnly" in right.answer.headers["set-cookie"]
    rows = await house.rows("SELECT id_hash, authenticated_at FROM agencies.session")
    assert [row["authenticated_at"] for row in rows] == [house.at()]
    assert rows[0]["id_hash"] != old


async def test_who_has_two_seats_chooses_and_keeps_the_moment_of_the_password(
    house: House, visit: Visit
) -> None:
    player = house.player("social_worker")
    await house.rows(
        "INSERT INTO agencies.membership SELECT gen_random_uuid(), member_id, agency_id, unit_id, "
        "'SUPERVISOR', valid_from FROM agencies.membership WHERE id = $1",
        player.membership_id,
    )
    visitor = Visitor(house.stranger())
    page = await visitor.see("/sign-in")
    typed = {"user_name": "social_worker.zz", "password": _password(house, "social_worker")}
    answer = await visitor.send(page, "/sign-in", **typed)
    assert answer.place.startswith("/membership")
    signed_in_at = house.at()
    house.at.forward(minutes=5)
    choice = await visitor.follow(answer)
    seats = await house.rows(
        "SELECT id FROM agencies.membership WHERE member_id = $1 AND role = 'SUPERVISOR'",
        player.member_id,
    )
    done = await visitor.send(choice, "/membership", membership=str(seats[0]["id"]))
    assert done.status == 303
    assert "Supervisor" in (await visitor.see("/oversight")).words
    rows = await house.rows("SELECT authenticated_at FROM agencies.session")
    assert [row["authenticated_at"] for row in rows] == [signed_in_at]
    foreign = house.player("outsider").membership_id
    stolen = await visitor.send(
        await visitor.see("/membership"), "/membership", membership=str(foreign)
    )
    assert stolen.status == 422


async def test_an_idle_session_ends(house: House, visit: Visit) -> None:
    visitor = await visit("social_worker")
    house.at.forward(minutes=16)
    assert (await visitor.see("/hand-offs")).place.startswith("/sign-in")


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb", "javascript:x"],
)
def test_nobody_is_led_elsewhere(address: str) -> None:
    assert local(address) == "/"


def test_an_address_of_ours_is_kept() -> None:
    assert local("/hand-offs?box=out") == "/hand-offs?box=out"
