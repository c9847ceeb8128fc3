"""The mail server is down, slow to come back, or refuses: nothing is lost, nothing is doubled."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta

from referral import casework, worker
from referral.notices import Letter, Outcome, Told
from referral.notices.mail import Mail
from referral.notices.telling import Teller
from referral.notices.when import GIVES_UP
from tests.cast import House, asked, child_at_work
from tests.referral.notices.conftest import Telling, address_of

QUEUED = "SELECT count(*) AS n FROM queue.pgqueuer"


async def test_down_for_a_day_loses_nothing_and_doubles_nothing(
    house: House, telling: Telling
) -> None:
    telling.post.down()
    filed = await house.manages("inspector", casework.file, child_at_work())
    started = house.at()
    while house.at() - started < timedelta(days=1):
        await telling.tell()
        house.at.forward(hours=1)
    assert telling.mails.taken == []
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    telling.post.up()
    house.at.forward(hours=8)  # longer than the longest pause
    await telling.tell()
    to = [mail["To"] for mail in telling.mails.taken]
    assert address_of("social_worker") in to
    assert address_of("inspector") in to
    ids = [mail["Message-ID"] for mail in telling.mails.taken]
    assert len(ids) == len(set(ids))
    states = await house.rows("SELECT DISTINCT state FROM referral.delivery")
    assert {row["state"] for row in states} == {"told"}
    house.at.forward(days=2)
    await telling.tell()
    assert len(telling.mails.taken) == len(ids)
    assert (await house.rows(QUEUED))[0]["n"] == 0


async def test_what_the_server_did_not_take_in_the_evening_waits_for_the_morning(
    house: House, telling: Telling
) -> None:
    await telling.prefers("social_worker", quiet_from=22, quiet_until=7)
    telling.post.down()
    house.at.forward(hours=9, minutes=59)  # 21:59 where she works
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    telling.post.up()
    house.at.forward(hours=2)
    await telling.tell()
    assert telling.mails.to("social_worker") == []
    await house.manages("inspector", casework.file, child_at_work(danger_now=True))
    await telling.tell()
    urgent = [mail["Subject"] for mail in telling.mails.to("social_worker")]
    assert set(urgent) == {"You have an urgent task"}
    house.at.forward(hours=7, minutes=1)
    await telling.tell()
    assert [mail["Subject"] for mail in telling.mails.to("social_worker")] == [
        *urgent,
        "You have a task",
    ]


async def test_a_mail_server_that_is_down_stops_no_clock(house: House, telling: Telling) -> None:
    telling.post.down()
    await house.manages("inspector", casework.file, child_at_work())
    house.at.forward(hours=12)
    await telling.tell()
    assert (await worker.turn(house.clockwork, house.at())).fired >= 1


async def test_killed_between_sending_and_marking_sends_again_with_the_same_id(
    house: House, telling: Telling
) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    mail = telling.channels[0]
    assert isinstance(mail, Mail)
    killed = _Killed(mail.post, mail.sender, mail.site, mail.spoken)
    teller = Teller(house.worker, (killed,))
    for _ in range(2_000):
        try:
            await teller.tell(house.at())
        except _KilledError:
            break
    taken = len(telling.mails.taken)
    assert taken > 0
    # Nobody else touches what was taken just now …
    assert (await telling.tell()).told == 0
    # … until whoever took it has been gone for long enough.
    await telling.tell(lost_after=timedelta(0))
    sent = Counter(mail["Message-ID"] for mail in telling.mails.taken)
    assert sorted(sent.values(), reverse=True)[:taken] == [2] * taken, "again, with the same id"
    assert set(sent.values()) <= {1, 2}, "what it had not come to is sent once"
    states = await house.rows(
        "SELECT state, attempts FROM referral.delivery WHERE channel = 'mail'"
    )
    assert {(row["state"], row["attempts"]) for row in states} == {("told", 1)}


class _KilledError(BaseException):
    """The process is no more: nothing catches it."""


class _Killed(Mail):
    """A channel whose process ends right after the server has taken the mail."""

    async def send(self, letter: Letter, now: datetime) -> Outcome:
        assert await super().send(letter, now) == Told()
        raise _KilledError


async def test_what_lost_its_job_gets_another(house: House, telling: Telling) -> None:
    telling.post.down()
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    await house.rows(
        "UPDATE referral.delivery SET state = 'queued', queued_at = $1 WHERE channel = 'mail'",
        house.at(),
    )
    await house.rows("DELETE FROM queue.pgqueuer")
    telling.post.up()
    house.at.forward(minutes=50)
    assert (await telling.tell()).told == 0
    house.at.forward(minutes=11)
    assert (await telling.tell()).told >= 1
    assert len(telling.mails.to("social_worker")) == 1


async def test_after_three_days_it_is_given_up_and_says_so(house: House, telling: Telling) -> None:
    telling.post.down()
    await house.manages("inspector", casework.file, child_at_work())
    started = house.at()
    while house.at() - started <= GIVES_UP + timedelta(hours=16):
        await telling.tell()
        house.at.forward(hours=8)  # longer than the longest pause
    rows = await house.rows(
        "SELECT d.state, d.cause FROM referral.delivery d "
        "JOIN referral.outbox o ON o.id = d.notice "
        "WHERE d.channel = 'mail' AND o.kind = 'hand_off.requested'"
    )
    assert {(row["state"], row["cause"]) for row in rows} == {("failed", "mail_down")}
    reach = await telling.reach("hand_off.requested")
    assert {(row["reach"], row["cause"]) for row in reach} == {("unreached", "mail_down")}


async def test_an_address_that_is_refused_is_never_tried_again_and_its_owner_sees_it(
    house: House, telling: Telling
) -> None:
    telling.mails.answer = lambda to: "550 no such user" if "social" in to else "250 OK"
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    house.at.forward(days=1)
    telling.mails.answer = lambda _: "250 OK"
    await telling.tell()
    assert telling.mails.to("social_worker") == []
    rows = await house.rows(
        "SELECT refused_at FROM referral.notice_preference WHERE member_id = $1",
        house.player("social_worker").member_id,
    )
    assert rows[0]["refused_at"] is not None


async def test_a_server_that_is_busy_is_asked_again(house: House, telling: Telling) -> None:
    telling.mails.answer = lambda _: "451 greylisted, come back"
    await house.manages("inspector", casework.file, child_at_work())
    done = await telling.tell()
    assert (done.told, done.refused) == (0, 0)
    assert done.later >= 1
    telling.mails.answer = lambda _: "250 OK"
    house.at.forward(minutes=2)
    assert (await telling.tell()).told >= 1
    assert len(telling.mails.to("social_worker")) == 1


async def test_two_tellers_at_once_tell_everybody_once(house: House, telling: Telling) -> None:
    import asyncio

    for _ in range(5):
        await house.manages("inspector", casework.file, child_at_work())
    one, other = Teller(house.worker, telling.channels), Teller(house.worker, telling.channels)
    for _ in range(5):
        await asyncio.gather(one.tell(house.at()), other.tell(house.at()))
    await telling.tell()
    to_her = [mail["Subject"] for mail in telling.mails.to("social_worker")]
    told = [re.search(r"[0-9]+", subject) for subject in to_her]
    assert sum(int(one[0]) if one else 1 for one in told) == 5
    ids = [mail["Message-ID"] for mail in telling.mails.taken]
    assert len(ids) == len(set(ids))


async def test_nobody_is_told_before_every_earlier_transaction_is_over(
    house: House, telling: Telling
) -> None:
    """A row written by a transaction that is still open may come before those already there."""
    import asyncpg

    slow = await asyncpg.connect(house.database.superuser_url)
    try:
        held = slow.transaction()
        await held.start()
        await slow.execute("SELECT pg_current_xact_id()")
        await house.manages("inspector", casework.file, child_at_work())
        assert (await Teller(house.worker, telling.channels).tell(house.at())).forwarded == 0
        await held.commit()
    finally:
        await slow.close()
    assert (await telling.tell()).forwarded >= 1
    assert len(telling.mails.to("social_worker")) == 1


async def test_a_clock_that_jumps_an_hour_either_way_loses_and_doubles_nothing(
    house: House, telling: Telling
) -> None:
    telling.post.down()
    await house.manages("inspector", casework.file, child_at_work())
    await telling.tell()
    telling.post.up()
    teller, now = Teller(house.worker, telling.channels), house.at()
    assert (await teller.tell(now - timedelta(hours=1))).told == 0
    assert (await teller.tell(now + timedelta(hours=1))).told >= 1
    taken = len(telling.mails.taken)
    for jump in (-1, 0, 1):
        await teller.tell(now + timedelta(hours=jump))
    assert len(telling.mails.taken) == taken
    assert len(telling.mails.to("social_worker")) == 1
