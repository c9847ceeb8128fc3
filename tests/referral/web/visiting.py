"""A visitor without JavaScript: sees pages, fills in their forms, follows redirects."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx


@dataclass(slots=True)
class Form:
    """One form of a page with what its fields hold."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Forms as a browser reads them: hidden, typed, chosen and ticked values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name")
        if tag == "form":
            self.forms.append(Form(found.get("action") or "", found.get("method") or "get"))
        elif not self.forms:
            return
        elif tag == "input" and name:
            chosen = found.get("type") not in {"radio", "checkbox"} or "checked" in found
            if chosen:
                self._add(name, found.get("value") or "")
        elif tag == "button":
            self.forms[-1].buttons.append(found.get("formaction") or self.forms[-1].action)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in found:
            self._add(self._select, found.get("value") or "")
        elif tag == "textarea" and name:
            self._area = name
            self._add(name, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def _read(self, data: str) -> None:
        self.words.append(data)
        if self._area:
            self.forms[-1].values[self._area][-1] += data

    handle_data = _read  # the library's word for it

    def _add(self, name: str, value: str) -> None:
        self.forms[-1].values.setdefault(name, []).append(value)


@dataclass(frozen=True, slots=True)
class Seen:
    """A page somebody looks at."""

    answer: httpx.Response
    forms: list[Form]
    words: str

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def place(self) -> str:
        """Where it led."""
        return str(self.answer.headers.get("location", ""))

    def form(self, action: str) -> Form:
        """The form that goes to this address (its end is enough)."""
        found = [form for form in self.forms if form.action.endswith(action)]
        assert found, f"no form to …{action}; there are: {[form.action for form in self.forms]}"
        return found[0]

    def offers(self, action: str) -> bool:
        """Whether a form goes there."""
        return any(form.action.endswith(action) for form in self.forms)


def read(answer: httpx.Response) -> Seen:
    """What an answer shows."""
    reader = _Reader()
    reader.feed(answer.text)
    return Seen(answer, reader.forms, " ".join(" ".join(reader.words).split()))


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser; nothing is followed unless asked for."""

    client: httpx.AsyncClient

    async def see(self, address: str) -> Seen:
        return read(await self.client.get(address))

    async def send(self, page: Seen, action: str, **typed: Any) -> Seen:
        """Fill in a form of the page and press its button."""
        return await self.press(page, action, page.form(action).action, **typed)

    async def press(self, page: Seen, action: str, to: str, **typed: Any) -> Seen:
        """Fill in a form and press a button that has an address of its own."""
        form = page.form(action)
        values = {**form.values, **{name.replace("__", "-"): told for name, told in typed.items()}}
        return read(await self.client.post(to, data=values))

    async def follow(self, page: Seen) -> Seen:
        """Where a form led."""
        assert page.status == 303, (page.status, page.words[:600])
        return await self.see(page.place)
