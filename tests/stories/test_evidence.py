"""A court gets the whole life of one referral, sealed, and proves it on a machine of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyrage
import pytest
import pyzipper

from referral import casework
from referral.audit import proof
from referral.audit.proof import ProofError, check_bundle
from referral.casework import PersonTold
from tests.cast import asked, child_at_work
from tests.referral.api.desk import ROOT, key, problem

if TYPE_CHECKING:
    import httpx

    from tests.cast import House
    from tests.referral.log.running import Log

COURT = {"recipient": "Juvenile Court, room 4", "reason": "Ordered on 2 March."}
WORDS = "seven words sent another way"


class Case:
    """A case of one child (or two), held by the office, with its people at their browsers."""

    def __init__(self, house: House, log: Log, filed: Any) -> None:
        self.house, self.log, self.filed = house, log, filed
        self.case_id = filed.case_id
        self.referral = filed.referrals[0].referral_id
        self.browsers: dict[str, httpx.AsyncClient] = {}
        self.asker, self.second = "social_worker", "protection_supervisor"

    async def browser(self, part: str) -> httpx.AsyncClient:
        """Somebody who has just entered her password."""
        if part not in self.browsers:
            self.browsers[part] = await self.house.browser(part)
        return self.browsers[part]

    async def sends(self, part: str, path: str, body: Any = None) -> httpx.Response:
        """One act."""
        return await (await self.browser(part)).post(f"{ROOT}/{path}", json=body, headers=key())

    async def takes(self, part: str, bundle: str, passphrase: str = WORDS) -> httpx.Response:
        """The file of a bundle."""
        headers = {"X-Passphrase": passphrase} if passphrase else {}
        return await (await self.browser(part)).get(
            f"{ROOT}/bundles/{bundle}/file", headers=headers
        )

    async def asks(self, **more: Any) -> str:
        """Who holds it asks for evidence; which."""
        answer = await self.sends(
            self.asker, f"referrals/{self.referral}/bundles", {**COURT, **more}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def made(self, **more: Any) -> str:
        """Asked for, approved, and under a checkpoint."""
        bundle = await self.asks(**more)
        approved = await self.sends(self.second, f"bundles/{bundle}/answer", {"approve": True})
        assert approved.status_code == 200, approved.text
        await self.log.sealed()
        return bundle

    async def taken(self, bundle: str, passphrase: str = WORDS) -> dict[str, str]:
        """The files in it, opened with the passphrase."""
        answer = await self.takes(self.asker, bundle, passphrase)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"] == 'attachment; filename="evidence.zip"'
        with pyzipper.AESZipFile(io.BytesIO(answer.content)) as archive:
            archive.setpassword(passphrase.encode())
            return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
async def case(house: House, log: Log) -> Case:
    """Filed by Ines, accepted by Winnie."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    return Case(house, log, filed)


def alone(folder: Path, files: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """On a clean machine: what came in the bundle, and nothing of this service."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    command = [sys.executable, "-I", "verifier.py", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


async def test_it_is_verified_on_a_clean_machine(case: Case, tmp_path: Path) -> None:
    files = await case.taken(await case.made())
    assert set(files) == {
        *("evidence.json", "evidence.html", "prov.json", "verifier.py", "README.txt")
    }
    words = ("bundle", "evidence.json", "--log", str(case.log.key.key))
    good = alone(tmp_path, files, *words)
    assert good.returncode == 0, good.stderr
    assert "case.filed" in good.stdout
    assert good.stdout.splitlines()[-2].split()[2] == "bundle.made"
    few = alone(tmp_path, files, *words, "--quorum", "1")
    assert "only 0 of the 1" in few.stderr
    for name, old, new in (
        ("an entry", "hand_off.accepted", "hand_off.declined"),
        ("the record", "Juvenile Court", "Somebody else"),
        ("a body", '"asked_by', '"osked_by'),
    ):
        altered = files["evidence.json"].replace(old, new)
        assert altered != files["evidence.json"], name
        bad = alone(tmp_path, {**files, "evidence.json": altered}, *words)
        assert bad.returncode == 1, name
        assert bad.stderr.startswith("DOES NOT HOLD"), name


async def test_the_service_itself_says_the_same_of_it(case: Case, tmp_path: Path) -> None:
    """``referral audit verify --bundle``: without database and network, by the same check."""
    files = await case.taken(await case.made())
    with zipfile.ZipFile(tmp_path / "evidence.zip", "w") as archive:
        archive.writestr("evidence.json", files["evidence.json"])
    altered = files["evidence.json"].replace("Juvenile Court", "Somebody else")
    (tmp_path / "altered.json").write_text(altered, "utf-8")
    key = ("--log", str(case.log.key.key))
    for file, words, code, told in (
        ("evidence.zip", key, 0, "none missing, none changed"),
        ("altered.json", key, 1, "DOES NOT HOLD"),
        ("evidence.zip", (), 2, "needs --log KEY"),
    ):
        asking = ("audit", "verify", "--bundle", str(tmp_path / file), *words)
        done = subprocess.run(
            [sys.executable, "-m", "referral", *asking],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, (file, done.stdout, done.stderr)
        assert told in " ".join((done.stdout + done.stderr).split()), file


async def test_it_tells_the_whole_life_and_leaves_out_what_was_not_chosen(case: Case) -> None:
    files = await case.taken(await case.made())
    evidence = json.loads(files["evidence.json"])
    record = json.loads(evidence["record"])
    assert record["persons"][0]["identity"]["name"] == "Amal Doe"
    assert "safety" not in record["persons"][0]
    assert record["notes"] == [], "the narrative does not travel to the office, nor from there"
    [taken_over] = [one for one in record["hand_offs"] if one["step"] == "ZZ-C01"]
    assert taken_over["state"] == "accepted"
    limit = taken_over["limits"][0]
    assert limit["due_at"]
    assert limit["derivation"]
    assert record["sources"]
    assert record["made"]["recipient"] == "Juvenile Court, room 4"
    assert record["made"]["asked_as"] == case.house.player("social_worker").part.name
    page = files["evidence.html"]
    for words in ("Juvenile Court, room 4", record["made"]["asked_as"], record["made"]["at"]):
        assert words in page
    fetches = ("src=", "href=", "@import", "url(")
    assert not any(one in page for one in fetches)
    told = json.loads(files["prov.json"])
    assert len(told["activity"]) == len(told["wasAssociatedWith"])
    assert any("ZZ-C01" in plan for plan in told["entity"])

    bare = json.loads((await case.taken(await case.made(groups=["G1"])))["evidence.json"])
    record = json.loads(bare["record"])
    assert "Amal" not in json.dumps(bare)
    assert "kiln" not in json.dumps(bare)
    assert "Names and what else identifies" in record["left_out"]
    path = f"referrals/{case.referral}/bundles"
    beyond = await case.sends("social_worker", path, {**COURT, "groups": ["G3"]})
    told = problem(beyond, 422, "invalid-input")["errors"][0]
    assert (told["pointer"], told["code"]) == ("/groups", "G3"), "it does not travel to the office"


async def test_an_opened_key_opens_its_entry_alone(case: Case) -> None:
    files = await case.taken(await case.made(closed=[1]))
    evidence = json.loads(files["evidence.json"])
    first, *others = evidence["entries"]
    assert "key" not in first
    opened = [one for one in others if "key" in one]
    assert len(opened) > 2
    assert len({one["key"] for one in opened}) == len(opened)
    rows = await case.house.rows("SELECT e.id, e.header FROM referral.audit_entry e")
    for one in opened:
        swapped = {**first, "key": one["key"], "body": "{}"}
        entries = [swapped, *others]
        whole = json.dumps({**evidence, "entries": entries})
        with pytest.raises(ProofError, match="body of entry 1 is not"):
            check_bundle(whole, case.log.key.key)
        # HKDF gives each entry a key of its own: no other header is proved by this one.
        told = proof.BODY + one["body"].encode()
        mac = hmac_of(one["key"], told)
        assert [row["id"] for row in rows if json.loads(row["header"])["body_hmac"] == mac] == [
            UUID(json.loads(one["header"])["id"])
        ]


def hmac_of(secret: str, told: bytes) -> str:
    """As the verifier reckons it."""
    import base64
    import hmac

    return hmac.digest(base64.b64decode(secret), told, "sha256").hex()


async def test_nothing_may_be_missing_from_the_middle_or_be_moved(case: Case) -> None:
    files = await case.taken(await case.made())
    evidence, log_key = json.loads(files["evidence.json"]), case.log.key.key
    entries = evidence["entries"]
    assert len(check_bundle(files["evidence.json"], log_key)) == len(entries)
    for wrong in (entries[:2] + entries[3:], [entries[1], entries[0], *entries[2:]], entries[1:]):
        with pytest.raises(ProofError, match="missing or was moved"):
            check_bundle(json.dumps({**evidence, "entries": wrong}), log_key)
    for wrong in (entries[:-1], []):
        with pytest.raises((ProofError, LookupError, ValueError)):
            check_bundle(json.dumps({**evidence, "entries": wrong}), log_key)


async def test_two_persons_make_it_one_of_them_supervising(case: Case) -> None:
    path = f"referrals/{case.referral}/bundles"
    unsaid = await case.sends("social_worker", path, {"recipient": "A court"})
    problem(unsaid, 403, "reason-required")
    bundle = await case.asks()
    own = await case.sends("social_worker", f"bundles/{bundle}/answer", {"approve": True})
    problem(own, 403, "not-permitted")
    early = await case.takes("social_worker", bundle)
    assert problem(early, 409, "transition-not-allowed")["from"] == "asked"
    refused = await case.sends(
        "protection_supervisor", f"bundles/{bundle}/answer", {"approve": False}
    )
    assert refused.json()["state"] == "refused"
    again = await case.sends("protection_supervisor", f"bundles/{bundle}/answer", {"approve": True})
    problem(again, 409, "transition-not-allowed")
    never = await case.takes("social_worker", bundle)
    assert problem(never, 409, "transition-not-allowed")["from"] == "refused"
    rows = await case.house.rows("SELECT act FROM referral.audit_entry WHERE act = 'bundle.made'")
    assert rows == []


async def test_without_a_fresh_proof_nothing_leaves(case: Case) -> None:
    token = case.house.client("social_worker")
    path = f"{ROOT}/referrals/{case.referral}/bundles"
    problem(await token.post(path, json=COURT, headers=key()), 403, "step-up-required")
    bundle = await case.made()
    taken = await token.get(f"{ROOT}/bundles/{bundle}/file", headers={"X-Passphrase": WORDS})
    problem(taken, 403, "step-up-required")


async def test_outsiders_find_nothing_and_who_only_sent_her_neither(case: Case) -> None:
    bundle = await case.made()
    for part in ("outsider", "auditor", "coordinator", "data_officer", "inspector"):
        for path, body in (
            (f"referrals/{case.referral}/bundles", COURT),
            (f"bundles/{bundle}/answer", {"approve": True}),
        ):
            answer = await case.sends(part, path, body)
            assert answer.status_code in {403, 404}, (part, path, answer.text)
            if part != "inspector":
                assert answer.status_code == 404, (part, path)
        taken = await case.takes(part, bundle)
        assert taken.status_code == 404, part
        listed = await case.browsers[part].get(f"{ROOT}/cases/{case.case_id}/bundles")
        assert listed.status_code in {403, 404}, part


async def test_after_a_day_it_is_forgotten_and_the_entry_stays(case: Case) -> None:
    bundle, house = await case.made(), case.house
    house.at.forward(hours=24)
    case.browsers.clear()
    late = await case.takes("social_worker", bundle)
    assert problem(late, 409, "transition-not-allowed")["from"] == "expired"
    async with case.log.by("worker") as connection, connection.begin():
        await connection.exec_driver_sql("SELECT referral.begin_worker('')")
        gone = await connection.exec_driver_sql("SELECT referral.forget_bundles($1)", (house.at(),))
        assert gone.scalar() == 1
    [row] = await house.rows("SELECT record, made_at FROM referral.bundle")
    assert row["record"] is None
    made = await house.rows("SELECT header FROM referral.audit_entry WHERE act = 'bundle.made'")
    assert len(made) == 1
    assert "Juvenile" not in made[0]["header"], "for whom stands in the body"


async def test_it_is_sealed_to_the_recipients_key(case: Case) -> None:
    identity = pyrage.x25519.Identity.generate()
    bundle = await case.made(recipient_key=str(identity.to_public()))
    answer = await case.takes("social_worker", bundle, "")
    assert answer.status_code == 200, answer.text
    assert b"Amal" not in answer.content
    with zipfile.ZipFile(io.BytesIO(pyrage.decrypt(answer.content, [identity]))) as archive:
        assert "Amal" in archive.read("evidence.json").decode()
    stranger = pyrage.x25519.Identity.generate()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(answer.content, [stranger])
    wrong = await case.sends(
        "social_worker", f"referrals/{case.referral}/bundles", {**COURT, "recipient_key": "age1x"}
    )
    assert problem(wrong, 422, "invalid-input")["errors"][0]["pointer"] == "/recipient_key"
    short = await case.takes("social_worker", await case.made(), "short")
    assert problem(short, 422, "invalid-input")["errors"][0]["pointer"] == "/passphrase"


async def test_other_persons_stay_out_unless_they_were_chosen(house: House, log: Log) -> None:
    told = child_at_work()
    second = PersonTold(facts=dict(told.persons[0].facts), identity={"name": "Bina Roe"})
    from dataclasses import replace

    filed = await house.manages(
        "inspector", casework.file, replace(told, persons=(*told.persons, second))
    )
    case = Case(house, log, filed)
    case.asker, case.second = (
        "inspector",
        "supervisor",
    )  # who filed it holds it until it is accepted
    alone_files = await case.taken(await case.made())
    assert "Bina" not in "".join(alone_files.values())
    assert "Amal" in alone_files["evidence.json"]
    assert "carrying bricks" not in alone_files["evidence.json"], "words name whom they name"
    both = await case.taken(await case.made(others=True))
    assert "Bina" in both["evidence.json"]
    assert "carrying bricks" in both["evidence.json"]
    for files in (alone_files, both):
        check_bundle(files["evidence.json"], log.key.key)


async def test_the_pages_do_it_without_script(case: Case) -> None:
    from tests.referral.web.visiting import Visitor

    at = f"/cases/{case.case_id}/bundles"
    winnie = Visitor(await case.house.browser("social_worker"))
    page = await winnie.see(at)
    wrong = await winnie.send(page, at, recipient="", reason="Ordered.", referral=case.referral)
    assert (wrong.status, "Name the court" in wrong.words) == (422, True)
    sent = await winnie.send(
        page, at, recipient="A court", reason="Ordered.", referral=case.referral
    )
    assert sent.status == 303, sent.words
    chief = Visitor(await case.house.browser("protection_supervisor"))
    listed = await chief.see(at)
    assert "Waits for a second person" in listed.words
    [form] = [one for one in listed.forms if one.action.startswith(f"{at}/")]
    approved = await chief.press(listed, form.action, form.action, answer="approve")
    assert approved.status == 303, approved.words
    await case.log.sealed()
    ready = await winnie.see(at)
    [file] = [one for one in ready.forms if one.action.endswith("/file")]
    taken = await winnie.client.post(
        file.action, data={"csrf": file.values["csrf"], "passphrase": WORDS}
    )
    assert taken.status_code == 200
    assert taken.headers["cache-control"] == "no-store"
    assert "sandbox" in taken.headers["content-security-policy"]
    stranger = await case.house.browser("outsider")
    assert (await stranger.get(at)).status_code == 404
