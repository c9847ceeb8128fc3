"""SVG as text: elements and their attributes, nothing else.

Colours are attributes and classes, never ``style``: a page may show the drawing under a policy that
forbids styles, and a country may give the classes another look.
"""

from __future__ import annotations

from html import escape

FONT = "Noto Sans, Noto Sans Thai, Helvetica, Arial, sans-serif"
INK, QUIET, PAPER = "#1b1f24", "#57606a", "#ffffff"


def element(name: str, *inside: str, **attributes: object) -> str:
    """One element; ``stroke_width`` is written ``stroke-width``, ``class_`` ``class``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def words(text: str, x: float, y: float, size: float, **attributes: object) -> str:
    """One line of text."""
    look = {"fill": INK, **attributes}
    return element("text", escape(text, quote=False), x=x, y=y, font_size=size, **look)


def said(name: str, text: str, **attributes: object) -> str:
    """A ``title`` or ``desc``: what a screen reader says."""
    return element(name, escape(text, quote=False), **attributes)


def drawing(width: float, height: float, title: str, description: str, *inside: str) -> str:
    """The whole picture. It scales to the width it is given."""
    return element(
        "svg",
        said("title", title, id="title"),
        said("desc", description, id="desc"),
        element("rect", width=width, height=height, fill=PAPER),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby="title desc",
        font_family=FONT,
    )


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
