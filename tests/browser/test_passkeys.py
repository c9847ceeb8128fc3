"""Passkeys in a real browser with an authenticator of its own; the browser has no complaint."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Desk
from tests.cast import House

pytestmark = pytest.mark.browser

_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def winnie(house: House, street: str, chromium: Browser) -> tuple[Desk, Any, str]:
    """Winnie's tab, her password typed, and the door to her authenticator."""
    context = await chromium.new_context()
    desk = Desk(await context.new_page(), street.replace("127.0.0.1", "localhost"))
    desk.page.on("console", lambda message: _heard(desk, message.text))
    device = await context.new_cdp_session(desk.page)
    await device.send("WebAuthn.enable")
    made = await device.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    player = house.player("social_worker")
    assert player.password
    await desk.go("/sign-in")
    await desk.page.fill("#user_name", player.part.user_name)
    await desk.page.fill("#password", player.password)
    await desk.press("Sign in")
    return desk, device, made["authenticatorId"]


def _heard(desk: Desk, told: str) -> None:
    """What the browser objects to; that forgetting needs TLS is so on every laptop."""
    if "Clear-Site-Data" not in told:
        desk.complaints.append(told)


async def _enrol(desk: Desk) -> None:
    await desk.go("/account")
    await desk.press("Set up a passkey")
    await desk.page.wait_for_url("**/account?done=passkey")
    await desk.reads("Your passkey is set up.")


async def test_a_passkey_is_made_signs_in_and_steps_up(
    house: House, winnie: tuple[Desk, Any, str]
) -> None:
    desk, _, _ = winnie
    await _enrol(desk)
    await desk.press("Sign out")
    await desk.press("Sign in with a passkey")
    await desk.page.wait_for_url("**/hand-offs")
    await desk.reads("Winnie Sato")
    await desk.go("/step-up?next=/account")
    await desk.press("Use your passkey")
    await desk.page.wait_for_url(f"{desk.street}/account")
    await desk.reads("passkey")
    acts = [r["act"] for r in await house.rows("SELECT act FROM referral.audit_entry ORDER BY at")]
    assert acts == [
        *("member.signed_in", "member.factor_enrolled", "member.signed_out"),
        *("member.signed_in", "member.stepped_up"),
    ]
    assert desk.complaints == []


async def test_after_the_password_the_passkey_is_asked_for(
    house: House, winnie: tuple[Desk, Any, str]
) -> None:
    desk, _, _ = winnie
    await _enrol(desk)
    await desk.press("Sign out")
    player = house.player("social_worker")
    await desk.page.fill("#user_name", player.part.user_name)
    await desk.page.fill("#password", player.password or "")
    await desk.press("Sign in")
    await desk.reads("Second proof")
    await desk.press("Use your passkey")
    await desk.page.wait_for_url("**/hand-offs")
    assert desk.complaints == []


async def test_who_is_not_verified_by_her_device_is_told_and_not_let_in(
    winnie: tuple[Desk, Any, str],
) -> None:
    desk, device, name = winnie
    await _enrol(desk)
    await desk.press("Sign out")
    unverified = {"authenticatorId": name, "isUserVerified": False}
    await device.send("WebAuthn.setUserVerified", unverified)
    await desk.press("Sign in with a passkey")
    await desk.page.get_by_role("alert").filter(has_text="No passkey was shown").wait_for()
    assert desk.address == "/sign-in"


async def test_a_copied_authenticator_is_found_out(
    house: House, winnie: tuple[Desk, Any, str]
) -> None:
    desk, device, name = winnie
    await _enrol(desk)
    held = await device.send("WebAuthn.getCredentials", {"authenticatorId": name})
    copy = held["credentials"][0]
    await desk.press("Sign out")
    await desk.press("Sign in with a passkey")
    await desk.page.wait_for_url("**/hand-offs")
    await desk.press("Sign out")
    await device.send("WebAuthn.clearCredentials", {"authenticatorId": name})
    stale = {**copy, "signCount": 0}
    await device.send("WebAuthn.addCredential", {"authenticatorId": name, "credential": stale})
    await desk.press("Sign in with a passkey")
    await desk.page.get_by_text("There is a second copy of this passkey").first.wait_for()
    rows = await house.rows("SELECT blocked_at FROM agencies.passkey")
    assert rows[0]["blocked_at"] is not None


async def test_without_javascript_passkeys_are_not_shown_and_codes_are(
    house: House, street: str, chromium: Browser
) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    desk = Desk(await context.new_page(), street.replace("127.0.0.1", "localhost"))
    await desk.go("/sign-in")
    assert not await desk.page.get_by_role("button", name="Sign in with a passkey").is_visible()
    await desk.reads("Passkeys need JavaScript")
    player = house.player("social_worker")
    await desk.page.fill("#user_name", player.part.user_name)
    await desk.page.fill("#password", player.password or "")
    await desk.press("Sign in")
    await desk.go("/account")
    await desk.press("Set up an authenticator app")
    assert await desk.page.get_by_role("img").is_visible()
