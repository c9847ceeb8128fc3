"""Fields of a form: what was typed, what was wrong with it, and how it is shown again.

A field keeps what was typed; what was wrong stands beside it and in the summary on top. What this
file must never know: who sent it, and what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from referral.errors import Refusal

Params = dict[str, Any]  # what a macro of GOV.UK Frontend takes


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came in: every value is text, trimmed; nothing is missing, only empty."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The value of a field, or nothing."""
        return next(iter(self.values.get(name, ())), "")

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field (boxes)."""
        return tuple(value for value in self.values.get(name, ()) if value)

    def has(self, name: str) -> bool:
        """Whether the field (or the button) was sent at all."""
        return name in self.values


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a form: field -> sentence, and sentences that belong to no field."""

    of: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.of or self.others)

    @property
    def summary(self) -> Params:
        """For the error summary on top of the page: each sentence leads to its field."""
        found: list[Params] = [{"text": told, "href": f"#{name}"} for name, told in self.of.items()]
        found += [{"text": told} for told in self.others]
        return {"titleText": "There is a problem", "errorList": found, "disableAutoFocus": True}


NONE: Final = Faults()


def faults_in(
    refusal: Refusal,
    fields: Mapping[str, str],
    prefix: str = "",
    words: Mapping[str, str] | None = None,
) -> Faults:
    """A refusal's pointers as fields; the rest is told on top.

    ``fields``: pointer -> field. ``words``: pointer -> what to say instead.
    """
    of: dict[str, str] = {}
    others = []
    for fault in refusal.extra.get("errors", ()):
        name = fields.get(fault["pointer"])
        if name is None:
            others.append(fault["message"])
        else:
            of[prefix + name] = (words or {}).get(fault["pointer"], fault["message"])
    return Faults(of, tuple(others))


@dataclass(frozen=True, slots=True)
class Fields:
    """Makes fields: each shows again what was typed and what was wrong with it."""

    sent: Sent
    faults: Faults = NONE
    prefix: str = ""

    def text(self, name: str, label: str, *, hint: str = "", **more: Any) -> Params:
        """One line."""
        return {**self._of(name, label, hint), "value": self._value(name), **more}

    def area(self, name: str, label: str, *, hint: str = "", rows: int = 4) -> Params:
        """Several lines."""
        return {**self._of(name, label, hint), "value": self._value(name), "rows": rows}

    def day(self, name: str, label: str, *, hint: str = "") -> Params:
        """A day; what the browser offers for picking one, or typed."""
        attributes = {"classes": "govuk-input--width-10", "type": "date"}
        return self.text(name, label, hint=hint, **attributes)

    def time(self, name: str, label: str) -> Params:
        """A time of day."""
        return self.text(f"{name}-time", label, classes="govuk-input--width-5", type="time")

    def choice(
        self,
        name: str,
        label: str,
        options: Sequence[tuple[str, str]],
        *,
        hint: str = "",
        empty: str = "",
    ) -> Params:
        """One of many, in a list; ``empty`` is what choosing nothing says."""
        items = [{"value": value, "text": words} for value, words in options]
        first = [{"value": "", "text": empty}] if empty else []
        return {**self._of(name, label, hint), "items": first + items, "value": self._value(name)}

    def radios(
        self,
        name: str,
        label: str,
        options: Sequence[tuple[str, str]],
        *,
        hint: str = "",
        chosen: str = "",
        inline: bool = False,
    ) -> Params:
        """One of a few, side by side or below each other."""
        return {
            **self._group(name, label, hint),
            "classes": "govuk-radios--small" + (" govuk-radios--inline" if inline else ""),
            "items": [{"value": value, "text": words} for value, words in options],
            "value": self._value(name) or chosen,
        }

    def boxes(
        self, name: str, label: str, options: Iterable[tuple[str, str]], *, hint: str = ""
    ) -> Params:
        """Any of a few."""
        return {
            **self._group(name, label, hint),
            "classes": "govuk-checkboxes--small",
            "items": [{"value": value, "text": words} for value, words in options],
            "values": list(self.sent.many(self.prefix + name)),
        }

    def _value(self, name: str) -> str:
        return self.sent.one(self.prefix + name)

    def _of(self, name: str, label: str, hint: str) -> Params:
        found: Params = {
            "id": self.prefix + name,
            "name": self.prefix + name,
            "label": {"text": label, "classes": "govuk-label--s"},
        }
        if hint:
            found["hint"] = {"text": hint}
        if told := self.faults.of.get(self.prefix + name):
            found["errorMessage"] = {"text": told}
        return found

    def _group(self, name: str, label: str, hint: str) -> Params:
        found = self._of(name, label, hint)
        found["idPrefix"] = found.pop("id")
        words = found.pop("label")["text"]
        found["fieldset"] = {"legend": {"text": words, "classes": "govuk-fieldset__legend--s"}}
        return found
