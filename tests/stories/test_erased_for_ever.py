"""Erased is erased: not in the database, not in its files, not in a backup made before.

Marks in every field of G1-G5 of several cases; a backup; all of them are erased but one; the root
key is followed by the next, every key is wrapped anew, the old root key is destroyed. Then
everything is searched as whoever has all of it could.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework
from referral.audit.verify import verify
from referral.casework import Said
from referral.rewrapping import rewrap
from referral.vault import Vault, root_keys
from tests.cast import ROOT_KEY, House
from tests.referral.api.desk import ROOT, asked, key
from tests.referral.locks.laid_open import dumped, in_files, readable, restored
from tests.referral.locks.scene import more_people
from tests.referral.locks.test_canaries import MARKS, Watched, report, rooms, story

WHY = Said(reason=f"{MARKS['wrong']} asks for it; nothing is open.")
SEEN = Said(reason="Identified by her document.")
CHIEFS = {
    "inspector": "supervisor",
    "social_worker": "protection_supervisor",
    "trafficking_officer": "trafficking_chief",
}
# What no case holds: a look-up is only ever an HMAC, what was refused is never kept, and a task of
# a meeting about no case, and an operation that ended in none, are not of any person.
ELSEWHERE = {"sought", "meeting_task", "operation_place", "operation_plan", "operation_end"}
STAYS = "cnry98stayszq"
MET, RESCUE = "cnry96metzq", "cnry97rescuezq"


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks of what only these cases have: a meeting about one, an operation that ended in one."""
    for name, mark in (("stays", STAYS), ("met", MET), ("rescue", RESCUE)):
        monkeypatch.setitem(MARKS, name, mark)


async def _post(house: House, part: str, path: str, body: Any) -> Any:
    browser = await house.browser(part)
    sent = await browser.post(f"{ROOT}/{path}", json=body, headers=key())
    assert sent.is_success, (path, sent.text)
    return sent.json()


async def _met_and_rescued(house: House) -> None:
    """An operation that ends in a case, and a meeting with a task about it."""
    plan = {
        "kind": "rescue",
        "planned_at": "2026-04-01T05:00:00Z",
        "place": RESCUE,
        "what": RESCUE,
        "participants": [str(house.player("inspector").membership_id)],
    }
    operation = (await _post(house, "inspector", "operations", plan))["operation_id"]
    filed = await _post(house, "inspector", "cases", report())
    ended = {"case_id": filed["case_id"]}
    await _post(house, "inspector", f"operations/{operation}/end", ended)
    item = {"hand_offs": [asked(filed, "ZZ-C01")]}
    call = {"kind": "conference", "planned_at": "2026-04-01T09:00:00Z", **item}
    meeting = (await _post(house, "inspector", "meetings", call))["meeting_id"]
    [row] = await house.rows("SELECT id FROM referral.meeting_item")
    owner = str(house.player("inspector").unit_id)
    task = {"what": MET, "owner": owner, "due_on": "2026-05-01", "item": str(row["id"])}
    record = {"held_at": house.at().isoformat(), "present": [], "tasks": [task]}
    await _post(house, "inspector", f"meetings/{meeting}/record", record)


async def _closed(house: House) -> None:
    """Every referral that is open is struck out by the unit that holds it."""
    seats = {house.player(part).unit_id: (part, chief) for part, chief in CHIEFS.items()}
    for row in await house.rows(
        "SELECT id, holder_unit FROM referral.referral WHERE state = 'open'"
    ):
        part, chief = seats[row["holder_unit"]]
        house.at.forward(minutes=1)
        proposal = await house.manages(part, casework.propose, row["id"], "void", SEEN)
        approving = (casework.answer_proposal, UUID(proposal.id), Said())
        await house.manages(chief, *approving, approve=True)


async def _erased(house: House, spared: UUID) -> None:
    """Each case but one: asked for by who holds it, approved by the data officer."""
    seats = {house.player(part).unit_id: part for part in CHIEFS}
    for row in await house.rows(
        "SELECT DISTINCT c.id, c.reference, r.holder_unit FROM referral.case c "
        "JOIN referral.referral r ON r.id = c.lead_referral WHERE c.id <> $1",
        spared,
    ):
        part = seats[row["holder_unit"]]
        proposal = await house.manages(part, casework.ask_erasure, row["reference"], "REQUEST", WHY)
        answering = (casework.answer_erasure, UUID(proposal.id), SEEN)
        await house.manages("data_officer", *answering, approve=True)


@pytest.mark.usefixtures("marks")
async def test_nobody_reads_it_anywhere_again(house: House, tmp_path: Path) -> None:
    await more_people(house)
    await story(house, Watched())
    await _met_and_rescued(house)
    await rooms(house, Watched())
    await _closed(house)
    spared = await _post(house, "inspector", "cases", {**report(), "narrative": STAYS})
    first = Vault.from_text(ROOT_KEY)
    before = await readable(house.database.superuser_url, first)
    assert set(MARKS) - before <= {"sought", "wrong"}, "or the search does not see what is there"
    backup = dumped(house, tmp_path / "backup.sql")

    await _erased(house, UUID(spared["case_id"]))
    kept = {"name", "family", "staying", "contact", "stays", "reporter", "employer", "site"}
    at_once = await readable(house.database.superuser_url, first)
    assert at_once - ELSEWHERE == kept, "of the one case that was not erased, all of it"
    old = root_keys.read(ROOT_KEY)
    new = root_keys.following(old, None)
    both = Vault(root_keys.opened((*old, new), {}))
    await rewrap(house.database.migrator_url, both, lambda _: None)
    second = Vault(root_keys.opened((new,), {}))  # the old root key is destroyed

    after = await readable(house.database.superuser_url, second)
    assert after == at_once, "what was not erased goes on under the next root key"
    again = await restored(house, backup, f"older_{uuid4().hex[:12]}")
    try:
        assert await readable(again, second) == set(), "a backup made before brings nothing back"
        assert await readable(again, first) >= before, "it is the destroyed key that keeps it shut"
    finally:
        connection = await asyncpg.connect(house.database.cluster.superuser_url)
        await connection.execute(f"DROP DATABASE {again.rsplit('/', 1)[1]} WITH (FORCE)")
        await connection.close()
    assert in_files(house.database.cluster.data_dir) == [], "no file, no write-ahead log"
    findings = await verify(house.database.url_of("auditor_ro"))
    assert findings.problems == []
    assert findings.entries > 100
