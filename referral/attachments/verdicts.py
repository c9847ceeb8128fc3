"""What is said of a file: that it may be viewed, with the copy for it, or why it is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """``code`` for the log, ``words`` for who sent it."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Viewable:
    """The copy to look at, of the same form."""

    copy: bytes

    def __repr__(self) -> str:
        """Never the content."""
        return f"Viewable({len(self.copy)} bytes)"


def appended(content: bytes) -> bool:
    """Whether a reader of archives would find one in it: the end of a ZIP within its last 64 KiB.

    Such a file is two at once (APPNOTE.TXT 4.3.16: an end record of 22 bytes, a comment of 65,535).
    """
    return b"PK\x05\x06" in content[-65_557:]


TWO_AT_ONCE = Refused(
    "two-files-at-once", "Something else is hidden in it. Save it anew, or print and scan it."
)
