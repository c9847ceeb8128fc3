"""Photographs and scans: whole, of a size that can be drawn, one picture, nothing behind its end.

The copy to view is drawn anew from the points alone: no place, no device, no preview of what was
cut away before.
"""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, ImageOps

from referral.attachments.verdicts import TWO_AT_ONCE, Refused, Viewable, appended

LARGEST: Final = 50_000_000  # points: a page scanned at 600 dpi has 35 million
_BROKEN: Final = Refused("broken", "The picture cannot be read to its end. Send it again.")
_HUGE: Final = Refused(
    "too-many-points", f"The picture has more than {LARGEST // 1_000_000} million points."
)


def jpeg(content: bytes) -> Viewable | Refused:
    """A JPEG that ends at its end-of-image marker (ITU T.81, B.1.1.3)."""
    if not content.endswith(b"\xff\xd9"):
        return TWO_AT_ONCE if b"\xff\xd9" in content else _BROKEN
    return _drawn_anew(content, "JPEG")


def png(content: bytes) -> Viewable | Refused:
    """A PNG that ends with its IEND chunk (ISO/IEC 15948, 11.2.5)."""
    end = b"\x00\x00\x00\x00IEND\xaeB`\x82"
    if not content.endswith(end):
        return TWO_AT_ONCE if end in content else _BROKEN
    return _drawn_anew(content, "PNG")


def _drawn_anew(content: bytes, form: str) -> Viewable | Refused:
    if appended(content):
        return TWO_AT_ONCE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a camera wrote wrongly is not kept anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[form]) as picture:
                if picture.width * picture.height > LARGEST:
                    return _HUGE
                if getattr(picture, "n_frames", 1) > 1:
                    return Refused("several-pictures", "It holds several pictures. Send each.")
                return Viewable(_copy(picture, form))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _HUGE
    except (OSError, SyntaxError, ValueError):  # what the decoders raise for what is malformed
        return _BROKEN


def _copy(picture: Image.Image, form: str) -> bytes:
    upright = ImageOps.exif_transpose(picture)
    plain = upright.convert("L" if upright.mode in {"1", "L", "LA"} else "RGB")
    bare = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    out = io.BytesIO()
    bare.save(out, form, **({"quality": 90} if form == "JPEG" else {}))
    return out.getvalue()
