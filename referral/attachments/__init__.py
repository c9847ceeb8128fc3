"""What a file is before anybody may open it: of a known form, whole, plain, nothing beside.

Pure: bytes in, a verdict out. A file is kept as evidence exactly as it came; what is looked at on a
screen is a copy made anew, without what a camera or an editor wrote into it (place, device, name).
This room must never know a case.

Sources: OWASP ASVS 5.0 V5 (file handling), OWASP File Upload cheat sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from referral.attachments.images import jpeg, png
from referral.attachments.pdf import pdf
from referral.attachments.verdicts import Refused, Viewable


@dataclass(frozen=True, slots=True)
class Form:
    """One of the forms a file may have; ``seen`` looks through it and makes the copy to view."""

    media_type: str
    extensions: tuple[str, ...]
    begins: bytes
    seen: Callable[[bytes], Viewable | Refused]


FORMS: Final = (
    Form("image/jpeg", ("jpg", "jpeg"), b"\xff\xd8\xff", jpeg),
    Form("image/png", ("png",), b"\x89PNG\r\n\x1a\n", png),
    Form("application/pdf", ("pdf",), b"%PDF-", pdf),
)
BY_TYPE: Final[Mapping[str, Form]] = {form.media_type: form for form in FORMS}
ALLOWED: Final = ", ".join(sorted(end for form in FORMS for end in form.extensions))


def form_of(name: str, content: bytes, largest: int) -> Form | Refused:
    """The form both the name and the content say it has; ``largest``: bytes.

    Cheap enough to answer at once: the file is looked through later, in quarantine.
    """
    if not content:
        return Refused("empty", "The file is empty. Choose it again.")
    if len(content) > largest:
        words = f"The file has more than {largest // 1_000_000} MB. Send it in parts."
        return Refused("too-large", words)
    end = PurePath(name).suffix.lower().removeprefix(".")
    named = next((form for form in FORMS if end in form.extensions), None)
    if named is None:
        return Refused("kind-not-allowed", f"Only these can be attached: {ALLOWED}.")
    if not content.startswith(named.begins):
        words = f"It is called .{end} and is something else inside. Save it anew as what it is."
        return Refused("not-what-it-says", words)
    return named
