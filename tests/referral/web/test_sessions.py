"""Where somebody is signed in: seen and ended by herself, and over in time."""

from __future__ import annotations

from agencies.members import disable
from referral.administration import directory
from tests.cast import House
from tests.referral.web.conftest import Visit
from tests.referral.web.visiting import Seen, Visitor


async def _inside(visitor: Visitor) -> bool:
    return (await visitor.see("/hand-offs")).status == 200


def _ends(page: Seen) -> list[dict[str, list[str]]]:
    """The forms that end one other session."""
    forms = [form for form in page.forms if form.action == "/account/sessions/end"]
    return [form.values for form in forms if form.values["session"] != ["others"]]


async def test_one_ends_from_here_what_is_open_elsewhere(house: House, visit: Visit) -> None:
    here, lost, foreign = (
        await visit("social_worker"),
        await visit("social_worker"),
        await visit("inspector"),
    )
    page = await here.see("/account")
    assert page.words.count("password") >= 2
    (other,) = _ends(page)
    await here.client.post("/account/sessions/end", data=other)
    assert not await _inside(lost)
    assert await _inside(here)
    assert await _inside(foreign)
    acts = [row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")]
    assert acts == ["member.sessions_ended"]


async def test_everywhere_else_means_everywhere_but_here(visit: Visit) -> None:
    here, *others = [await visit("social_worker") for _ in range(4)]
    page = await here.see("/account")
    form = next(form for form in page.forms if form.values.get("session") == ["others"])
    await here.client.post("/account/sessions/end", data=form.values)
    assert await _inside(here)
    assert [await _inside(one) for one in others] == [False] * 3


async def test_nobody_sees_or_ends_a_session_of_somebody_else(house: House, visit: Visit) -> None:
    mine, theirs = await visit("inspector"), await visit("social_worker")
    page = await mine.see("/account")
    assert _ends(page) == []
    known = await house.rows(
        "SELECT s.id FROM agencies.session s JOIN agencies.membership m ON m.id = s.membership_id "
        "WHERE m.member_id = $1",
        house.player("social_worker").member_id,
    )
    form = next(form for form in page.forms if form.values.get("session") == ["others"])
    guessed = {**form.values, "session": [str(known[0]["id"])]}
    await mine.client.post("/account/sessions/end", data=guessed)
    assert await _inside(theirs)


async def test_a_registered_device_rests_for_half_an_hour_and_no_longer(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    done = await visitor.send(await visitor.see("/account"), "/account/devices")
    assert done.place.endswith("done=device")
    house.at.forward(minutes=29)
    assert await _inside(visitor)
    house.at.forward(minutes=31)
    assert not await _inside(visitor)


async def test_a_device_no_longer_registered_rests_no_longer(house: House, visit: Visit) -> None:
    visitor = await visit("social_worker")
    await visitor.send(await visitor.see("/account"), "/account/devices")
    page = await visitor.see("/account")
    assert "This device is registered" not in page.words
    await visitor.send(page, "/account/devices/removal")
    house.at.forward(minutes=16)
    assert not await _inside(visitor)


async def test_somebody_elses_device_is_no_device(house: House, visit: Visit) -> None:
    owner = await visit("social_worker")
    await owner.send(await owner.see("/account"), "/account/devices")
    device = owner.client.cookies["referral_device"]
    thief = Visitor(house.stranger())
    thief.client.cookies.set("referral_device", device, domain="127.0.0.1")
    player = house.player("inspector")
    page = await thief.see("/sign-in")
    typed = {"user_name": player.part.user_name, "password": player.password}
    await thief.send(page, "/sign-in", **typed)
    rows = await house.rows(
        "SELECT s.device_id FROM agencies.session s JOIN agencies.membership m "
        "ON m.id = s.membership_id WHERE m.member_id = $1",
        player.member_id,
    )
    assert [row["device_id"] for row in rows] == [None]


async def test_a_session_is_over_after_twelve_hours_whatever_was_done(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    await visitor.send(await visitor.see("/account"), "/account/devices")
    for _ in range(24):
        assert await _inside(visitor)
        house.at.forward(minutes=29)
    page = await visitor.see("/step-up")
    await visitor.send(page, "/step-up", password=house.player("social_worker").password)
    assert await _inside(visitor), "eleven hours and 36 minutes"
    house.at.forward(minutes=24)
    assert not await _inside(visitor), "a fresh proof does not move the end"


async def test_who_is_disabled_is_out_everywhere_at_once(house: House, visit: Visit) -> None:
    tabs = [await visit("social_worker") for _ in range(3)]
    async with directory(house.database.superuser_url) as connection:
        assert await disable(connection, house.player("social_worker").member_id, house.at())
    assert [await _inside(tab) for tab in tabs] == [False] * 3
    assert await house.rows("SELECT 1 FROM agencies.session") == []
