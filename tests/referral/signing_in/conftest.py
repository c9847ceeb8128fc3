"""A real identity provider (npm's oidc-provider) on loopback, one per run, and one that lies."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.cast import House
from tests.listening import listening
from tests.referral.signing_in.false_provider import FalseProvider
from tests.referral.web.conftest import Visit
from tests.referral.web.second_factors import SITE
from tests.referral.web.visiting import Visitor

RELEASE = "oidc-provider@9.13.3"
HERE = Path(__file__).parent
SECRET = "a secret of the tests, known to nobody else"
KEY = "labour"
BACK = f"/sign-in/provider/{KEY}/return"
_PATIENCE = 60  # seconds a provider may take to start on a busy machine


def installed() -> Path:
    """The provider's packages, installed once by npm; nobody else needs Node."""
    lacking = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    assert not lacking, (
        f"{' and '.join(lacking)} cannot be found: signing in is tested against a real identity "
        "provider, which needs Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)."
    )
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"referral-tests-{user}-{RELEASE.replace('@', '-')}"
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == user, f"{folder} belongs to somebody else"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", RELEASE]
            told = subprocess.run(
                [*command, "--no-audit", "--no-fund", "--no-save"],
                capture_output=True,
                check=False,
                text=True,
                timeout=300,
            )
            assert told.returncode == 0, f"npm could not install {RELEASE}:\n{told.stderr[-2000:]}"
            (folder / "done").touch()
    return folder


@dataclass(slots=True)
class RealProvider:
    """Where it is, and how it is told who signs in next."""

    issuer: str
    process: subprocess.Popen[str]

    def next(self, sub: str, **said: Any) -> None:
        """Whoever comes next is this one (``acr``, ``amr``, ``ts`` in seconds, ``refuse``)."""
        answer = httpx.post(f"{self.issuer}/next", json={"sub": sub, **said}, timeout=10)
        assert answer.status_code == 200


@pytest.fixture(scope="session")
def real_provider() -> Iterator[RealProvider]:
    """Started once; ended by its own number."""
    places = json.dumps([f"http://127.0.0.1{BACK}", f"{SITE}{BACK}"])
    folder = installed()
    command = ["node", str(HERE / "provider.mjs"), str(folder), places, SECRET]
    with (folder / f"said-{uuid4().hex}").open("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        Path(said.name).unlink()
        try:
            assert process.stdout is not None
            ready, _, _ = select([process.stdout], [], [], _PATIENCE)
            issuer = process.stdout.readline().strip() if ready else ""
            said.seek(0)
            assert issuer.startswith("http://127.0.0.1:"), said.read()[-2000:]
            yield RealProvider(issuer, process)
        finally:
            process.terminate()
            process.wait(timeout=20)
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
async def false_provider() -> AsyncIterator[FalseProvider]:
    """One that says whatever a test wants it to say."""
    provider = FalseProvider()
    async with listening(provider.answer) as here:
        provider.issuer = f"http://127.0.0.1:{here.port}"
        yield provider


async def known(
    house: House,
    issuer: str,
    folder: Path,
    client_id: str = "referral",
    two_factors: tuple[str, ...] = ("acr=two-factors", "amr=mfa"),
    agency: bool = True,
) -> UUID:
    """The provider entered by the operator, for Ines's agency (or the whole country)."""
    from agencies.federation import NewProvider
    from referral import administration

    secret = folder / "client-secret"
    secret.write_text(f"{SECRET}\n")
    [row] = await house.rows(
        "SELECT agency_key FROM agencies.actor WHERE membership_id = $1",
        house.player("inspector").membership_id,
    )
    given = NewProvider(
        *(KEY, "Ministry sign-in", "ZZ", row["agency_key"] if agency else None, issuer),
        *(client_id, str(secret), two_factors),
    )
    kept = await administration.keep_provider(house.database.migrator_url, given)
    assert isinstance(kept, UUID), kept
    return kept


async def bound(house: House, provider: UUID, part: str, subject: str) -> None:
    """This person is that subject, as her administrator would have said."""
    await house.rows(
        "INSERT INTO agencies.subject (provider_id, subject, member_id, bound_by, bound_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        *(provider, subject, house.player(part).member_id),
        *(house.player("agency_admin").membership_id, house.at()),
    )


def subject() -> str:
    """Somebody nobody has heard of."""
    return f"sub-{secrets.token_hex(8)}"


@pytest.fixture
def visit(house: House) -> Visit:
    """A signed-in visitor playing a part."""

    async def made(part: str, country: str = "zz") -> Visitor:
        return Visitor(await house.browser(part, country))

    return made
