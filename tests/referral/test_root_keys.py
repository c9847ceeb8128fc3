"""Root keys: kept in clear or sealed, followed by the next one, and data keys wrapped anew."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from referral import casework, keeping
from referral.addresses import MissingError
from referral.audit import Done
from referral.rewrapping import rewrap, told, under
from referral.settings import Environment, Settings
from referral.vault import SealBrokenError, Vault, Wrapped, root_keys
from referral.vault.root_keys import KeeperDownError, RootKey
from referral.vault.transit import Transit
from tests.cast import ROOT_KEY, House, child_at_work

TOKEN: Final = "a token of nobody"
CLEAR: Final = base64.b64encode(bytes(range(32))).decode()


class Keeper(BaseHTTPRequestHandler):
    """A transit engine as its manual describes it: one key, one token, encrypt and decrypt."""

    key = AESGCM(bytes(32))
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = self.answered(self.path.split("/")[-2], body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def answered(self, act: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.headers["X-Vault-Token"] != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if self.status != 200:
            return self.status, {}
        if act == "encrypt":
            sealed = self.key.encrypt(bytes(12), body["plaintext"].encode(), None)
            return 200, {"data": {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}"}}
        try:
            sealed = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
            return 200, {"data": {"plaintext": self.key.decrypt(bytes(12), sealed, None).decode()}}
        except (InvalidTag, ValueError):
            return 400, {"errors": ["cipher: message authentication failed"]}

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def keeper() -> Iterator[str]:
    """The address of a key keeper, with its mount."""
    server = HTTPServer(("127.0.0.1", 0), Keeper)
    Keeper.status = 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/transit"
    server.shutdown()
    server.server_close()


def with_keeper(address: str, folder: Path, **other: Any) -> Settings:
    """An installation whose root keys a keeper opens."""
    return Settings(
        data_dir=folder,
        key_keeper="transit",
        key_keeper_url=address,
        key_keeper_token=SecretStr(TOKEN),
        **other,
    )


def test_one_key_alone_is_the_first_and_a_file_reads_as_it_was_written() -> None:
    assert root_keys.read(CLEAR) == (RootKey(1, None, CLEAR),)
    first = root_keys.read(CLEAR)
    second = root_keys.following(first, None)
    assert second.number == 2
    assert root_keys.read(root_keys.written((second, *first))) == (*first, second)
    assert set(root_keys.opened((*first, second), {})) == {1, 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no root key"),
        ("\n \n", "there is no root key"),
        (f"1 {CLEAR}\n1 {CLEAR}", "root key 1 stands there twice"),
        (f"one {CLEAR}", "line 1 is not `NUMBER KEY`"),
        (f"1 {CLEAR}\n2 {CLEAR} x", "line 2 is not `NUMBER KEY`"),
        (f"0 {CLEAR}", "line 1 is not `NUMBER KEY`"),
        (f"{2**32} {CLEAR}", "line 1 is not `NUMBER KEY`"),
        ("3 c2hvcnQ=", "root key 3 has 5 bytes instead of 32"),
        ("3 c2hvcnQ", "root key 3 cannot be read"),
        ("2 elsewhere:c2VhbGVk", "sealed by the key keeper “elsewhere”"),
    ],
)
def test_a_broken_file_is_said_by_its_place_and_never_shown(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as fault:
        root_keys.opened(root_keys.read(text), {})
    assert CLEAR not in str(fault.value)
    assert "c2hvcnQ" not in str(fault.value)


def test_no_key_shows_where_values_are_printed() -> None:
    assert CLEAR not in repr(root_keys.read(f"7 {CLEAR}"))


def test_a_sealed_root_key_opens_through_its_keeper_only(keeper: str, tmp_path: Path) -> None:
    settings = with_keeper(keeper, tmp_path)
    added = keeping.rotated(settings, embedded=True)  # the first was made in clear
    assert (added.number, added.keeper) == (2, "transit")
    assert added.text.startswith("vault:v1:")
    vault = keeping.vault_of(settings, embedded=True)
    key, wrapped = vault.new_key(uuid4(), "case")
    assert wrapped.root == 2
    assert keeping.vault_of(settings, embedded=True).unwrap(wrapped) == key
    with pytest.raises(MissingError, match="which is not set up here"):
        keeping.vault_of(Settings(data_dir=tmp_path), embedded=True)


def test_a_keeper_that_refuses_or_is_down_is_said_apart(keeper: str, tmp_path: Path) -> None:
    settings = with_keeper(keeper, tmp_path)
    keeping.rotated(settings, embedded=True)
    stranger = settings.model_copy(update={"key_keeper_token": SecretStr("guessed")})
    with pytest.raises(MissingError, match=r"refuses to decrypt \(403\)"):
        keeping.vault_of(stranger, embedded=True)
    Keeper.status = 503
    with pytest.raises(KeeperDownError, match="answers 503"):
        keeping.vault_of(settings, embedded=True)
    nowhere = settings.model_copy(update={"key_keeper_url": "http://127.0.0.1:1/v1/transit"})
    with pytest.raises(KeeperDownError, match="cannot be reached"):
        keeping.vault_of(nowhere, embedded=True)


def test_nothing_is_added_to_keys_that_cannot_be_read(keeper: str, tmp_path: Path) -> None:
    (tmp_path / keeping.FILE).write_text("2 transit:vault:v1:AAAA\n", "utf-8")
    with pytest.raises(MissingError, match="refuses to decrypt"):
        keeping.rotated(with_keeper(keeper, tmp_path), embedded=True)
    assert (tmp_path / keeping.FILE).read_text("utf-8") == "2 transit:vault:v1:AAAA\n"


def test_a_root_key_never_passes_a_network_in_clear() -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        Transit("http://keys.example/v1/transit", "referral", TOKEN)
    Transit("https://keys.example/v1/transit", "referral", TOKEN)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"key_keeper": "unheard"}, "unheard, which is not installed"),
        ({"key_keeper": "transit"}, "needs REFERRAL_KEY_KEEPER_URL"),
        ({"environment": Environment.PRODUCTION}, "REFERRAL_KEY_KEEPER is not set"),
        ({"root_key": SecretStr("AAAA")}, "has 3 bytes instead of 32"),
    ],
)
def test_what_is_not_set_is_asked_for(given: dict[str, Any], told: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path).model_copy(update=given)
    with pytest.raises(MissingError, match=told):
        keeping.vault_of(settings, embedded=True)


def test_where_the_keys_are_a_setting_none_can_be_added() -> None:
    settings = Settings(root_key=SecretStr(CLEAR))
    with pytest.raises(MissingError, match="nothing can be added"):
        keeping.rotated(settings, embedded=False)
    with pytest.raises(MissingError, match="REFERRAL_ROOT_KEY is not set"):
        keeping.vault_of(Settings(), embedded=False)


def test_an_unreadable_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / keeping.FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(MissingError, match="cannot be read"):
        keeping.vault_of(Settings(data_dir=tmp_path), embedded=True)


async def test_after_wrapping_anew_the_old_root_key_opens_nothing_and_nothing_is_lost(
    house: House,
) -> None:
    await house.manages("inspector", casework.file, child_at_work())
    before = base64.b64decode(ROOT_KEY)
    both = Vault({1: before, 2: bytes(32)})
    counts = (await under(house.database.migrator_url)).counts
    assert set(counts) == {1}
    said: list[int] = []
    done = await rewrap(house.database.migrator_url, both, said.append)
    assert done.counts == counts
    assert said[-1] == counts[1]
    assert (await under(house.database.migrator_url)).counts == {2: counts[1]}
    assert (await rewrap(house.database.migrator_url, both, said.append)).counts == {}
    rows = await house.rows("SELECT subject, kind, version, wrapped FROM vault.data_key")
    new = Vault({2: bytes(32)})
    assert {row["kind"] for row in rows} >= {"case", "person"}
    for row in rows:
        wrapped = Wrapped(row["subject"], row["kind"], row["version"], row["wrapped"])
        new.unwrap(wrapped)
        with pytest.raises(SealBrokenError):
            Vault({1: before}).unwrap(wrapped)


async def test_what_is_done_to_root_keys_stands_in_the_log_of_every_country(house: House) -> None:
    both = Vault({1: base64.b64decode(ROOT_KEY), 2: bytes(32)})
    address = house.database.migrator_url
    await told(address, both, Done.KEY_ROTATED, now=house.at.forward(minutes=1))
    done = await rewrap(address, both, lambda _: None)
    total = done.counts.get(1, 0)
    at = house.at.forward(minutes=1)
    await told(address, both, Done.KEYS_REWRAPPED, now=at, wrapped_anew=total)
    rows = await house.rows(
        "SELECT s.country, e.act, e.actor, e.header::jsonb ->> 'to' AS number "
        "FROM referral.audit_entry e JOIN referral.stream_head s USING (stream_id) "
        "WHERE e.object_type = 'root_key' ORDER BY s.country, e.seq"
    )
    countries = await house.rows("SELECT DISTINCT country FROM agencies.unit ORDER BY 1")
    assert len(countries) > 3
    assert [tuple(row) for row in rows] == [
        (country, act, "operator", "2")
        for (country,) in countries
        for act in ("key.rotated", "key.rewrapped")
    ]
