"""The root of a tree straight from its definition (RFC 9162 2.1.1): slow, and plainly right."""

from __future__ import annotations

from collections.abc import Sequence

from referral.audit.proof import EMPTY, node_hash


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))
