"""The doors of notices: one's own list, one's own wishes, and a number that lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from agencies.identity import digest_of
from referral import casework
from referral.casework import PersonTold
from referral.notices.live import ENDED, STILL, Live
from referral.notices.mail import Mail
from referral.notices.mailbox import FOLDER, Mailbox
from referral.settings import Environment
from tests.cast import House, asked, child_at_work
from tests.referral.notices.conftest import Telling
from tests.referral.web.visiting import Visitor

ROOT = "/api/v1/notices"


def key() -> dict[str, str]:
    return {"Idempotency-Key": f'"{uuid4()}"'}


@pytest.fixture
async def told(house: House, telling: Telling) -> casework.Filed:
    """Winnie has been told."""
    filed: casework.Filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    return filed


async def test_the_number_stands_on_every_page_without_a_script(
    house: House, told: casework.Filed
) -> None:
    winnie = Visitor(await house.browser("social_worker"))
    page = await winnie.see("/hand-offs")
    assert "data-unread" in page.answer.text
    assert "Notices 1" in page.words
    listed = await winnie.see("/notices")
    assert "Your unit is asked for something" in listed.words
    assert f"/hand-offs/{asked(told, 'ZZ-C01')}" in listed.answer.text
    assert "Unread" in listed.words
    assert told.reference not in listed.words, "a notice has no words of the case"
    done = await winnie.send(listed, "/notices/read")
    assert done.status == 303
    after = await winnie.see("/notices")
    assert "Notices 0" in after.words
    assert not after.offers("/notices/read") or after.form("/notices/read").buttons == []


async def test_the_outsider_has_a_list_of_her_own_and_it_is_empty(
    house: House, told: casework.Filed
) -> None:
    outsider = Visitor(await house.browser("outsider"))
    page = await outsider.see("/notices")
    assert page.status == 200
    assert "Nothing here" in page.words
    refused = await outsider.see("/notices/unreached")
    assert refused.status == 403
    shown = (await house.client("outsider").get(ROOT)).json()
    assert shown == {"notices": []}


async def test_nobody_marks_what_is_somebody_elses(house: House, told: casework.Filed) -> None:
    shown = (await house.client("social_worker").get(ROOT)).json()["notices"]
    ids = {"ids": shown[0]["ids"]}
    assert shown[0]["kind"] == "hand_off.requested"
    other = await house.client("outsider").post(f"{ROOT}/read", json=ids, headers=key())
    assert other.json() == {"marked": 0}
    own = await house.client("social_worker").post(f"{ROOT}/read", json=ids, headers=key())
    assert own.json() == {"marked": 1}


async def test_many_persons_at_once_are_one_line_and_one_mail(
    house: House, telling: Telling
) -> None:
    one = child_at_work()
    people = tuple(PersonTold(facts=one.persons[0].facts) for _ in range(5))
    await house.manages("inspector", casework.file, replace(one, persons=people))
    await telling.tell()
    assert [mail["Subject"] for mail in telling.mails.to("social_worker")] == ["You have 5 tasks"]
    page = await Visitor(await house.browser("social_worker")).see("/notices")
    assert page.words.count("Your unit is asked for something") == 1
    assert "and 4 more at once" in page.words


async def test_she_says_how_she_wants_to_be_told(house: House, telling: Telling) -> None:
    winnie = Visitor(await house.browser("social_worker"))
    page = await winnie.see("/notices/preferences")
    assert "social_worker.zz@mail.example" in page.answer.text
    wish = {"language": "es", "address": "w.sato@children.example"}
    assert (await winnie.send(page, "/notices/preferences", **wish)).place.endswith("done=saved")
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    [mail] = [one for one in telling.mails.taken if one["To"] == "w.sato@children.example"]
    assert mail["Subject"] == "Tiene una tarea pendiente"
    assert mail["Content-Language"] == "es"
    acts = await house.rows(
        "SELECT act FROM referral.audit_entry WHERE actor = $1",
        str(house.player("social_worker").membership_id),
    )
    assert "member.notices_preferred" in {row["act"] for row in acts}


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        *(
            ("address", wrong, "/address")
            for wrong in ("nobody", "a@b", "a b@c.example", "<x@y.example>")
        ),
        *(
            ("address", wrong, "/address")
            for wrong in ("a@c.example,b@d.example", "a@c.example\nBcc: x@y.example")
        ),
        ("language", "tlh", "/language"),
        ("quiet_from", 22, "/quiet_until"),
    ],
)
async def test_what_cannot_be_is_said_and_nothing_is_changed(
    house: House, telling: Telling, field: str, value: object, pointer: str
) -> None:
    client = house.client("social_worker")
    before = (await client.get(f"{ROOT}/preferences")).json()
    answer = await client.put(f"{ROOT}/preferences", json={field: value}, headers=key())
    assert answer.status_code == 422, answer.text
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert (await client.get(f"{ROOT}/preferences")).json() == before


async def test_addresses_may_be_held_to_the_agencies_own_domains(
    house: House, telling: Telling
) -> None:
    house.installation.settings.mail_domains = "children.example, police.example"
    client = house.client("social_worker")
    wrong = await client.put(
        f"{ROOT}/preferences", json={"address": "w@mail.example"}, headers=key()
    )
    assert wrong.status_code == 422
    right = await client.put(
        f"{ROOT}/preferences", json={"address": "w@Police.example"}, headers=key()
    )
    assert right.json()["address"] == "w@Police.example"
    nobody = await client.put(f"{ROOT}/preferences", json={}, headers=key())
    assert nobody.json()["address"] is None


async def test_who_could_not_be_told_is_seen_by_who_looks_after_them(
    house: House, telling: Telling
) -> None:
    await house.rows(
        "UPDATE referral.notice_preference SET address = NULL WHERE address ~ 'social|protection'"
    )
    filed = await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    chief = await Visitor(await house.browser("protection_supervisor")).see("/notices/unreached")
    assert "Nobody there has a mail address with us" in chief.words
    assert "Winnie Sato: no address is known" in chief.words
    coordinator = await Visitor(await house.browser("coordinator")).see("/notices/unreached")
    assert "Your unit is asked for something" in coordinator.words
    assert "Winnie" not in coordinator.words
    assert filed.reference not in coordinator.words + chief.words
    # Whoever asked sees it where she asked, and what to do.
    hand_off = f"/hand-offs/{asked(filed, 'ZZ-C01')}"
    sent = await Visitor(await house.browser("inspector")).see(hand_off)
    assert "The other side could not be told" in sent.words
    assert "Telephone them" in sent.words
    told = (await house.client("coordinator").get(f"{ROOT}/unreached")).json()
    assert {one["cause"] for one in told["notices"]} == {"no_address"}


async def test_a_confidential_agency_is_named_to_nobody_else(
    house: House, telling: Telling
) -> None:
    await house.rows("UPDATE agencies.agency SET confidential = true WHERE key = 'CHILDREN-ZZ-N'")
    await house.rows(
        "UPDATE referral.notice_preference SET address = NULL WHERE address ~ 'social|protection'"
    )
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    name = (await house.rows("SELECT name FROM agencies.agency WHERE key = 'CHILDREN-ZZ-N'"))[0][0]
    for part in ("coordinator", "inspector", "supervisor"):
        for path in ("/notices", "/notices/unreached"):
            page = await Visitor(await house.browser(part)).see(path)
            assert name not in page.words.partition("Sign out")[2], (part, path)
    said = "".join(str(mail) for mail in telling.mails.taken)
    assert name not in said
    unnamed = (await house.client("coordinator").get(f"{ROOT}/unreached")).json()["notices"]
    assert {one["whose"] for one in unnamed} == {None}


async def counts_of(
    house: House, client: httpx.AsyncClient, live: Live, every: float = 60.0
) -> AsyncIterator[str]:
    """What her open page is sent."""
    secret = client.cookies[house.installation.cookie]
    return live.counts(house.engine, digest_of(secret), house.at, every)


async def test_the_number_changes_while_the_page_is_open(house: House, telling: Telling) -> None:
    live = Live()
    counts = await counts_of(house, await house.browser("social_worker"), live)
    async with asyncio.timeout(30):
        assert await anext(counts) == "data: 0\n\n"
        await house.manages("inspector", casework.file, child_at_work())
        waiting = asyncio.ensure_future(anext(counts))
        await telling.tell()
        found = await waiting
        while found == STILL:
            found = await anext(counts)
        assert found == "data: 1\n\n"
        live.close()
        assert await anext(counts) == ENDED
    await counts.aclose()  # type: ignore[attr-defined]


async def test_a_page_left_open_keeps_nobody_signed_in(house: House) -> None:
    """Fifteen minutes without a click end the session, however long the page was watched."""
    client = await house.browser("social_worker")
    seen = "SELECT max(seen_at) AS at FROM agencies.session"
    before = (await house.rows(seen))[0]["at"]
    counts = await counts_of(house, client, Live(), every=0.001)
    async with asyncio.timeout(30):
        assert await anext(counts) == "data: 0\n\n"
        for _ in range(14):
            house.at.forward(minutes=1)
            assert await anext(counts) == STILL
        assert (await house.rows(seen))[0]["at"] == before
        house.at.forward(minutes=2)
        assert ENDED in [one async for one in counts]
    answer = await client.get("/notices")
    assert answer.status_code == 303, "she is signed out"


async def test_the_stream_is_for_a_session_and_for_nothing_else(house: House) -> None:
    client = await house.browser("social_worker")
    assert (await client.get("/notices/stream")).status_code == 204, "no script asked for it"
    house.at.forward(minutes=16)
    over = await client.get("/notices/stream", headers={"Accept": "text/event-stream"})
    assert over.text == ENDED
    assert over.headers["content-type"].startswith("text/event-stream")
    by_token = await house.client("social_worker").get("/notices/stream")
    assert by_token.status_code == 403
    stranger = await house.stranger().get("/notices/stream")
    assert stranger.status_code == 303


async def test_a_seat_has_only_so_many_pages_that_wait(house: House) -> None:
    live, client = Live(), await house.browser("social_worker")
    async with asyncio.timeout(30):
        opened = [await counts_of(house, client, live) for _ in range(7)]
        first = [await anext(one) for one in opened]
        assert first == ["data: 0\n\n"] * 6 + [ENDED]
        live.close()
        for one in opened[:6]:
            assert await anext(one) == ENDED
            await one.aclose()  # type: ignore[attr-defined]


async def test_in_training_mails_go_into_a_folder_that_can_be_looked_at(
    house: House, telling: Telling, tmp_path: Path
) -> None:
    house.installation.settings.data_dir = tmp_path
    mail = telling.channels[0]
    assert isinstance(mail, Mail)
    box = Mailbox(tmp_path / FOLDER)
    telling.channels = (Mail(box, mail.sender, mail.site, mail.spoken),)
    visitor = Visitor(await house.browser("social_worker"))
    assert "Nothing was mailed yet" in (await visitor.see("/notices/training")).words
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    page = await visitor.see("/notices/training")
    assert "To social_worker.zz@mail.example" in page.words
    assert "You have a task" in page.words
    house.installation.settings.environment = Environment.DEVELOPMENT
    assert (await visitor.see("/notices/training")).status == 404
