"""Signatures of Standard Webhooks 1.0, as the published library checks them."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from referral.notices.signatures import Key, Scheme, headers

# standardwebhooks.com, "Verifying signatures": the example all libraries are tested with.
VECTOR = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "at": datetime.fromtimestamp(1614265330, UTC),
    "body": '{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def now_there() -> datetime:
    """The library has a clock of its own, which no hand sets."""
    return datetime.fromtimestamp(time.time(), UTC)


def verified(public: str, sent: dict[str, str], body: str) -> bool:
    """As a receiver checks ``v1a``, written from the specification alone."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.{body}".encode()
    for one in sent["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        if version != "v1a":
            continue
        try:
            key.verify(base64.b64decode(signature), signed)
        except InvalidSignature:
            continue
        return True
    return False


def test_the_published_example_comes_out_as_published() -> None:
    key = Key.read(str(VECTOR["secret"]))
    assert isinstance(VECTOR["at"], datetime)
    made = key.sign(str(VECTOR["id"]), VECTOR["at"], str(VECTOR["body"]))
    assert made == VECTOR["signature"]


@given(st.text(min_size=1, max_size=300))
def test_the_published_library_verifies_what_is_signed_with_a_secret(body: str) -> None:
    key, now = Key.new(Scheme.HMAC), now_there()
    sent = headers([key], "letter-1", now, body)
    library = Webhook(key.text)
    library.verify(body, sent, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        library.verify(body + " ", sent, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(Key.new(Scheme.HMAC).text).verify(body, sent, json_parse=False)


def test_the_library_refuses_what_is_older_than_five_minutes() -> None:
    key, old = Key.new(Scheme.HMAC), now_there() - timedelta(minutes=6)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(key.text).verify("{}", headers([key], "letter-1", old, "{}"))


@given(st.text(min_size=1, max_size=300))
def test_by_the_public_key_anybody_can_check_and_nobody_can_sign(body: str) -> None:
    key = Key.new(Scheme.ED25519)
    assert key.public is not None
    assert key.public.startswith("whpk_")
    sent = headers([key], "letter-1", now_there(), body)
    assert verified(key.public, sent, body)
    assert not verified(key.public, sent, body + " ")
    other = Key.new(Scheme.ED25519).public
    assert other is not None
    assert not verified(other, sent, body)


def test_while_keys_change_either_is_good() -> None:
    new, old = Key.new(Scheme.HMAC), Key.new(Scheme.HMAC)
    sent = headers([new, old], "letter-1", now_there(), "{}")
    for key in (new, old):
        Webhook(key.text).verify("{}", sent)
    assert sent["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_key_is_read_as_it_was_written_and_never_shown_by_chance(scheme: Scheme) -> None:
    key = Key.new(scheme)
    assert Key.read(key.text) == key
    assert 24 <= len(key.secret) <= 64
    assert key.text.removeprefix("whsec_").removeprefix("whsk_") not in repr(key)
    assert str(key.secret) not in repr(key)


@pytest.mark.parametrize("text", ["", "whsec_!", "whpk_AAAA", "AAAA"])
def test_what_is_no_key_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Key.read(text)


def test_the_id_stays_and_the_moment_does_not() -> None:
    key, now = Key.new(Scheme.ED25519), datetime(2026, 3, 2, 12, tzinfo=UTC)
    first, again = (headers([key], "letter-1", at, "{}") for at in (now, now + timedelta(hours=5)))
    assert first["webhook-id"] == again["webhook-id"] == "letter-1"
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5 * 3600
    assert first["webhook-signature"] != again["webhook-signature"]
