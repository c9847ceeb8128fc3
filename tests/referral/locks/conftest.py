"""The desk of every test here."""

from tests.referral.api.conftest import desk

__all__ = ["desk"]
