"""A bundle of evidence as a file: record and log, a page to read, how to check both.

Sealed to the recipient's age key, or as an AES archive under a passphrase that travels another way.
What is in it was decided by two; here it is only packed.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
import pyrage
import pyzipper
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from referral import errors, queries
from referral.audit import proof
from referral.audit.receipts import as_text
from referral.audit.together import Shown, Together, together
from referral.errors import Fault, Refusal
from referral.exports.prov import prov_of
from referral.queries import BundleOpened
from referral.session import Actor, WitnessedRead

FORM: Final = "referral/evidence/v1"
SHORTEST: Final = 16  # characters of a passphrase


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that only its recipient opens; its name says nothing of the case."""

    name: str
    content: bytes


async def packed(
    session: WitnessedRead,
    actor: Actor,
    bundle_id: UUID,
    *,
    passphrase: str = "",
    quorum: int,
    now: datetime,
) -> Packed | Refusal:
    """The bundle, once two have made it and the log has signed that; within its day."""
    opened = await queries.bundle_taken(session, actor, bundle_id, now=now)
    if isinstance(opened, Refusal):
        return opened
    if not opened.seen.recipient_key and len(passphrase) < SHORTEST:
        told = f"Type a passphrase of at least {SHORTEST} characters, and send it another way."
        return errors.invalid_input([Fault("/passphrase", "missing", told)])
    proved = await together(session.connection, [one.id for one in opened.entries], quorum)
    if proved is None:
        told = "The log signs it within a minute; take it then."
        return errors.not_allowed_now("made", "export_case", [], told)
    files = _files(opened, proved)
    if opened.seen.recipient_key:
        recipient = pyrage.x25519.Recipient.from_str(opened.seen.recipient_key)
        return Packed("evidence.zip.age", pyrage.encrypt(_archive(files), [recipient]))
    return Packed("evidence.zip", _locked(files, passphrase))


def _files(opened: BundleOpened, proved: Together) -> dict[str, str]:
    record = orjson.loads(opened.record)
    headers = [one.header for one in opened.entries]
    view = {
        "record": record,
        "entries": [_shown(one.header, one.body) for one in opened.entries],
        "checkpoint": proved.signed.checkpoint,
        "witnesses": proved.signed.cosigned,
        "final": proved.final,
        "earlier": [one.signed.checkpoint for one in proved.earlier],
    }
    return {
        "evidence.json": _evidence(opened, proved),
        "evidence.html": _templates().get_template("evidence.html").render(view),
        "prov.json": prov_of(headers, record),
        "verifier.py": _verifier(),
        "README.txt": _templates().get_template("README.txt").render(view),
    }


def _evidence(opened: BundleOpened, proved: Together) -> str:
    """What the verifier reads: record, every entry with its proof, a checkpoint for each epoch."""
    entries = []
    for one in opened.entries:
        told = _proof(one.header, proved.proved[one.id])
        if one.key is not None and one.body is not None:
            told |= {"key": base64.b64encode(one.key).decode(), "body": one.body.decode()}
        entries.append(told)
    whole = {
        "form": FORM,
        "note": proved.signed.note,
        "earlier": [
            {"note": one.signed.note, "opening": _proof(one.opening, one.shown)}
            for one in proved.earlier
        ],
        "record": opened.record,
        "entries": entries,
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode()


def _proof(header: str, shown: Shown) -> dict[str, Any]:
    path = as_text(shown.path)
    return {"header": header, "epoch": shown.epoch, "index": shown.index, "path": path}


def _shown(header: str, body: bytes | None) -> Mapping[str, Any]:
    told = orjson.loads(header)
    return {**told, "body": None if body is None else orjson.loads(body)}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("referral.exports"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _verifier() -> str:
    return Path(proof.__file__).read_text("utf-8")


def _archive(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def _locked(files: Mapping[str, str], passphrase: str) -> bytes:
    made = io.BytesIO()
    with pyzipper.AESZipFile(
        made, "w", compression=ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(passphrase.encode())
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()
