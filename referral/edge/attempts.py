"""How often somebody has tried in vain: a sliding window per account and per address, in memory.

Kept by one process and forgotten with it: a restart gives a guesser eight more tries, and a second
process as many again. What this file must never know: passwords, and whether an account exists.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

WINDOW: Final = timedelta(minutes=15)
PER_ACCOUNT: Final = 8
PER_ADDRESS: Final = 40  # an office behind one address
_KEYS: Final = 20_000  # remembered at most, the oldest forgotten first


def attempts_of(request: Request) -> Attempts:
    """How often somebody has tried at this installation."""
    state = request.app.state
    if not hasattr(state, "attempts"):
        state.attempts = Attempts()
    found: Attempts = state.attempts
    return found


@dataclass(slots=True)
class Attempts:
    """Failures by key. An attempt counts when it begins, so that many at once cannot pass.

    ``turns``: two passwords are verified at a time, each takes 64 MiB.
    """

    seen: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def begin(self, account: str | None, address: str, now: datetime) -> timedelta | None:
        """Count one attempt; how long to wait when there were too many (it is then not counted).

        ``account`` None: it names nobody (a passkey says whose it is only in its answer).
        """
        limits = [(f"address {address}", PER_ADDRESS)]
        if account is not None:
            limits.append((f"account {account}", PER_ACCOUNT))
        waits = [self._wait(key, most, now) for key, most in limits]
        longest = max(waits)
        if longest > timedelta():
            return longest
        for key, _ in limits:
            self._of(key, now).append(now)
        return None

    def succeed(self, account: str | None, address: str) -> None:
        """The right proof: the account's failures are forgotten, the address's others are not.

        An office of two hundred signs in at eight from one address: only what failed counts there.
        """
        if account is not None:
            self.seen.pop(f"account {account}", None)
        if found := self.seen.get(f"address {address}"):
            found.pop()

    def _wait(self, key: str, most: int, now: datetime) -> timedelta:
        found = self._of(key, now)
        return found[0] + WINDOW - now if len(found) >= most else timedelta()

    def _of(self, key: str, now: datetime) -> deque[datetime]:
        found = self.seen.setdefault(key, deque())
        while found and found[0] <= now - WINDOW:
            found.popleft()
        while len(self.seen) > _KEYS:
            self.seen.popitem(last=False)
        return found
