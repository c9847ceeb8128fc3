"""Every form of every page, sent as it is and sent with fields it does not offer: all is the same.

Each act is really carried out and undone, twice; compared is every row it wrote, in any table. What
is drawn anew each time (ids, keys, ciphertext, hashes) is left out of the comparison.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from referral import casework
from referral.casework import Call, Said
from referral.consent import Statement
from referral.database import make_engine
from tests.cast import House
from tests.referral.locks.controls import Offered, kind_of, offered_on
from tests.referral.locks.scene import Scene, Standing, _Within
from tests.referral.locks.test_object_ids import everything
from tests.referral.test_attachments_seen import photograph
from tests.stories.test_absent import away
from tests.stories.test_panel import filed as a_panel
from tests.stories.test_panel import referral_of

PEOPLE = (
    *("inspector", "supervisor", "social_worker", "protection_supervisor", "night_officer"),
    *("prosecutor", "coordinator", "data_officer", "agency_admin"),
)
PAGES = (
    *("/cases/{case_id}", "/cases/{case_id}/consents", "/cases/{case_id}/need-to-know"),
    *("/cases/{case_id}/attachments", "/hand-offs/{hand_off_id}", "/hand-offs/batches/{batch}"),
    *("/meetings/{meeting_id}", "/operations/{operation_id}"),
)
PLAIN = (
    *("/cases/new", "/duplicates", "/meetings", "/operations", "/break-glass", "/hand-offs"),
    *("/break-glass/reviews", "/removals", "/members", "/account", "/membership", "/step-up"),
)
LATER = "2026-03-09"
ALL = ("inspector.zz", "social_worker.zz", "prosecutor.zz")
# What is typed where anything would not do.
TYPED = {
    "/break-glass": {"minutes": "30"},
    "/cases": {"people": "", "headcount": "2"},
    "/cases/*/need-to-know/exclusions": {"name": "outsider.zz"},
    "/cases/*/need-to-know/proposals": {"named": "\n".join(ALL), "older": ""},
    "/cases/*/referrals/*/screening": {"result": "possible", "topic": "FL"},
    "/duplicates": {"born_on": "2016-01-01", "document": "", "telephone": ""},
    "/hand-offs/*/hold": {"hold-review_at": LATER},
    "/hand-offs/batches/*/decline": {"version": ""},
    "/hand-offs/*/attestation": {"attestation-reason": "By telephone"},
    "/members": {"new-user_name": "nora.zz", "new-name": "Nora Quill", "new-role": "OFFICER"},
    "/members/roles": {"role-role": "OFFICER", "give-role": "OFFICER"},
    "/operations/*/end": {"case_id": ""},
    "/removals": {"name": "CHILDREN-ZZ-N", "kind": "agency"},
}
CONSENT = {
    "statements": [one.value for one in Statement],
    "child": ["assent"],
    "caregiver": ["consent"],
    "otherwise": [""],
}
SAT = ("Tomas Reed", "Lena Orr", "Dr Hale", "Pia Novak")
PANEL = {"occurred_at": [""], "occurred_at-time": [""]} | {
    f"{field}-{place}": [told]
    for place, name in enumerate(SAT)
    for field, told in {"name": name, "vote": "agree", "dissent": "", "signed": ""}.items()
}
OFTEN, TRIES = 2, 6  # per kind of form: enough that acted, or at most so many
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# A party's since and until are the server's own time.
_DRAWN = re.compile(
    r'\\\\x[0-9a-f]*|\$argon2[^"]*|[0-9a-f]{64}|ZZ-[0-9A-Z]{4}-[0-9A-Z]{4}|"(?:seq|xid)": "?\d+'
    r'|"(?:since|until)": "[^"]*"'
)


class Recording:
    """An engine whose transactions are carried out, written down row by row, and undone."""

    def __init__(self, engine: AsyncEngine, tables: list[str]) -> None:
        self._engine, self.written = engine, []
        self._rows = " UNION ALL ".join(
            f"SELECT '{table}', to_jsonb(x)::text FROM {table} x WHERE x.xmin::text::bigint >= $1"
            for table in tables
        )
        self._counts = " UNION ALL ".join(f"SELECT '{t}', count(*)::text FROM {t}" for t in tables)

    written: list[tuple[str, str]]

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Any]:
        """As the app from here on; what it did is read past every lock, and then undone."""
        async with self._engine.connect() as connection:
            outer = await connection.begin()
            first = await connection.exec_driver_sql("SELECT pg_current_xact_id()::text::bigint")
            start = first.scalar_one()
            await connection.exec_driver_sql("SET SESSION AUTHORIZATION referral_app")
            try:
                yield _Within(connection)
            finally:
                await connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
                rows = await connection.exec_driver_sql(self._rows, (start,))
                counts = await connection.exec_driver_sql(self._counts)
                self.written += [(row[0], row[1]) for row in (*rows, *counts)]
                await outer.rollback()

    async def close(self) -> None:
        """Nobody asks any more."""
        await self._engine.dispose()


async def tables_of(house: House) -> list[str]:
    rows = await house.rows(
        "SELECT format('%I.%I', n.nspname, c.relname) AS t FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
        "AND n.nspname IN ('referral', 'agencies', 'vault') ORDER BY 1"
    )
    return [row["t"] for row in rows]


async def ids_in(house: House, tables: list[str]) -> set[str]:
    """Every id there is before anybody acts."""
    found: set[str] = set()
    for table in tables:
        for row in await house.rows(f"SELECT to_jsonb(x)::text AS x FROM {table} x"):
            found |= set(_ID.findall(row["x"]))
    return found


class Tried:
    """One after the other: each form without and with fields it does not offer."""

    def __init__(self, recording: Recording, known: set[str], more: dict[str, Any]) -> None:
        self.recording, self.known, self.more = recording, known, more
        self.named: dict[str, dict[str, list[str]]] = {}
        self.acted: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def page(self, client: httpx.AsyncClient, address: str) -> None:
        page = await client.get(address)
        if page.status_code != 200:
            return
        for form in offered_on(page.text):
            for to in form.leads():
                kind = kind_of(to)
                if self.acted[kind] < OFTEN and self.sent[kind] < TRIES:
                    await self.both(client, form, to)

    async def both(self, client: httpx.AsyncClient, form: Offered, to: str) -> None:
        kind = kind_of(to)
        form.typed |= {name: [v] for name, v in TYPED.get(kind, {}).items() if name in form.names}
        form.typed |= self.named.get(kind, {})
        more = {name: value for name, value in self.more.items() if name not in form.names}
        alone = await self.once(client, form, to, {})
        self.sent[kind] += 1
        self.acted[kind] += alone[0] in {200, 303}
        # A form with a file takes few fields at all: one at a time there.
        for extra in [{name: value} for name, value in more.items()] if form.file else [more]:
            beside = await self.once(client, form, to, extra)
            if alone != beside:
                lines = [f"- {row}" for row in alone[2] if row not in beside[2]]
                lines += [f"+ {row}" for row in beside[2] if row not in alone[2]]
                told = "\n".join(line[:900] for line in lines[:8])
                self.wrong.append(f"{to} {[*extra]} {alone[:2]} {beside[:2]}\n{told}")

    async def once(
        self, client: httpx.AsyncClient, form: Offered, to: str, more: dict[str, Any]
    ) -> tuple[int, str, list[str]]:
        """Status, where it leads, and what it wrote."""
        self.recording.written.clear()
        sent: dict[str, Any] = {"data": {**form.typed, **more}}
        if form.file:
            sent["files"] = {form.file: ("kiln.jpg", photograph(), "image/jpeg")}
        cookies = dict(client.cookies)
        answer = await client.post(to, **sent)
        client.cookies.clear()
        client.cookies.update(cookies)
        place = self.plain(answer.headers.get("location", ""))
        rows = sorted(f"{table} {self.plain(row)}" for table, row in self.recording.written)
        return answer.status_code, place, rows

    def plain(self, text: str) -> str:
        """Without what is drawn anew."""
        masked = _DRAWN.sub("<drawn>", text)
        return _ID.sub(lambda one: one[0] if one[0] in self.known else "<new>", masked)


def smuggled(house: House, scene: Scene) -> dict[str, Any]:
    """What would matter if it were taken."""
    otto = house.player("outsider")
    return {
        "state": "completed",
        "country": "AR",
        "holder_unit": str(otto.unit_id),
        "holder_member": str(otto.membership_id),
        "receiver_unit": str(otto.unit_id),
        "by_unit": str(otto.unit_id),
        "by_member": str(otto.membership_id),
        "unit_id": str(otto.unit_id),
        "groups": ["G2", "G3", "G4", "G5"],
        "travels": ["G2", "G3", "G4", "G5"],
        "role": "SUPERVISOR",
        "version": "7",
        "sealed": "true",
        "duplicate_of": scene.cases["declined"].ids["case_id"],
        "id": str(uuid4()),
        "now": "2020-01-01T00:00:00Z",
        "travelling": json.dumps({"G5": True}),
    }


async def begun(house: House, scene: Scene) -> tuple[Tried, House]:
    """Everything that stands, and a house that writes down what is done and undoes it."""
    tables = await tables_of(house)
    recording = Recording(make_engine(house.database.superuser_url, pool_size=2), tables)
    engine: Any = recording
    quiet = replace(house, installation=replace(house.installation, engine=engine))
    tried = Tried(recording, await ids_in(house, tables), smuggled(house, scene))
    inspector, worked = house.player("inspector"), [scene.cases["worked"].reference]
    tried.named = {
        "/break-glass": {"reference": worked},
        "/removals": {"reference": worked},
        "/cases/*/consents": CONSENT,
        "/members/roles": {"role-member": [str(house.player("supervisor").member_id)]},
        "/sign-in": {
            "user_name": [inspector.part.user_name],
            "password": [inspector.password or ""],
        },
        "/step-up": {"password": [inspector.password or ""]},
    }
    return tried, quiet


async def still_waiting(house: House, scene: Scene) -> None:
    """A meeting still to be held, somebody away, a removal that waits for its second person."""
    invited = (house.player("prosecutor").unit_id,)
    called = Call("task_force", house.at(), "COORDINATION", invited)
    met = await house.manages("coordinator", casework.call_meeting, called)
    scene.cases["asked"].ids["meeting_id"] = met.meeting_id
    await away(house, None)
    office = (scene.cases["worked"].reference, "agency", "CHILDREN-ZZ-N", Said(reason="Why."))
    await house.manages("coordinator", casework.ask_removal, *office)
    house.at.forward(minutes=1)  # a glass is not closed in the moment it is broken


async def test_a_form_takes_nothing_that_it_does_not_offer(house: House) -> None:
    scene = await everything(house)
    await still_waiting(house, scene)
    tried, quiet = await begun(house, scene)
    await tried.page(quiet.stranger(), "/sign-in")
    for part in PEOPLE:
        client = await quiet.browser(part)
        for address in PLAIN:
            await tried.page(client, address)
        for one in scene.cases.values():
            for address in PAGES:
                await tried.page(client, address.format(**one.ids))
    await tried.recording.close()
    assert not tried.wrong, "\n\n".join(tried.wrong)
    assert not {kind for kind in tried.sent if not tried.acted[kind]}, "what was sent also acts"
    assert len(tried.acted) > 45


async def test_nor_does_a_panels(house: House) -> None:
    """Who sat and how they voted, and nothing else."""
    filed = await a_panel.__wrapped__(house)  # type: ignore[attr-defined]
    scene = Scene(house, dict.fromkeys(("worked", "declined"), Standing({"case_id": ""}, "ZZ")))
    tried, quiet = await begun(house, scene)
    address = f"/cases/{filed.case_id}/referrals/{referral_of(filed)}/panels/ZZ-T05"
    tried.named[kind_of(address)] = PANEL
    await tried.page(await quiet.browser("trafficking_officer"), address)
    await tried.recording.close()
    assert not tried.wrong, "\n\n".join(tried.wrong)
    assert tried.acted[kind_of(address)] == 1


async def test_a_field_a_form_does_offer_is_seen_to_act(house: House) -> None:
    """Or the comparison finds nothing at all: a meeting on another day is another row."""
    scene = await everything(house)
    tried, quiet = await begun(house, scene)
    tried.more = {"planned_at": "2026-06-01"}
    client = await quiet.browser("coordinator")
    page = await client.get("/meetings")
    [form] = [one for one in offered_on(page.text) if one.action == "/meetings"]
    form.names.clear()  # as if it did not offer what it reads
    await tried.both(client, form, form.action)
    await tried.recording.close()
    [told] = tried.wrong
    assert "2026-06-01" in told
    assert "(303," in told
