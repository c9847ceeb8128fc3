# ruff: noqa: E501 - a country file is written as its authors write it
"""A small country and a small track as text, for tests that alter one line and see what is said."""

from __future__ import annotations

from pathlib import Path

from protocols import engine
from protocols.compiler import compile_track
from protocols.country_file import read_country
from protocols.document import plain, read
from protocols.problems import Problem, Problems
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.vocabulary import load_vocabulary
from protocols.working_time import Calendars
from tests.protocols.moments import FRIDAY, Referral, facts, run_of

COUNTRY = """\
iso2: QQ
names: {en: Quark, es: Cuark}
languages: [en, es]
time_zone: UTC
screening:
  version: 2026-01-01
  min_age: {value: 15, source: LAW}
  min_age_hazardous: {value: 18, source: LAW}
  compulsory_schooling_to: {value: 16, source: LAW}
  adult_means_required: {value: true, source: LAW}
  chores_rule: {value: true, source: LAW}
  acts_extension: {value: [], source: LAW}
supervisor_after: 72 h
default_track: care
mandates:
  LOCAL: {label: {en: Office, es: Oficina}, level: local, agency_types: [CHILD_PROTECTION]}
  NATION: {label: {en: Directorate, es: Dirección}, level: national, agency_types: [CHILD_PROTECTION]}
  COUNCIL: {label: {en: Council, es: Consejo}, level: national, agency_types: [COORDINATION_BODY]}
  POLICE: {label: {en: Police, es: Policía}, level: provincial, agency_types: [POLICE]}
reasons:
  decline: {NO_CAPACITY: {en: No room, es: Sin lugar}, DUPLICATE: {en: Twice, es: Duplicado}}
  cancel: {SENT_TO_WRONG_AGENCY: {en: Wrong, es: Mal}, SUPERSEDED: {en: Done, es: Hecho}}
  hold: {OTHER: {en: Other, es: Otro}}
  fail: {UNSAFE: {en: Unsafe, es: Inseguro}}
  void: {OTHER: {en: Other, es: Otro}}
outcomes: {HELPED: {en: Helped, es: Ayudado}, NOT_HELPED: {en: Not helped, es: Sin ayuda}}
documents: {LETTER: {en: Letter, es: Nota}}
sources:
  LAW: {title: Law, article: art. 1, link: "https://law.example", grade: V, last_checked: 2026-01-01, statute: true}
  GUESS: {title: Guess, article: none, link: "https://law.example", grade: K, last_checked: 2026-01-01}
"""

CALENDARS = """\
version: 2026-01-01
language: en
covered: {from: 2025, to: 2030}
default: office
calendars:
  office: {names: {en: Office, es: Oficina}, weekend: [saturday, sunday]}
"""

TRACK = """\
track: care
title: {en: Care, es: Cuidado}
takes_force: 2026-01-01
stage: in_force
lawful_basis: LEGAL_OBLIGATION
sources: [LAW]
applies:
  when: CL is at least possible
  rank: 1
  triage_if_reported: [CL]
  sources: [LAW]
asks_for: [age]
bands:
  small: {fact: age, from: 0, to: 11}
declines: {NO_CAPACITY: next, DUPLICATE: sender}
events:
  moved: {title: {en: Moved, es: Mudanza}}
steps:
  Q1:
    title: {en: Take over, es: Asumir}
    kind: custody
    ask: LOCAL
    last: NATION
    follows: [filing, triage]
    basis: statutory
    sources: [LAW]
    clocks:
      answer:
        from: opened
        until: [accepted, declined]
        limit: 24 h
        basis: statutory
        sources: [LAW]
        ladder: unanswered
        escalates_to: COUNCIL
  Q2:
    title: {en: Visit, es: Visitar}
    kind: task
    ask: holder
    follows: Q1 accepted
    when: small or works
    basis: sop
    sources: [GUESS]
    outcomes: [HELPED, NOT_HELPED]
    clocks:
      visited:
        from: accepted
        until: completed
        limit: 5 wd
        basis: assumption
        sources: [GUESS]
        escalates_to: NATION
review:
  step: Q9
  title: {en: Review, es: Revisar}
  every: 30 cd
  basis: assumption
  sources: [GUESS]
  escalates_to: COUNCIL
closes:
  - after: Q2 HELPED
    outcome: HELPED
    sources: [LAW]
excludes:
  no_police:
    who: POLICE
    when: beneficiary is parent
    because: {en: Family, es: Familia}
    sources: [LAW]
gates:
  after_visit:
    forbids: [moved]
    until: [Q2 completed]
    because: {en: First see, es: Primero ver}
    sources: [LAW]
ladders:
  standard:
    sources: [GUESS]
    rungs:
      - {at: 50 %, remind: receiver}
      - {at: 100 %, alert: [supervisor_of_receiver, sender]}
      - {at: 150 %, alert: escalation}
  unanswered:
    sources: [GUESS]
    rungs:
      - {at: 100 %, alert: sender}
      - {at: 150 %, ask: next}
"""


def compiled(track: str = TRACK, country: str = COUNTRY) -> tuple[Protocol, tuple[Problem, ...]]:
    """The protocol and every problem of both texts."""
    problems = Problems()
    item = read(country, "country.yaml", problems)
    assert item is not None
    law = read_country(item, problems)
    days = read(CALENDARS, "calendars.yaml", problems)
    assert days is not None
    calendars = Calendars.from_mapping(plain(days), law.time_zone)
    draft = read(track, "care.yaml", problems)
    assert draft is not None
    protocol = compile_track(draft, law, calendars, load_vocabulary(), problems)
    return protocol, tuple(problems)


def altered(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with one passage replaced, and the line where the new passage begins."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


def written(folder: Path, track: str = TRACK, country: str = COUNTRY, cases: str = "") -> Path:
    """The small country as files, as a catalogue reads them."""
    place = folder / "qq"
    (place / "care").mkdir(parents=True)
    (place / "country.yaml").write_text(country, encoding="utf-8")
    (place / "calendars.yaml").write_text(CALENDARS, encoding="utf-8")
    (place / "cases.yaml").write_text(cases or "cases: []\n", encoding="utf-8")
    (place / "care" / "2026-01-01.yaml").write_text(track, encoding="utf-8")
    return folder


def small(track: str, *, age: int = 10, works: bool | None = None) -> Referral:
    """A referral under a draft of the small country."""
    protocol, problems = compiled(track)
    assert problems == ()
    known = facts(age=age) if works is None else facts(age=age, works=works)
    run = run_of(known, CL="indicated", place="QQ")
    (opening,) = engine.file((protocol,), run, FRIDAY)
    return Referral(protocol, carried_out(run, opening.decision))
