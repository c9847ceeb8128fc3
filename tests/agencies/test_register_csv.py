"""Agencies from CSV: a row that cannot be read is reported with its line, the others stand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.register import Register
from agencies.register.from_csv import read_csv

HEADER = "country,key,name,type,level,source,valid_from,time_zone,mandate,jurisdiction,priority\n"
GOOD = "QQ,POLICE,Police,POLICE,national,Police Act,2020-01-01,UTC,POLICE,QQ-A,10\n"


def register(*rows: str, header: str = HEADER) -> Register:
    return read_csv((header + "".join(rows)).encode(), "qq.csv")


def test_a_good_row_is_an_agency_with_a_mandate() -> None:
    found = register(GOOD)
    assert found.problems == ()
    (police,) = found.bodies
    assert (police.country, police.key, police.level) == ("QQ", "POLICE", "national")
    (charge,) = police.charges
    assert (charge.mandate, charge.place, charge.priority) == ("POLICE", "QQ-A", 10)
    assert charge.valid_from == date(2020, 1, 1)


def test_several_rows_of_one_agency_are_one_agency() -> None:
    (police,) = register(GOOD, GOOD.replace("QQ-A", "QQ-B")).bodies
    assert [charge.place for charge in police.charges] == ["QQ-A", "QQ-B"]


def test_a_row_without_a_mandate_is_the_agency_alone() -> None:
    (police,) = register(GOOD.replace("POLICE,QQ-A,10", ",,")).bodies
    assert police.charges == ()


def test_an_unreadable_row_is_reported_and_the_others_stand() -> None:
    bad = GOOD.replace(",POLICE,national", ",SPACE_POLICE,national").replace("QQ,POLICE", "QQ,SP")
    found = register(GOOD, bad, GOOD.replace("QQ,POLICE", "QQ,OTHER"))
    assert [(problem.file, problem.line) for problem in found.problems] == [("qq.csv", 3)]
    assert found.problems[0].message.startswith("'SPACE_POLICE' is not one of LABOUR_INSPECTORATE")
    assert [body.key for body in found.bodies] == ["POLICE", "OTHER"]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("QQ,", "Quirkland,", "'Quirkland' is not a country code (two capitals)."),
        ("QQ,POLICE", "QQ,the police", "'the police' is not a key (capitals, digits, - and _)."),
        ("Police Act", "", "source is empty."),
        ("national", "galactic", "'galactic' is not one of national, provincial, municipal."),
        ("2020-01-01", "1 Jan 2020", "'1 Jan 2020' is no day of the calendar."),
        ("UTC", "Mars/Base", "'Mars/Base' is no time zone."),
        (",10", ",-1", "'-1' is not a number from 0."),
        (",10", ",99999999999", "'99999999999' is not a number from 0."),
        ("UTC,POLICE", "UTC,police", "'police' is not a mandate code (capitals, digits, _)."),
        ("QQ-A,10", "QQ-A,10,11", "the row has more or fewer fields than the first line names."),
        (",QQ-A,10", "", "the row has more or fewer fields than the first line names."),
    ],
)
def test_each_fault_of_a_row_is_named(wrong: str, right: str, said: str) -> None:
    assert wrong in GOOD
    found = register(GOOD.replace(wrong, right, 1))
    assert [problem.message for problem in found.problems] == [said]
    assert [problem.line for problem in found.problems] == [2]
    assert found.bodies == ()


def test_a_letter_lost_in_another_encoding_costs_only_its_row() -> None:
    latin = GOOD.replace("Police,", "Policía,").replace("QQ,POLICE", "QQ,LATIN").encode("latin-1")
    found = read_csv(HEADER.encode() + latin + GOOD.encode(), "qq.csv")
    assert [problem.line for problem in found.problems] == [2]
    assert "not UTF-8" in found.problems[0].message
    assert [body.key for body in found.bodies] == ["POLICE"]


def test_a_broken_quote_is_reported_where_it_begins() -> None:
    found = register(GOOD, 'QQ,"POL"ICE,x\n')
    assert [problem.line for problem in found.problems] == [3]
    assert [body.key for body in found.bodies] == ["POLICE"]


def test_lines_are_counted_through_quoted_line_ends() -> None:
    long_name = GOOD.replace("Police,", '"Police\nof the river",').replace("QQ,POLICE", "QQ,RIVER")
    found = register(long_name, GOOD.replace("POLICE,QQ-A", "p,QQ-A"))
    assert [problem.line for problem in found.problems] == [4]
    assert [body.key for body in found.bodies] == ["RIVER"]


def test_rows_that_contradict_each_other_are_not_guessed_at() -> None:
    found = register(GOOD, GOOD.replace("Police,", "Polizei,"), GOOD)
    assert [problem.message for problem in found.problems] == [
        "POLICE has another name than in line 2; the row was left out.",
        "POLICE serves POLICE in QQ-A already; row left out.",
    ]
    assert [len(body.charges) for body in found.bodies] == [1]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "missing: country, key, name, type, level, source, valid_from, time_zone"),
        (HEADER.replace("source", "colour"), "missing: source; unknown: colour"),
    ],
)
def test_a_file_with_other_columns_says_which(header: str, said: str) -> None:
    found = register(header=header)
    assert said in found.problems[0].message
    assert found.bodies == ()


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    found = read_csv(b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), "qq.csv")
    assert found.problems == ()


@given(st.binary(max_size=400))
def test_no_bytes_make_it_crash(content: bytes) -> None:
    found = read_csv(HEADER.encode() + content, "qq.csv")
    assert all(problem.line >= 1 for problem in found.problems)
