"""What a promise of an acceptance proves, checked by the verifier as it is handed out."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from referral.audit import proof
from referral.audit.proof import Key, leaf_hash, signed_by
from tests.referral.log.test_proof import LOG, LOG_KEY, WITNESS_KEY, alone, receipt

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_alone_judges_a_promise(tmp_path: Path) -> None:
    """Kept by a receipt; broken when a checkpoint countersigned past its moment shows no entry."""
    entry = json.dumps({"act": "hand_off.accepted", "to": 3}).encode()
    told = (proof.PROMISE, "log.example/1", "some id", base64.b64encode(leaf_hash(entry)).decode())
    text = "".join(f"{line}\n" for line in (*told, "2026-03-02T11:58:00Z", "2026-03-02T11:59:00Z"))
    (tmp_path / "promise").write_text(f"{text}\n{signed_by(LOG, 'us', text)}", "utf-8")
    (tmp_path / "receipt").write_text(receipt(), "utf-8")
    (tmp_path / "other").write_text(receipt(index=4), "utf-8")
    (tmp_path / "later").write_text(receipt().partition("\n\n")[2], "utf-8")
    promiser = str(Key("us", 1, LOG_KEY.public))
    keys = ("--log", str(LOG_KEY), "--witness", str(WITNESS_KEY), "--promiser", promiser)
    for files, code, words in (
        (("receipt",), 0, "KEPT"),
        (("receipt", "later"), 0, "KEPT"),
        ((), 0, "nothing shown yet"),
        (("later",), 1, "NOT KEPT"),
        (("other",), 1, "another entry"),
    ):
        found = alone(tmp_path, "promise", "promise", *files, *keys)
        assert found.returncode == code, (files, found.stderr)
        assert words in found.stdout + found.stderr, files
    assert alone(tmp_path, "promise", "promise", *keys[:-1], str(LOG_KEY)).returncode == 1
