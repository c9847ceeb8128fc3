"""Documents to be printed: a template of ours, plain values, one PDF; the same on every machine.

Values are handed to the template as data and are never read as markup. Fonts are those vendored
here; the machine's are not used, and nothing is fetched. Made to be read aloud as well (PDF/UA-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import typst

_HERE: Final = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"
FONTS: Final = _HERE / "fonts"
_NO_LETTER: Final = "could not be displayed with font"


def typeset(template: str, values: Mapping[str, Any], *, at: datetime) -> bytes:
    """A PDF of these values; ``at`` stands in it as the moment it was made.

    A letter that none of the fonts has (in a name, say) is printed as a box: PDF/UA allows none,
    so that such a document is made without its mark rather than not at all.
    """
    try:
        return _made(template, values, at, accessible=True)
    except typst.TypstError as fault:
        if _NO_LETTER not in str(fault):
            raise
        return _made(template, values, at, accessible=False)


def _made(template: str, values: Mapping[str, Any], at: datetime, *, accessible: bool) -> bytes:
    return typst.compile(
        TEMPLATES / template,
        root=TEMPLATES,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"values": orjson.dumps(values).decode()},
        pdf_standards="ua-1" if accessible else None,
        timestamp=int(at.timestamp()),
    )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
