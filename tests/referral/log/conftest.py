"""The log's own fixtures."""

from tests.referral.log.running import log

__all__ = ["log"]
