# ruff: noqa: E501 - one case per line reads as a table
"""A track is printed as a procedure: complete, in order, marked where it is only a proposal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from protocols.__main__ import main
from protocols.explain import in_order, procedure
from protocols.law import Grade, Source
from protocols.spoken import Speaker, phrases
from protocols.typeset import as_text
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import TRACK, altered, compiled, written
from tests.protocols.moments import CATALOGUE


def text_of(country: str, track: str, language: str) -> str:
    law, protocol = CATALOGUE.country(country), CATALOGUE.version_of(country, track)
    vocabulary = load_vocabulary()
    plain = procedure(protocol, law, vocabulary, language)
    return as_text(plain, Speaker(protocol, law, vocabulary, language))


TRACKS = [
    (country, track, language)
    for country, track in (
        ("AR", "trafficking"),
        ("AR", "child_labour"),
        ("ZZ", "trafficking"),
        ("ZZ", "child_protection"),
    )
    for language in ("en", "es")
]


@pytest.mark.parametrize(("country", "track", "language"), TRACKS)
def test_every_step_limit_and_article_is_in_the_procedure(
    country: str, track: str, language: str
) -> None:
    law, protocol = CATALOGUE.country(country), CATALOGUE.version_of(country, track)
    plain = procedure(protocol, law, load_vocabulary(), language)
    assert {step["id"] for step in plain["steps"]} == set(protocol.steps)
    limits = {limit["id"] for step in plain["steps"] for limit in step["limits"]}
    assert limits == {*protocol.clocks, protocol.review.id}
    assert all(step["sources"] and step["title"] for step in plain["steps"])
    assert all(limit["if_nobody_answers"] for step in plain["steps"] for limit in step["limits"])
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize(("country", "track", "language"), TRACKS)
def test_the_text_is_narrow_and_leaves_no_place_unfilled(
    country: str, track: str, language: str
) -> None:
    text = text_of(country, track, language)
    assert max(len(line) for line in text.splitlines()) <= 96
    assert "{" not in text
    assert "}" not in text


def test_what_is_only_proposed_is_marked() -> None:
    text = " ".join(text_of("AR", "trafficking", "es").split())
    assert "Complaint" not in text
    assert "PROPUESTA, sin número legal" in text
    assert "Si 145 no responde" in text
    assert "que no puede negarse" in text
    assert "a confirmar por un abogado" in text


def test_conditions_are_said_in_words() -> None:
    text = " ".join(text_of("ZZ", "trafficking", "en").split())
    assert "urgency is emergency" in text
    assert "a child, or possibly one" in text
    assert "ZZ-T08 was accepted not before ZZ-T05 was done" in text
    assert "Immigration office: while Has no valid papers and not" in text
    assert "Not while nobody knows, either." in text


def test_steps_stand_in_the_order_in_which_they_can_come() -> None:
    order = [step.id for step in in_order(CATALOGUE.version_of("AR", "trafficking"))]
    assert order.index("AR-T01") < order.index("AR-T04") < order.index("AR-T05")
    assert order.index("AR-T05") < order.index("AR-T06")
    assert order[-1] == "AR-T99"


def test_the_phrases_of_every_language_have_the_same_keys() -> None:
    english, spanish = phrases("en"), phrases("es")
    assert set(english) == set(spanish)
    for name, value in english.items():
        if isinstance(value, dict):
            assert set(value) == set(spanish[name]), name
    assert phrases("xx") == english


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("not (small and works)", "not (Age in years at the time of the facts from 0 to 11 and Works, paid or not)"),
        ("works and (child or high_risk)", "Works, paid or not and (a child, or possibly one or High risk)"),
        ("reported is HT or CL", "child labour or trafficking was reported"),
        ("fl_indicators includes FL09", "Indicators of forced labour: Debt bondage"),
        ("CL is not_indicated", "child labour is not indicated"),
    ],
)  # fmt: skip
def test_each_form_of_condition_has_words(condition: str, words: str) -> None:
    text, _ = altered(TRACK, "when: small or works", f"when: {condition}")
    protocol, problems = compiled(text)
    assert problems == ()
    speaker = Speaker(protocol, CATALOGUE.country("ZZ"), load_vocabulary(), "en")
    assert speaker.condition(protocol.steps["Q2"].when) == words


def test_a_track_without_triage_says_nothing_of_it() -> None:
    track, _ = altered(TRACK, "  triage_if_reported: [CL]\n", "")
    track, _ = altered(track, "track: care", "track: other")
    protocol, _ = compiled(track)
    country = CATALOGUE.country("ZZ")
    law = replace(country, sources={**country.sources, **_small_sources()})
    assert procedure(protocol, law, load_vocabulary(), "en")["triage"] == []


def _small_sources() -> dict[str, Source]:
    day = date(2026, 1, 1)
    return {
        name: Source(name, name, "art. 1", "https://law.example", Grade.VERIFIED, day)
        for name in ("LAW", "GUESS")
    }


# --- the command ---------------------------------------------------------------------------------


def test_check_prints_counts_and_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "zz"]) == 0
    out = capsys.readouterr().out
    assert "ZZ child_protection 2026-01-01" in out
    assert "of grade K" in out
    assert "assumptions" in out
    assert "sound; 0 errors" in out


def test_check_prints_every_problem_and_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, TRACK.replace("ask: LOCAL", "ask: NOBODY").replace("24 h", "soon"))
    assert main(["check", "--folder", str(folder)]) == 1
    seen = capsys.readouterr()
    assert "care/2026-01-01.yaml:22:10: error: 'NOBODY'" in seen.err
    assert "'soon' is no limit" in seen.err
    assert "NOT sound" in seen.out


def test_check_tells_of_stale_and_uncited_sources_and_of_rules_no_case_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path)
    country = folder / "qq" / "country.yaml"
    extra = "  OLD: {title: Old, article: none, link: x, grade: S, last_checked: 2020-01-01}\n"
    country.write_text(country.read_text(encoding="utf-8") + extra, encoding="utf-8")
    assert main(["check", "--folder", str(folder), "--today", "2026-06-01"]) == 1
    seen = capsys.readouterr()
    assert "nothing cites the source OLD" in seen.err
    assert "source OLD was last checked on 2020-01-01" in seen.err
    assert "no worked case reaches Q1, Q2" in seen.out


def test_check_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "zz", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == 0
    assert report["countries"][0]["tracks"][0]["steps"] > 5


def test_explain_prints_the_procedure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ar", "trafficking", "--language", "es"]) == 0
    assert "AR-T05  PROTEX evalúa y decide" in capsys.readouterr().out
    assert main(["explain", "zz", "trafficking", "--json", "--version", "2026-01-01"]) == 0
    assert json.loads(capsys.readouterr().out)["language"] == "en"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain", "ar", "gold"], "no track 'gold'"),
        (["explain", "ar", "trafficking", "--language", "th"], "no texts in 'th': use es, en"),
        (["explain", "ar", "trafficking", "--version", "1999-01-01"], "1999-01-01"),
    ],
)
def test_what_does_not_exist_ends_with_two_and_says_what_there_is(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_country_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "xx"]) == 1
    assert main(["explain", "xx", "trafficking"]) == 1
    assert "there is no country 'XX'" in capsys.readouterr().err


def test_an_unknown_command_ends_with_two() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sing"])
    assert ended.value.code == 2
