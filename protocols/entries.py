"""One entry of the closed list of facts: what it is called, what it may hold, who may read it.

1. An entry is data; this file reads it and refuses what is incomplete, with all faults at once.
2. What this file must not know: which facts there are, and what follows from any of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from protocols.facts import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2}")  # ISO 639-1, so that a misspelt key is not a language


class FactType(StrEnum):
    """What a fact may hold, in JSON and as a value of ``Facts``."""

    FLAG = "flag"  # true or false
    WHOLE = "whole"  # a whole number
    CODE = "code"  # one code of the list
    CODES = "codes"  # any codes of the list; none means "asked, none found"
    INDICATORS = "indicators"  # code -> {status, basis}
    AGENCIES = "agencies"  # keys of the directory


class Scope(StrEnum):
    """Whether a fact is of one person or of the whole case."""

    PERSON = "person"
    CASE = "case"


WITH_CODES = frozenset({FactType.CODE, FactType.CODES, FactType.INDICATORS})
_KEYS = frozenset({"type", "group", "scope", "codes", "from", "to", "hint"})


class VocabularyFault(Exception):
    """The list of facts itself is wrong; nothing was loaded, every fault is named."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep all faults, one sentence each."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list, with its label (and the definition it is recorded by) per language."""

    code: str
    labels: Mapping[str, str]
    hints: Mapping[str, str]

    def label(self, language: str) -> str:
        """The label in this language, else in English."""
        return self.labels.get(language, self.labels["en"])


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of the closed list. ``lowest`` and ``highest`` bound a whole number, inclusive."""

    name: str
    type: FactType
    group: Group
    scope: Scope
    labels: Mapping[str, str]
    hints: Mapping[str, str]
    codes: tuple[Code, ...] = ()
    lowest: int = 0
    highest: int = 0
    country: str = ""  # whose own fact it is; empty: of the common list

    @property
    def allowed(self) -> tuple[str, ...]:
        """The codes it may hold, in the order of the list."""
        return tuple(code.code for code in self.codes)

    def label(self, language: str) -> str:
        """The label in this language, else in English."""
        return self.labels.get(language, self.labels["en"])


def entries_from(mapping: Mapping[str, Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Entries as written in ``vocabulary.yaml`` (or under ``facts`` of a country).

    Raises VocabularyFault with every fault of every entry.
    """
    faults = [fault for name, written in mapping.items() for fault in faults_of(name, written)]
    if faults:
        raise VocabularyFault(faults)
    return tuple(entry_from(name, written) for name, written in mapping.items())


def entry_from(name: str, written: Mapping[str, Any], *, country: str = "") -> Entry:
    """One entry; ``faults_of`` must have found nothing."""
    return Entry(
        name=name,
        type=FactType(written["type"]),
        group=Group(written["group"]),
        scope=Scope(written["scope"]),
        labels=_labels(written),
        hints=MappingProxyType(dict(written.get("hint", {}))),
        codes=tuple(
            Code(code, _labels(texts), MappingProxyType(dict(texts.get("hint", {}))))
            for code, texts in written.get("codes", {}).items()
        ),
        lowest=written.get("from", 0),
        highest=written.get("to", 0),
        country=country,
    )


def _labels(written: Mapping[str, Any]) -> Mapping[str, str]:
    languages = (key for key in written if key not in _KEYS and _LANGUAGE.fullmatch(key))
    return MappingProxyType({language: written[language] for language in languages})


def faults_of(name: str, written: object) -> Iterator[str]:
    """What is wrong with one entry, each as a sentence with its remedy."""
    if not _NAME.fullmatch(name):
        yield f"fact '{name}': a name is written in small letters, digits and _"
    if not isinstance(written, Mapping):
        yield f"fact '{name}': this must be a list of keys; use type, group, scope and labels"
        return
    for key in written:
        if key not in _KEYS and not _LANGUAGE.fullmatch(key):
            yield f"fact '{name}': unknown key '{key}'; use {_listed(_KEYS)} or a language code"
    for key, allowed in (("type", FactType), ("group", Group), ("scope", Scope)):
        if written.get(key) not in {str(member) for member in allowed}:
            yield f"fact '{name}': '{key}' must be one of {_listed(allowed)}"
    yield from _faults_of_texts(f"fact '{name}':", written, "")
    yield from _faults_of_values(name, written)


def _faults_of_texts(where: str, written: Mapping[str, Any], to: str) -> Iterator[str]:
    """What is wrong with the labels and the hint of an entry or of one of its codes."""
    if "en" not in written:
        yield f"{where} add an English label under 'en'{to}"
    labels = [text for key, text in written.items() if key not in _KEYS]
    hints = written.get("hint", {})
    if not isinstance(hints, Mapping):
        yield f"{where} 'hint'{to} must have one text for each language"
    elif not all(isinstance(text, str) for text in (*labels, *hints.values())):
        yield f"{where} labels and hints{to} must be texts; put quotes around them"


def _faults_of_values(name: str, written: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the codes and bounds of one entry."""
    codes, where = written.get("codes", {}), f"fact '{name}':"
    if (written.get("type") in WITH_CODES) != bool(codes):
        yield f"{where} 'codes' belong to the types {_listed(WITH_CODES)}, and only there"
    if not isinstance(codes, Mapping):
        yield f"{where} 'codes' must be a list of codes, each with its labels"
        codes = {}
    for code, texts in codes.items():
        if isinstance(texts, Mapping):
            yield from _faults_of_texts(where, texts, f" to the code '{code}'")
        else:
            yield f"{where} add a label for each language to the code '{code}'"
    ends = [written.get(end) for end in ("from", "to")]
    if (written.get("type") == FactType.WHOLE) != ({"from", "to"} <= written.keys()):
        yield f"{where} 'from' and 'to' bound a whole number, and only that"
    elif not {type(end) for end in ends} <= {int, type(None)}:
        yield f"{where} 'from' and 'to' must be whole numbers; write them without quotes"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(str(word) for word in words))
