"""A printed document as somebody else's program reads it."""

from __future__ import annotations

import ctypes
import re
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

ACCESSIBLE: Final = b"pdfuaid:part"  # what PDF/UA says of itself
_APART, _TOGETHER = "\u0e4d\u0e32", "\u0e33"  # one Thai vowel, as two signs and as one
_THAI: Final = re.compile("[\u0e00-\u0e7f]")


def words_in(content: bytes) -> str:
    """Everything it says, page by page."""
    document = pypdfium2.PdfDocument(content)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def says(content: bytes, words: str) -> bool:
    """Whether it has these words, wherever its lines end.

    Signs that stand above and below Thai letters are read twice by some programs, and by this one:
    between two signs up to four others are passed over.
    """
    read = "".join(words_in(content).replace(_APART, _TOGETHER).split())
    asked = "".join(words.split())
    if _THAI.search(asked) is None:
        return asked in read
    return re.search(".{0,4}?".join(re.escape(one) for one in asked), read) is not None


def fonts_in(content: bytes) -> set[str]:
    """The fonts its letters are drawn with."""
    document = pypdfium2.PdfDocument(content)
    found = set()
    try:
        for page in document:
            for one in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
                font = pdfium.FPDFTextObj_GetFont(one.raw)
                name = ctypes.create_string_buffer(200)
                pdfium.FPDFFont_GetBaseFontName(font, name, 200)
                found.add(name.value.decode())
    finally:
        document.close()
    return found
