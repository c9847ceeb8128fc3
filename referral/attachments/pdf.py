"""PDF documents: whole, open, and without anything that acts, calls or carries other files.

The copy to view is written anew without the document's own record of who made it, where and with
what (ISO 32000-2, 14.3).
"""

from __future__ import annotations

import io
from typing import Any, Final

import pikepdf

from referral.attachments.verdicts import TWO_AT_ONCE, Refused, Viewable, appended

_BROKEN: Final = Refused("broken", "The document cannot be read to its end. Send it again.")
MOST_PAGES: Final = 500
_MOST_OBJECTS: Final = 100_000
# ISO 32000-2: 12.6.4 actions that run, send or start something; 7.11.4 files within; 13 media;
# 12.7.8 forms that are programs.
_ACTING: Final = frozenset(
    {
        *("/JS", "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE"),
        *("/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/Rendition", "/Movie", "/Sound", "/3D"),
        *("/XFA",),
    }
)


def pdf(content: bytes) -> Viewable | Refused:
    """Looked through object by object, also those packed into streams."""
    _, end, behind = content.rpartition(b"%%EOF")
    if appended(content) or behind.strip(b"\r\n\t \x00"):
        return TWO_AT_ONCE if end else _BROKEN
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return _refused(document) or Viewable(_copy(document))
    except pikepdf.PasswordError:
        words = "It is locked with a password, so nobody can look through it. Send it open."
        return Refused("locked", words)
    except (pikepdf.PdfError, ValueError, RuntimeError, RecursionError):  # of malformed documents
        return _BROKEN


def _refused(document: pikepdf.Pdf) -> Refused | None:
    if document.is_encrypted:
        words = "It is protected against being copied. Print it to a new PDF and send that."
        return Refused("locked", words)
    if len(document.pages) > MOST_PAGES or len(document.objects) > _MOST_OBJECTS:
        return Refused("too-many-pages", f"It has more than {MOST_PAGES} pages. Send it in parts.")
    if any(_acts(found) for found in document.objects):
        words = "It holds a program, a form that sends, or other files. Print it to a new PDF."
        return Refused("acts", words)
    return None


def _acts(found: Any) -> bool:
    """Whether an object, or one within it, is or names something of the list."""
    waiting = [found]
    while waiting:
        here = waiting.pop()
        if isinstance(here, pikepdf.Array):
            waiting.extend(inner for inner in here if not _has_own_turn(inner))
        elif isinstance(here, pikepdf.Dictionary | pikepdf.Stream):
            for name, inner in here.items():
                if name in _ACTING or (isinstance(inner, pikepdf.Name) and str(inner) in _ACTING):
                    return True
                if not _has_own_turn(inner):
                    waiting.append(inner)
    return False


def _has_own_turn(inner: Any) -> bool:
    """Numbered objects are looked at in their own turn."""
    return bool(getattr(inner, "is_indirect", False))


def _copy(document: pikepdf.Pdf) -> bytes:
    for place in (document.trailer, document.Root):
        for name in ("/Info", "/Metadata", "/PieceInfo"):
            if name in place:
                del place[name]
    out = io.BytesIO()
    document.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()
