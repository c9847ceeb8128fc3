"""A real browser before a real server: Chromium from the system, the house on a loopback port."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from referral.app import make_app
from tests.cast import House

_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    "--disable-dev-shm-usage",
]


def _chromium() -> str:
    """Where the browser is. Only outside CI may it be missing, and then the test says so."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine: apt-get install chromium")
    assert found, "CI needs chromium: .ci/run installs it"
    return found


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser of this test's own."""
    path = _chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def street(house: House) -> AsyncIterator[str]:
    """The address at which the house can be visited."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(make_app(house.installation), log_config=None, lifespan="off", ws="none")
        )
        serving = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await serving


@dataclass(slots=True)
class Desk:
    """One person's browser tab, signed in; ``complaints`` is what the browser objected to."""

    page: Page
    street: str
    complaints: list[str] = field(default_factory=list)

    async def go(self, address: str) -> None:
        """Open a page of the house."""
        await self.page.goto(self.street + address)

    async def press(self, button: str) -> None:
        """Press a button by its words."""
        await self.page.get_by_role("button", name=button, exact=True).click()

    @property
    def address(self) -> str:
        """Where she is."""
        return self.page.url.removeprefix(self.street)

    async def reads(self, words: str) -> None:
        """These words stand on the page."""
        assert words in await self.page.locator("body").inner_text()


Sit = Callable[..., Awaitable[Desk]]


@pytest.fixture
def sit(house: House, street: str, chromium: Browser) -> Sit:
    """Somebody sits down, types name and password, and begins her day."""

    async def down(part: str, *, scripts: bool = False, width: int = 1200) -> Desk:
        context = await chromium.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": 800}
        )
        desk = Desk(await context.new_page(), street)
        desk.page.on("console", lambda message: desk.complaints.append(message.text))
        player = house.player(part)
        assert player.password
        await desk.go("/sign-in")
        await desk.page.fill("#user_name", player.part.user_name)
        await desk.page.fill("#password", player.password)
        await desk.press("Sign in")
        return desk

    return down
