"""Where the root keys of an installation are kept, and who opens them.

In a setting, in the file that setting names, or beside an embedded database in a file made once
(0600). Sealed keys are opened by a key keeper: one that is installed (entry points of the group
``referral.key_keepers``), named in the settings. It must never know what the keys are for.

Raises MissingError for whatever only the operator can put right, and KeeperDownError.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from referral.addresses import MissingError
from referral.audit.key_files import SIGNS, SigningKey
from referral.audit.proof import ProofError
from referral.settings import Environment, Settings
from referral.vault import Vault, root_keys
from referral.vault.files import write_secret
from referral.vault.root_keys import KeyKeeper, RootKey
from referral.vault.transit import Transit

FILE: Final = "root_key"  # in the folder of an embedded database
PROMISES: Final = "promise_key"  # beside it
IN_CLEAR: Final = "none"
_GROUP: Final = "referral.key_keepers"


def vault_of(settings: Settings, *, embedded: bool) -> Vault:
    """The vault of this installation; it reads its root keys again when it meets an unknown one.

    A service without its key could open nothing, and one with a new key would write what the old
    one cannot read: so nothing is made up where a database is external.
    """

    def read() -> Mapping[int, bytes]:
        return _opened(settings, kept(settings, embedded=embedded))

    return Vault(read(), again=read)


def kept(settings: Settings, *, embedded: bool) -> tuple[RootKey, ...]:
    """The root keys as they are kept, sealed or in clear; read from the file each time."""
    file = file_of(settings, embedded=embedded)
    if file is None:
        given = settings.root_key
        text = given.get_secret_value() if given is not None else ""
    elif embedded and settings.root_key is None and not file.exists():
        text = root_keys.written((root_keys.following((), None),))
        write_secret(file, text)
    else:
        text = _text_of(file)
    with _said("REFERRAL_ROOT_KEY" if file is None else str(file)):
        return root_keys.read(text)


def file_of(settings: Settings, *, embedded: bool) -> Path | None:
    """The file they are kept in; None when they are a setting, which nobody can add to.

    Raises MissingError when they are nowhere.
    """
    named = os.environ.get("REFERRAL_ROOT_KEY_FILE")
    if named is not None and settings.root_key is not None:
        return Path(named)
    if settings.root_key is not None:
        return None
    if embedded:
        return settings.data_dir / FILE
    raise MissingError(
        "REFERRAL_ROOT_KEY is not set: without it no sealed field can be written or opened. "
        "Make one with `openssl rand -base64 32`, keep a copy elsewhere, and name its file in "
        "REFERRAL_ROOT_KEY_FILE."
    )


def keeper_of(settings: Settings) -> KeyKeeper | None:
    """The key keeper that is set; None where root keys are kept in clear."""
    name = settings.key_keeper
    if name is None and settings.environment is Environment.PRODUCTION:
        raise MissingError(
            "REFERRAL_KEY_KEEPER is not set. In production somebody else should open the root "
            "keys, so that a copied disk opens nothing: name a key keeper (`transit`), or say "
            "`none` if a secret store that is trusted with them in clear hands them in."
        )
    if name is None or name == IN_CLEAR:
        return None
    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if name not in found:
        raise MissingError(
            f"REFERRAL_KEY_KEEPER names {name}, which is not installed. "
            f"Here are: {', '.join(sorted([*found, IN_CLEAR]))}."
        )
    keeper: KeyKeeper = found[name].load()(settings)
    return keeper


def transit(settings: Settings) -> KeyKeeper:
    """The transit engine of an OpenBao or Vault, as it is set."""
    token = settings.key_keeper_token
    if settings.key_keeper_url is None or token is None:
        raise MissingError(
            "The key keeper `transit` needs REFERRAL_KEY_KEEPER_URL (with its mount, as "
            "https://bao.example/v1/transit) and REFERRAL_KEY_KEEPER_TOKEN (or …_TOKEN_FILE)."
        )
    with _said("REFERRAL_KEY_KEEPER_URL"):
        return Transit(settings.key_keeper_url, settings.key_keeper_key, token.get_secret_value())


def rotated(settings: Settings, *, embedded: bool) -> RootKey:
    """A new root key, added to the file; it wraps from the next start or meeting on."""
    file = file_of(settings, embedded=embedded)
    if file is None:
        raise MissingError(
            "REFERRAL_ROOT_KEY holds the keys themselves, and nothing can be added to it. "
            "Keep them in a file and name it in REFERRAL_ROOT_KEY_FILE."
        )
    keys = kept(settings, embedded=embedded)
    _opened(settings, keys)  # nothing is added to what cannot be read
    keeper = keeper_of(settings)
    with _said("the key keeper"):
        added = root_keys.following(keys, keeper)
    write_secret(file, root_keys.written((*keys, added)))
    return added


def promiser_of(settings: Settings, *, embedded: bool) -> SigningKey | None:
    """Who signs what acceptances are answered with; made once beside an embedded database.

    None where the key is not set: then nothing is promised. In production that must not happen.
    """
    file, given = settings.data_dir / PROMISES, settings.promise_key
    if given is None and embedded:
        if not file.exists():
            write_secret(file, SigningKey.new("referral/promises", SIGNS).written())
        text = _text_of(file)
    elif given is None:
        if settings.environment is not Environment.PRODUCTION:
            return None
        raise MissingError(
            "REFERRAL_PROMISE_KEY is not set: it signs the promise that an acceptance will stand "
            "in the log. Make one with `referral log key`, and name its file in "
            "REFERRAL_PROMISE_KEY_FILE."
        )
    else:
        text = given.get_secret_value()
    try:
        return SigningKey.read(text)
    except ProofError as fault:
        where = "REFERRAL_PROMISE_KEY" if given is not None else str(file)
        raise MissingError(f"{where}: {fault}") from fault


def _opened(settings: Settings, keys: tuple[RootKey, ...]) -> Mapping[int, bytes]:
    keeper = keeper_of(settings)
    with _said("REFERRAL_ROOT_KEY"):
        return root_keys.opened(keys, {keeper.name: keeper} if keeper else {})


@contextmanager
def _said(where: str) -> Iterator[None]:
    """What is wrong, with the place an operator has to look at."""
    try:
        yield
    except ValueError as fault:
        raise MissingError(f"{where}: {fault}") from fault


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise MissingError(
            f"{file} cannot be read ({type(fault).__name__}): it holds keys. Give the "
            "service read access, or bring back the copy that is kept elsewhere."
        ) from fault
