"""Where the log's own key is kept, what the signer remembers, and who the custodians are.

Beside an embedded database: files made once, readable by their owner alone, never in the database.
Elsewhere: as the settings say. It must never know what is signed.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from referral.addresses import MissingError
from referral.audit.key_files import SIGNS, SigningKey
from referral.audit.proof import Key, ProofError
from referral.settings import Settings
from referral.vault.files import write_secret

FILE: Final = "log_key"  # in the folder of an embedded database
STATE: Final = "log_state"


def signing_key(settings: Settings, *, embedded: bool) -> SigningKey | None:
    """The log's private key; None where none is set. Raises MissingError when it is none."""
    given = settings.log_key
    try:
        if given is not None:
            key = SigningKey.read(given.get_secret_value())
        elif embedded:
            key = _beside(settings)
        else:
            return None
    except (ProofError, OSError) as fault:
        raise MissingError(
            f"The log's private key cannot be used: {fault}. It is one line, as `referral log key` "
            "writes it; REFERRAL_LOG_KEY_FILE names its file."
        ) from fault
    if settings.log_origin not in {None, key.name}:
        raise MissingError(
            f"REFERRAL_LOG_ORIGIN is {settings.log_origin}, and the log's key is that of "
            f"{key.name}. A key belongs to one epoch: make one for this name with `referral log "
            "key`, or correct the setting."
        )
    return key


def _beside(settings: Settings) -> SigningKey:
    file = settings.data_dir / FILE
    if file.exists():
        return SigningKey.read(file.read_text("utf-8"))
    name = settings.log_origin or f"log-{secrets.token_hex(4)}.invalid/1"
    key = SigningKey.new(name, SIGNS)
    write_secret(file, key.written())
    return key


def replaced(settings: Settings, origin: str) -> SigningKey:
    """A new key beside an embedded database, for a new epoch; the old file is kept aside."""
    file = settings.data_dir / FILE
    if file.exists():
        old = SigningKey.read(file.read_text("utf-8"))
        file.replace(file.with_name(f"{FILE}.{old.key.id.hex()}"))
    key = SigningKey.new(origin, SIGNS)
    write_secret(file, key.written())
    return key


def state_file(settings: Settings, *, embedded: bool) -> Path:
    """What the signer remembers. Raises MissingError where that must be said."""
    if settings.log_state is not None:
        return settings.log_state
    if embedded:
        return settings.data_dir / STATE
    raise MissingError(
        "REFERRAL_LOG_STATE is not set: it names the file in which the signer remembers what "
        "it signed last. Keep it outside the database and its backups: it is how a restored or "
        "rewritten database is noticed."
    )


def custodians(settings: Settings) -> list[Key]:
    """Those of whom two may open a new epoch. Raises MissingError when a key is none."""
    try:
        return [Key.read(one) for one in (settings.log_custodians or "").replace(",", " ").split()]
    except ProofError as fault:
        raise MissingError(
            f"REFERRAL_LOG_CUSTODIANS: {fault}. It lists public keys (name+id+base64), with "
            "spaces or commas between them."
        ) from fault


def forget(data_dir: Path) -> None:
    """The key and the memory of a log that is no more."""
    for name in (FILE, STATE):
        (data_dir / name).unlink(missing_ok=True)


def environment_of(settings: Settings) -> dict[str, str]:
    """What a signer started beside us is told: no other setting of ours reaches it."""
    ours = {
        "REFERRAL_DATA_DIR": str(settings.data_dir),
        "REFERRAL_LOG_CUSTODIANS": settings.log_custodians or "",
    }
    if settings.log_key is not None:
        ours["REFERRAL_LOG_KEY"] = settings.log_key.get_secret_value()
    if settings.log_state is not None:
        ours["REFERRAL_LOG_STATE"] = str(settings.log_state)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REFERRAL_")}
    return kept | ours
