"""The forms of a page with every control they offer, and what somebody might type into each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_AHEAD = ("planned", "review", "last", "until")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


@dataclass(slots=True)
class Offered:
    """One form: where its buttons lead, what it offers by name, and all it is filled in with."""

    action: str
    method: str
    buttons: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    typed: dict[str, list[str]] = field(default_factory=dict)
    file: str = ""

    def leads(self) -> list[str]:
        """Every address one of its buttons sends it to."""
        return sorted({*self.buttons} or {self.action})


def kind_of(address: str) -> str:
    """An address without its ids."""
    return _ID.sub("*", address).partition("?")[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Offered] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Offered(found.get("action", ""), found.get("method", "get").lower()))
        if not self.forms:
            return
        form, name = self.forms[-1], found.get("name", "")
        if tag == "button":
            form.buttons.append(found.get("formaction") or form.action)
        elif tag == "select":
            self._select = name
            form.names.add(name)
        elif tag == "option" and self._select and found.get("value"):
            if self._select not in form.typed or "selected" in found:
                form.typed[self._select] = [found["value"]]
        elif tag in {"input", "textarea"} and name:
            form.names.add(name)
            self._fill(form, name, found)

    def _fill(self, form: Offered, name: str, found: dict[str, str]) -> None:
        kind, value = found.get("type", "text"), found.get("value", "")
        if kind == "file":
            form.file = name
        elif kind in {"radio", "checkbox"}:
            form.typed.setdefault(name, [value])
        else:
            number = found.get("inputmode") == "numeric"
            form.typed[name] = [value or typed_in(name, "number" if number else kind)]


def typed_in(name: str, kind: str) -> str:
    """What somebody would type there."""
    if kind == "date":
        return "2026-03-05" if any(part in name for part in _AHEAD) else "2026-03-01"
    if kind == "time":
        return "07:30"
    if "user_name" in name or name in {"named", "participants"}:
        return "colleague.zz"
    return {"number": "10", "password": "a sentence of her own"}.get(kind, "Words of hers")


def offered_on(text: str) -> list[Offered]:
    """The forms of a page that are posted."""
    reader = _Reader()
    reader.feed(text)
    return [form for form in reader.forms if form.method == "post"]
