"""A mark of its own in every field of G1-G5 and every secret; then all is searched for them.

A story over JSON and on pages writes them; afterwards they may be nowhere but in what is answered
to whoever may read them: not in logs (ours, PostgreSQL's), addresses, titles, headers, file names,
metrics, notices, stored answers, problems, nor in clear in any column that is sealed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from referral import worker
from referral.consent import Statement
from referral.entry import csrf_of
from tests.cast import House
from tests.referral.api.desk import ROOT, asked, key
from tests.referral.test_attachments_seen import photograph
from tests.referral.test_logs import written
from tests.referral.web.second_factors import strict, with_app

__all__ = ["written"]
NAMES = (
    *("name", "family", "staying", "contact", "narrative", "reporter", "employer", "site"),
    *("note", "answer", "attested", "file_name", "file_shows", "witness", "override"),
    *("seal_reason", "exclusion_reason", "glass_reason", "review", "docket", "wrong", "sought"),
    *("seat", "dissent", "meeting_task", "operation_place", "operation_plan", "operation_end"),
    *("declined", "feedback", "failed", "otherwise", "basis", "basis_reason"),
)
MARKS = {name: f"cnry{number:02d}{name.replace('_', '')}zq" for number, name in enumerate(NAMES)}
VICTIM = {
    "age": 25,
    "works": True,
    "foreign_national": False,
    "zz_on_an_island": True,
    "acts": ["RECRUITMENT"],
    "means": ["DECEPTION"],
    "purposes": ["FORCED_LABOUR"],
}


class Watched:
    """Clients that keep what came back beside the bodies: addresses, headers, titles, problems."""

    def __init__(self) -> None:
        self.beside: list[str] = []
        self.problems: list[str] = []
        self.answers: list[httpx.Response] = []

    async def note(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.answers.append(answer)
        self.beside.append(str(answer.request.url))
        self.beside += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.beside += re.findall(r"<title>(.*?)</title>", answer.text, re.DOTALL)
        if answer.status_code >= 400:
            self.problems.append(f"{answer.request.url.path} {answer.text}")

    def over(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        client.event_hooks["response"].append(self.note)
        return client


def report() -> dict[str, Any]:
    """Something in every field group."""
    facts = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other", "injured": True}
    girl = {
        "facts": facts,
        "identity": {"name": MARKS["name"], "other_names": MARKS["family"]},
        "safety": {"whereabouts": MARKS["staying"], "safe_contact": MARKS["contact"]},
    }
    return {
        "place": "ZZ-N",
        "reported": "CL",
        "persons": [girl],
        "narrative": MARKS["narrative"],
        "reporter": {"name": MARKS["reporter"]},
        "workplace": {"employer": MARKS["employer"], "address": MARKS["site"]},
    }


async def story(house: House, watched: Watched) -> str:
    """Filed, narrowed, consented, answered, broken open: every field is written once."""
    ines, winnie, paulo = [
        watched.over(await house.browser(part))
        for part in ("inspector", "social_worker", "protection_supervisor")
    ]
    stranger = watched.over(await house.browser("outsider"))

    async def post(who: httpx.AsyncClient, path: str, body: Any, good: bool = True) -> Any:
        sent = await who.post(f"{ROOT}/{path}", json=body, headers=key())
        assert sent.is_success is good, (path, sent.text)
        return sent.json()

    filed = await post(ines, "cases", report())
    case, hand_off = filed["case_id"], asked(filed, "ZZ-C01")
    on = f"referrals/{filed['referrals'][0]['referral_id']}"
    await post(ines, f"{on}/notes", {"note": MARKS["note"]})
    seal = {"act": "seal", "named": ["inspector.zz"], "reason": MARKS["seal_reason"]}
    await post(ines, f"{on}/proposals", seal)
    out = {"kind": "agency", "name": "POLICE-ZZ-N", "reason": MARKS["exclusion_reason"]}
    await post(ines, f"{on}/exclusions", out)
    [agency] = await house.rows(
        "SELECT receiver_agency AS id FROM referral.hand_off WHERE id = $1", UUID(hand_off)
    )
    consent = {
        "receiver_agency": str(agency["id"]),
        "purpose": "SERVICES",
        "groups": ["G2"],
        "given_at": house.at().isoformat(),
        "form": "SPOKEN_WITH_WITNESS",
        "language": "en",
        "statements": [one.value for one in Statement],
        "child": "assent",
        "caregiver": "consent",
        "witness": MARKS["witness"],
        "otherwise": MARKS["otherwise"],
    }
    await post(ines, f"{on}/consents", consent)
    files = {"file": (f"{MARKS['file_name']}.jpg", photograph(), "image/jpeg")}
    shows = {"shows": MARKS["file_shows"]}
    path = f"{ROOT}/{on}/attachments"
    added = await ines.post(path, files=files, data=shows, headers=key())
    assert added.status_code == 201, added.text
    await worker.look_through(house.clockwork, house.at())
    opened = await ines.get(f"{ROOT}/attachments/{added.json()['attachment_id']}")
    assert opened.status_code == 200, opened.text
    override = {"topic": "FL", "result": "possible", "reason": MARKS["override"]}
    await post(ines, f"{on}/screening-overrides", override)
    attested = {"act": "acknowledge", "attested_by": MARKS["attested"], "attested_on": "145"}
    await post(ines, f"hand-offs/{hand_off}/attestation", attested | {"reason": "By telephone."})
    await post(winnie, f"hand-offs/{hand_off}/acceptance", {"note": MARKS["answer"]})
    await post(winnie, f"hand-offs/{hand_off}/docket", {"number": MARKS["docket"]})
    seen = (await winnie.get(f"{ROOT}/cases/{case}?open=G2")).json()
    assert MARKS["name"] in str(seen)
    broken = {"reference": seen["reference"], "reason": MARKS["glass_reason"]}
    await post(paulo, "break-glass", broken)
    dalia = watched.over(await house.browser("data_officer"))
    [glass] = (await dalia.get(f"{ROOT}/break-glass")).json()["glasses"]
    found = {"finding": "justified", "words": MARKS["review"]}
    await post(dalia, f"break-glass/{glass['id']}/review", found)
    await post(ines, "duplicates", {"document": MARKS["sought"], "reason": "Known already?"})
    # What is wrong is not repeated, neither to her nor to a log.
    await post(ines, "cases", {**report(), "place": MARKS["wrong"]}, good=False)
    await post(ines, "cases", {**report(), "colour": MARKS["wrong"]}, good=False)
    await post(ines, f"{on}/notes", {"note": {"text": MARKS["wrong"]}}, good=False)
    await ines.post(f"{ROOT}/cases", content=MARKS["wrong"], headers=key())
    await stranger.get(f"{ROOT}/cases/{case}", headers={"X-Reason": MARKS["wrong"]})
    await post(stranger, f"{on}/notes", {"note": MARKS["wrong"]}, good=False)
    await pages(house, (ines, winnie, paulo, stranger), case, hand_off)
    return str(case)


async def rooms(house: House, watched: Watched) -> None:
    """Beside the case: refused, failed, rested on a law, met about, planned, decided by a panel."""
    ines, winnie, solomon, cora, pia = [
        watched.over(await house.browser(part))
        for part in ("inspector", "social_worker", "supervisor", "coordinator", "prosecutor")
    ]

    async def post(who: httpx.AsyncClient, path: str, body: Any) -> Any:
        sent = await who.post(f"{ROOT}/{path}", json=body, headers=key())
        assert sent.is_success, (path, sent.text)
        return sent.json()

    filed = await post(ines, "cases", report())
    on, hand_off = filed["referrals"][0]["referral_id"], asked(filed, "ZZ-C01")
    basis = {"basis": "VITAL_INTEREST", "reference": MARKS["basis"]}
    rests = {**basis, "reason": MARKS["basis_reason"]}
    await post(solomon, f"referrals/{on}/lawful-basis", rests)
    why = {"reason_code": "NO_CAPACITY", "note": MARKS["declined"]}
    await post(winnie, f"hand-offs/{hand_off}/decline", why)
    second = asked(await post(ines, "cases", report()), "ZZ-C01")
    accepted = await post(winnie, f"hand-offs/{second}/acceptance", {})
    task = asked(accepted, "ZZ-C04")
    for noun in ("acceptance", "start"):
        await post(pia, f"hand-offs/{task}/{noun}", {})
    told = {"outcome": "INVESTIGATION_OPENED", "note": MARKS["feedback"]}
    await post(pia, f"hand-offs/{task}/completion", told)
    await post(winnie, f"hand-offs/{second}/start", {})
    why = {"reason_code": "PERSON_UNREACHABLE", "note": MARKS["failed"]}
    await post(winnie, f"hand-offs/{second}/failure", why)
    called = {"kind": "task_force", "body": "COORDINATION", "planned_at": "2026-04-01T09:00:00Z"}
    meeting = (await post(cora, "meetings", called))["meeting_id"]
    owner = str(house.player("coordinator").unit_id)
    visit = {"what": MARKS["meeting_task"], "owner": owner, "due_on": "2026-05-01"}
    record = {"held_at": house.at().isoformat(), "present": [], "tasks": [visit]}
    await post(cora, f"meetings/{meeting}/record", record)
    plan = {
        "kind": "rescue",
        "planned_at": "2026-04-01T05:00:00Z",
        "place": MARKS["operation_place"],
        "what": MARKS["operation_plan"],
        "participants": [str(house.player("river_police").membership_id)],
    }
    operation = (await post(ines, "operations", plan))["operation_id"]
    opened = await ines.get(f"{ROOT}/operations/{operation}")
    assert MARKS["operation_plan"] in opened.text
    for path in ("/operations", f"/operations/{operation}", "/hand-offs", f"/hand-offs/{hand_off}"):
        await ines.get(path)
    await cora.get(f"/meetings/{meeting}")
    await post(ines, f"operations/{operation}/end", {"words": MARKS["operation_end"]})
    await panel(house, watched)


async def panel(house: House, watched: Watched) -> None:
    """In the East a panel decides; one who sat dissents."""
    house.at.to(datetime(2026, 11, 9, 9, tzinfo=UTC))
    hana, tomas = [
        watched.over(await house.browser(part)) for part in ("hotline", "trafficking_officer")
    ]
    body = {"place": "ZZ-E", "reported": "HT", "persons": [{"facts": VICTIM}]}
    filed = (await hana.post(f"{ROOT}/cases", json=body, headers=key())).json()
    taken = f"{ROOT}/hand-offs/{asked(filed, 'ZZ-T02')}/acceptance"
    assert (await tomas.post(taken, json={}, headers=key())).is_success
    on = next(
        one["referral_id"] for one in filed["referrals"] if "trafficking" in str(one["track"])
    )
    members = [
        {"mandate": "TRAFFICKING_UNIT", "vote": "agree", "name": "Tomas Reed"},
        {"mandate": "HEALTH", "vote": "agree", "name": MARKS["seat"]},
        {"mandate": "SHELTER", "vote": "disagree", "name": "L", "dissent": MARKS["dissent"]},
    ]
    sitting = {"step": "ZZ-T05", "outcome": "VICTIM_STATUS_CONFIRMED", "members": members}
    path = f"{ROOT}/referrals/{on}/panel-decisions"
    decided = await tomas.post(path, json=sitting, headers=key())
    assert decided.is_success, decided.text
    seats = await tomas.get(f"{ROOT}/cases/{filed['case_id']}/panel-seats")
    assert MARKS["seat"] in seats.text
    assert MARKS["dissent"] in seats.text
    for path in ("", "/timeline"):
        await tomas.get(f"/cases/{filed['case_id']}{path}")


async def pages(house: House, people: Any, case: str, hand_off: str) -> None:
    """Everybody looks at everything, and opens what is sealed."""
    for browser in people:
        for path in ("", "/timeline", "/attachments", "/consents", "/need-to-know", "/filed"):
            await browser.get(f"/cases/{case}{path}")
        for path in ("/hand-offs", f"/hand-offs/{hand_off}", f"/hand-offs/{hand_off}/letter"):
            await browser.get(path)
        secret = browser.cookies[house.installation.cookie]
        typed = {"csrf": csrf_of(secret), "key": str(uuid4()), "reason": MARKS["seal_reason"]}
        await browser.post(f"/cases/{case}/opening", data={**typed, "groups": ["G2", "G3", "G4"]})


def in_words(text: str) -> set[str]:
    """Which marks stand in a text, in whatever way they may be written there."""
    plain = text.lower()
    return {
        name
        for name, mark in MARKS.items()
        if mark in plain or mark.encode().hex() in plain or mark[::-1] in plain
    }


async def tables(url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table as text, bytea in hex: as a superuser sees them."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT format('%I.%I', n.nspname, c.relname) AS t FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
            "AND n.nspname IN ('referral', 'agencies', 'vault')"
        )
        return iter(
            [
                (row["t"], str(one["x"]))
                for row in names
                for one in await connection.fetch(f"SELECT x::text FROM {row['t']} x")
            ]
        )
    finally:
        await connection.close()


def written_by_postgresql(house: House) -> str:
    """Everything in its log so far."""
    files = [*Path(house.database.cluster.data_dir).rglob("log")]
    found = "".join(file.read_text("utf-8", errors="replace") for file in files if file.is_file())
    assert len(found) > 100, "or nothing is searched"
    return found


async def test_no_mark_is_found_where_it_does_not_belong(
    house: House, written: io.StringIO
) -> None:
    watched = Watched()
    await story(house, watched)
    await rooms(house, watched)
    assert len(watched.answers) > 60
    for line in watched.beside:
        assert not in_words(line), line
    for told in watched.problems:
        assert not in_words(told), told
    assert len(watched.problems) > 10
    log = written.getvalue()
    assert log.count("answered") > 60
    assert not in_words(log), in_words(log)
    counted = await house.stranger().get("/metrics")
    assert not in_words(counted.text)
    assert not in_words(written_by_postgresql(house)), "its log has a word of a case"
    searched = 0
    for table, row in await tables(house.database.superuser_url):
        assert not in_words(row), (table, in_words(row), row[:300])
        searched += bool(in_words(f"{row} {MARKS['name']}"))
    assert searched > 500, "or the search finds nothing at all"
    bodies = "".join(answer.text for answer in watched.answers if answer.is_success)
    read = {"name", "employer", "note", "glass_reason", "declined", "meeting_task", "seat"}
    missing = read - in_words(bodies)
    assert not missing, "what was written can be read by whoever may"


async def test_a_secret_of_somebody_is_nowhere(house: House, written: io.StringIO) -> None:
    """Password, session, authenticator's secret, token: not in the log, not in clear in a table."""
    _, secret = await with_app(strict(house), "social_worker")
    player = house.player("social_worker")
    wrong = "wrong-password-of-mine"
    typed = {"user_name": player.part.user_name, "password": wrong}
    await house.stranger().post("/sign-in", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    secrets = [secret, player.password or "", wrong, "token of social_worker.zz"]
    assert all(len(one) > 10 for one in secrets)
    everything = "\n".join(row for _, row in await tables(house.database.superuser_url))
    for one in secrets:
        assert one not in written.getvalue()
        assert one not in everything
        assert one.encode().hex() not in everything


async def test_postgresql_writes_down_no_word_of_a_case(house: House) -> None:
    """Statements that fail with values bound: its log has neither them nor a refused row.

    (Of a text that is no number a cast tells the text: what people write is never cast.)
    """
    connection = await asyncpg.connect(house.database.url)
    mark = MARKS["wrong"]
    try:
        for statement, values in (
            ("SELECT 1 / length(left($1::text, 0))", (mark,)),
            ("SELECT referral.begin_actor(decode($1, 'hex'), now())", (mark,)),
            ("INSERT INTO referral.note (content) VALUES (decode($1, 'escape'))", (mark,)),
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(statement, *values)
    finally:
        await connection.close()
    assert not in_words(written_by_postgresql(house))
