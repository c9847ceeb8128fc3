"""A photograph from the kiln: added, looked through, opened by who may, by nobody else ever."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pytest
from PIL import Image

from referral import casework, queries, worker
from referral.attachments.scanning import ScannerDownError, without
from referral.attachments.verdicts import Refused
from referral.casework import Attached, Brought
from referral.casework.attaching import TRIES
from referral.errors import Refusal
from tests.cast import House, asked, child_at_work
from tests.referral.test_attachments_seen import archive, document, photograph

LARGEST = 10_000_000
NAME = "Amal Doe at the kiln.jpg"


async def held_case(house: House) -> tuple[UUID, UUID, UUID]:
    """Filed and accepted: case, referral, hand-off."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    return UUID(filed.case_id), UUID(accepted.referral_id), hand_off


async def add(house: House, referral: UUID, content: bytes, name: str = NAME, **more: Any) -> Any:
    brought = Brought(name, content, "The girl carrying bricks", **more)
    return await house.does("social_worker", casework.attach, referral, brought, LARGEST)


async def looked(house: House) -> int:
    return await worker.look_through(house.clockwork, house.at())


async def test_a_photograph_is_looked_through_and_then_opened(house: House) -> None:
    case, referral, _ = await held_case(house)
    added = await add(house, referral, photograph())
    assert isinstance(added, Attached)
    attachment = UUID(added.attachment_id)

    # In quarantine not even who sent it gets it back.
    waiting = await house.opens("social_worker", queries.attachment_opened, attachment)
    assert isinstance(waiting, Refusal)
    assert (waiting.status, waiting.extra["from"]) == (409, "quarantined")

    assert await looked(house) == 1
    assert await looked(house) == 0
    [line] = await house.opens("social_worker", queries.attachments_of, case)
    assert (line.state, line.name, line.shows) == ("viewable", NAME, "The girl carrying bricks")

    opened = await house.opens("social_worker", queries.attachment_opened, attachment)
    assert b"Telephone" not in opened.content
    assert "Amal" not in opened.file_name
    with Image.open(io.BytesIO(opened.content)) as picture:
        assert dict(picture.getexif()) == {}

    # The evidence is whole, and takes a reason and a fresh proof.
    bare = await house.opens("social_worker", queries.attachment_opened, attachment, original=True)
    assert isinstance(bare, Refusal)
    whole = await house.opens(
        "social_worker",
        queries.attachment_opened,
        attachment,
        original=True,
        reason="For the court",
        proven=True,
    )
    assert whole.content == photograph()

    # Who filed it holds it no more; strangers hear that there is nothing; every try is in the log.
    for part in ("inspector", "outsider", "auditor", "agency_admin"):
        found = await house.opens(part, queries.attachment_opened, attachment)
        assert isinstance(found, Refusal), part
        assert found.status == 404, part
        listed = await house.opens(part, queries.attachments_of, case)
        assert isinstance(listed, Refusal), part


async def test_a_file_that_carries_something_along_is_never_opened(house: House) -> None:
    case, referral, _ = await held_case(house)
    bad = {
        "two-files-at-once": await add(house, referral, photograph() + archive()),
        "broken": await add(house, referral, photograph()[:300]),
        "acts": await add(house, referral, document(_carrying), "a.pdf"),
        "infected": await add(house, referral, photograph()[:-2] + EICAR + b"\xff\xd9"),
    }
    assert await looked(house) == 4
    found = await house.opens("social_worker", queries.attachments_of, case)
    lines = {line.id: line for line in found}
    for code, added in bad.items():
        line = lines[UUID(added.attachment_id)]
        assert (line.state, line.code) == ("refused", code)
        refused = await house.opens("social_worker", queries.attachment_opened, line.id)
        assert isinstance(refused, Refusal)
        assert refused.extra["from"] == "refused"
    told = await house.rows("SELECT to_unit FROM referral.outbox WHERE kind = 'attachment.refused'")
    assert [row["to_unit"] for row in told] == [house.player("social_worker").unit_id] * 4
    views = await house.rows("SELECT FROM referral.attachment_content WHERE copy = 'view'")
    assert views == []


def _carrying(made: pikepdf.Pdf) -> None:
    made.attachments["run.js"] = b"alert(1)"


EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "kind-not-allowed"),
        ("a.png", b"GIF89a", "not-what-it-says"),
        ("a.jpg", b"", "empty"),
    ],
)
async def test_what_is_no_file_of_a_case_is_refused_at_once(
    house: House, name: str, content: bytes, code: str
) -> None:
    _, referral, _ = await held_case(house)
    refused = await add(house, referral, content, name)
    assert isinstance(refused, Refusal)
    assert refused.extra["errors"][0]["code"] == code
    assert await house.rows("SELECT FROM referral.attachment") == []


async def test_only_who_holds_a_person_adds_to_her_file(house: House) -> None:
    _, referral, _ = await held_case(house)
    brought = Brought(NAME, photograph())
    for part, status in (("inspector", 403), ("protection_supervisor", 403), ("outsider", 404)):
        refused = await house.does(part, casework.attach, referral, brought, LARGEST)
        assert isinstance(refused, Refusal), part
        assert refused.status == status, part


async def test_the_signed_letter_belongs_to_a_hand_off_one_has_sent(house: House) -> None:
    case, referral, hand_off = await held_case(house)
    [sent] = await house.rows(
        "SELECT id FROM referral.hand_off WHERE referral_id = $1 AND sender_unit = $2 LIMIT 1",
        referral,
        house.player("social_worker").unit_id,
    )
    letter = await add(house, referral, document(), "letter.pdf", letter=sent["id"])
    assert isinstance(letter, Attached)
    await looked(house)
    [line] = await house.opens("social_worker", queries.attachments_of, case)
    assert (line.kind, line.hand_off_id) == ("letter", sent["id"])
    for other in (uuid4(), hand_off):
        refused = await add(house, referral, document(), "letter.pdf", letter=other)
        assert isinstance(refused, Refusal)


async def test_a_scanner_that_is_down_makes_files_wait_and_loses_none(house: House) -> None:
    _, referral, _ = await held_case(house)
    await add(house, referral, photograph())

    async def down(_: bytes) -> Refused | None:
        raise ScannerDownError("the scanner gave no verdict")

    house.scan = down
    for _ in range(8):  # longer than a poisoned file would be tried
        with pytest.raises(ScannerDownError):
            await looked(house)
        assert await looked(house) == 0  # in hand for some minutes: others go on
        house.at.forward(minutes=6)
    house.scan = without
    assert await looked(house) == 1


async def test_who_is_ended_while_looking_leaves_a_file_that_waits_again(house: House) -> None:
    _, referral, _ = await held_case(house)
    added = await add(house, referral, photograph())

    async def ended(_: bytes) -> Refused | None:
        raise SystemExit

    house.scan = ended
    for _ in range(TRIES):
        with pytest.raises(SystemExit):
            await looked(house)
        house.at.forward(minutes=6)
    house.scan = without
    assert await looked(house) == 1  # so often ended: refused unread, or it would end us for ever
    [row] = await house.rows("SELECT state, code FROM referral.attachment")
    assert (row["state"], row["code"]) == ("refused", "unreadable")
    assert added.attachment_id


async def test_bytes_altered_where_they_lie_are_found_broken(house: House) -> None:
    _, referral, _ = await held_case(house)
    await add(house, referral, photograph())
    await house.rows("UPDATE referral.attachment_content SET content = content || '\\x00'")
    assert await looked(house) == 1
    [row] = await house.rows("SELECT state, code FROM referral.attachment")
    assert (row["state"], row["code"]) == ("refused", "broken")
