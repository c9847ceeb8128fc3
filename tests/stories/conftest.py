"""A log that is grown and signed, for the stories that end in a proof."""

from tests.referral.log.running import log

__all__ = ["log"]
