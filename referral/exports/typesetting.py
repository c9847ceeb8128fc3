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
_ACCESSIBLE: Final = ["ua-1"]


def typeset(template: str, values: Mapping[str, Any], *, at: datetime) -> bytes:
    """A PDF of these values; ``at`` stands in it as the moment it was made.

    A letter that none of the fonts has (in a name, say) is printed as a box: PDF/UA allows none,
    so that such a document is made without its mark rather than not at all.
    """
    try:
        return _made(template, values, at, _ACCESSIBLE)
    except typst.TypstError:
        return _made(template, values, at, [])


def _made(template: str, values: Mapping[str, Any], at: datetime, standards: list[str]) -> bytes:
    found = typst.compile(
        TEMPLATES / template,
        root=TEMPLATES,
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"values": orjson.dumps(values).decode()},
        pdf_standards=standards,
        timestamp=int(at.timestamp()),
    )
    return bytes(found)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
