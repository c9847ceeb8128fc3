"""How much of the log's proofs the tests really hold: each is broken once, and must be missed."""

from __future__ import annotations

from typing import Any

from tests.bench.breaking import ROOM, all_tried, figures, of_code

# What each file is held by; the slow sweeps of every size up to 256 say nothing more than these.
_PURE = ("-k", "not up_to_256", "tests/referral/log/test_proof.py")
_STORED = ("tests/referral/log/test_tampering.py", "tests/referral/test_audit.py")
_HELD_BY: dict[str, tuple[str, ...]] = {
    "proof.py": _PURE,
    "merkle.py": _PURE,
    "chains.py": _STORED,
    "forgotten.py": ("tests/referral/test_erase.py",),
    "roots.py": _STORED,
    "findings.py": _STORED,
    "verify.py": _STORED,
}
# Survivors that change nothing anybody could see.
_SAME: dict[str, str] = {}


def run(*, files: list[str]) -> dict[str, Any]:
    """Break each of ``files`` (all that are held, if none is named)."""
    mutants, killed = [], []
    for name in files or _HELD_BY:
        tests = _HELD_BY[name]
        whole = (ROOM / "audit" / name).read_text("utf-8")
        assert all_tried("audit", [("nothing changed", name, whole)], tests) == [False]
        broken = list(of_code("audit", name))
        mutants += broken
        killed += all_tried("audit", broken, tests)
    return figures(mutants, killed, _SAME)
