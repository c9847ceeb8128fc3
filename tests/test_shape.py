"""The house rules, executed: where things stand, how long and how named they are, who knows whom.

The rules themselves and their reasons stand in README.md and pyproject.toml; a rule that nothing
fails on is a wish.
"""

from __future__ import annotations

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml
from packaging.requirements import Requirement
from pydantic import SecretStr

from referral.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
PACKAGES = ("referral", "agencies", "protocols")
TOP = {
    *(*PACKAGES, "tests", "docker-compose.yml", "pyproject.toml", "README.md"),
    *("LICENSE", "Dockerfile", "requirements.txt"),
}
CLOCK_READERS = {"referral/clock.py", "referral/worker.py"}
BANNED = {
    *("manager", "service", "handler", "util", "utils", "helper", "helpers", "common", "base"),
    *("misc", "data", "info", "process", "do"),
}
# Names a framework calls: to do what they do, a method must be called that.
IMPOSED = {
    "get_route_handler",  # fastapi.routing.APIRoute: how a route comes to its answer
    "do_POST",  # http.server: what answers a POST
    "handle_data",  # html.parser.HTMLParser: the text between two tags
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MACHINE = re.compile(
    r"/(?:home|Users)/\w+/|/root/|https?://\S+\.(?:whl|tgz|deb)\b|://\S+/simple/?\s"
)


class Function(NamedTuple):
    """A function and how many lines it has, its docstring not counted."""

    place: str
    lines: int


def git(*words: str) -> list[str]:
    """What git says about the project, by lines."""
    command = ["git", "-c", "safe.directory=*", "-C", str(PROJECT), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """Every file that is or would be committed."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard")
    return tuple(
        PROJECT / name for name in names if name.endswith(suffix) and (PROJECT / name).is_file()
    )


def name_of(path: Path) -> str:
    """A file's name within the project."""
    return path.relative_to(PROJECT).as_posix()


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules in these folders that say anything."""
    for path in files(".py"):
        name = name_of(path)
        if name.split("/")[0] in folders and (tree := ast.parse(path.read_text("utf-8"))).body:
            yield name, tree


def functions(*folders: str) -> Iterator[Function]:
    """The functions and methods in these folders."""
    for name, tree in modules(*folders):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                said = node.body[0] if ast.get_docstring(node) else None
                own = 0 if said is None else (said.end_lineno or 0) - said.lineno + 1
                length = (node.end_lineno or 0) - node.lineno + 1 - own
                yield Function(f"{name}:{node.lineno} {node.name}", length)


def lengths(suffix: str, *folders: str) -> dict[str, int]:
    """Lines of the files in these folders, empty ones left out."""
    found = {name_of(path): len(path.read_bytes().splitlines()) for path in files(suffix)}
    return {name: n for name, n in found.items() if n and name.split("/")[0] in folders}


def ninth_tenth(numbers: list[int]) -> float:
    """What nine in ten do not exceed."""
    return statistics.quantiles(numbers, n=10, method="inclusive")[-1]


def run(*command: str) -> None:
    """Run one of the project's tools; what it says is the failure."""
    tool = Path(sys.executable).parent / command[0]
    answer = subprocess.run(
        [str(tool), *command[1:]],
        cwd=PROJECT,
        capture_output=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
        text=True,
    )
    assert answer.returncode == 0, f"\n{answer.stdout[-8000:]}{answer.stderr[-2000:]}"


def test_the_top_level_is_as_agreed() -> None:
    here = {name_of(path).split("/")[0] for path in files()}
    assert {name for name in here if not name.startswith(".")} == TOP


def test_files_stay_short() -> None:
    own = lengths(".py", *PACKAGES)
    every = own | lengths(".py", "tests")
    assert {name: n for name, n in every.items() if n > 400} == {}
    assert statistics.median(own.values()) <= 120
    assert ninth_tenth(list(own.values())) <= 300


def test_functions_stay_short() -> None:
    own = sorted(functions(*PACKAGES), key=lambda function: -function.lines)
    assert statistics.median(function.lines for function in own) <= 10
    assert ninth_tenth([function.lines for function in own]) <= 30, own[:20]


def test_templates_stay_short() -> None:
    own = lengths(".html", *PACKAGES)
    assert {name: n for name, n in own.items() if n > 150} == {}
    assert statistics.median(own.values()) <= 40


def test_no_room_is_named_for_nothing() -> None:
    found = []
    for place, tree in modules(*PACKAGES, "tests"):
        defined = [
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("test_")  # a sentence
        ]
        for name in (*Path(place).with_suffix("").parts, *defined):
            if name not in IMPOSED and {word.lower() for word in WORD.findall(name)} & BANNED:
                found.append(f"{place}: {name}")  # noqa: PERF401 - read top to bottom
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    assert [n for n, tree in modules(*PACKAGES, "tests") if not ast.get_docstring(tree)] == []


def test_only_the_doors_read_the_clock() -> None:
    readers = set()
    for name, tree in modules(*PACKAGES):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                of = node.value.attr if isinstance(node.value, ast.Attribute) else node.value
                if (of.id if isinstance(of, ast.Name) else of) in {"datetime", "date"}:
                    readers.add(name)
    assert readers - CLOCK_READERS == set()


def test_nothing_of_one_machine_is_committed() -> None:
    assert {path.name for path in files()} & {"uv.lock", "pylock.toml", "poetry.lock"} == set()
    here = re.compile(f"{MACHINE.pattern}|{re.escape(str(PROJECT))}/")
    texts = {
        name_of(path): path.read_bytes().decode("utf-8", errors="ignore")
        for path in files()
        if path != Path(__file__)
    }
    found = {name: match[0] for name, text in texts.items() if (match := here.search(text))}
    assert found == {}


def test_the_direction_of_imports_holds() -> None:
    run("lint-imports", "--no-cache")


def test_the_linter_has_nothing_to_say() -> None:
    run("ruff", "check", "--quiet", "--output-format=concise")


def test_the_formatter_would_change_nothing() -> None:
    run("ruff", "format", "--check", "--output-format=concise")


def test_the_types_hold() -> None:
    run("mypy", "--no-error-summary")


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile"])
def test_every_setting_named_in_the_containers_exists(file: str) -> None:
    named = set(re.findall(r"REFERRAL_([A-Z_]+)", (PROJECT / file).read_text("utf-8")))
    fields = {name.upper() for name in Settings.model_fields}
    assert {name.removesuffix("_FILE") for name in named} - fields == set()


def test_secrets_come_from_files_and_every_container_shows_its_health() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text("utf-8"))
    secret = {
        f"REFERRAL_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation) or field.annotation is SecretStr
    }
    for name, service in compose["services"].items():
        assert set(service.get("environment", {})) & secret == set(), name
        mounted = {f"/run/secrets/{entry}" for entry in service.get("secrets", [])}
        asked = {v for k, v in service.get("environment", {}).items() if k.endswith("_FILE")}
        assert asked == mounted, name
        assert service.get("restart") == "no" or "healthcheck" in service, name
    services = set(compose["services"])
    assert services == {"database", "migrate", "app", "worker", "sequencer", "signer"}
    holders = {n for n, s in compose["services"].items() if "log_key" in s.get("secrets", [])}
    assert holders == {"migrate", "signer"}
    keepers = {n for n, s in compose["services"].items() if "log_state:" in str(s.get("volumes"))}
    assert keepers == {"signer"}


def test_no_setting_is_called_as_if_it_named_the_file_of_another() -> None:
    """Any setting may come from a file named by …_FILE: such a name would be read as that file."""
    assert [name for name in Settings.model_fields if name.endswith("_file")] == []


def test_the_pinned_requirements_are_those_of_the_project() -> None:
    """The first lines of requirements.txt say how it is made again."""
    text = (PROJECT / "requirements.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", text, re.MULTILINE))
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", text)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    for line in project["dependencies"]:
        wanted = Requirement(line)
        assert wanted.name in pins, f"{wanted.name}: make requirements.txt again"
        assert wanted.specifier.contains(pins[wanted.name]), line
    assert "://" not in text
