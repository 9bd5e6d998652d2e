"""The table of keys, and what is made from it: the JSON Schema and the configuration page."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aiemp.config.document import Document
from aiemp.config.key_texts import SECTIONS
from aiemp.config.keys import ROOT, AnyName, Keys
from aiemp.config.reference import reference
from aiemp.config.schema import config_schema, schema_text
from aiemp.config.settings import read_settings
from aiemp.config.template import commented_config
from aiemp.config.toml_values import toml_value
from tests.golden.regenerate import CASES, FOLDER
from tests.unit.config.conftest import uncommented

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def validator() -> Any:
    """Checks by the schema, which is itself checked first."""
    schema = config_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def problems(validator: Any, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


def sections() -> Iterator[tuple[str, Keys]]:
    """Each table there can be, with its keys."""
    yield "", {key: each for key, each in ROOT.items() if each.kind != "table"}
    for name, key in ROOT.items():
        if key.keys is not None:
            below = key.keys.key.keys if isinstance(key.keys, AnyName) else key.keys
            assert below is not None
            yield name, below


def test_every_key_has_its_text() -> None:
    """A key without a description, or a description without its key, is a mistake of ours."""
    assert {name: list(keys) for name, keys in sections()} == {
        name: sorted(section.texts, key=list(section.keys).index) for name, section in SECTIONS.items()
    }
    for section in SECTIONS.values():
        for key, text in section.texts.items():
            assert text.what.endswith((".", ").")), key
            assert (text.default is None) == bool(text.unset), f"{key}: a default, or what holds without one"
            assert text.default is not None or text.example is not None, key


@pytest.mark.parametrize("change", [str, uncommented])
def test_the_schema_accepts_the_template(validator: Any, change: Any) -> None:
    """As it is written, and with every setting in it uncommented."""
    assert problems(validator, change(commented_config(Path("/srv/vault"), "Europe/Berlin"))) == []


@pytest.mark.parametrize("case", CASES)
def test_the_schema_accepts_every_golden_configuration(validator: Any, case: str) -> None:
    """What the program accepts, editors do not underline."""
    assert problems(validator, (FOLDER / case / "aiemp.toml").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "wat = 1",
        "[limit]\nrestarts = 1",
        "[limits]\nrestart = 1",
        "[claude]\nmodel = 'x'",
        "[alerts]\nmail = 'x'",
        "[tasks.x]\ntimes = '08:00'",
        "[tasks.morning_triage]\ntime_of_day = '08:00'",
        "[watchers.filesystem]\ninterval = 1",
        "[mcp.x]\nargs = []",
        "vault = 5",
        "vault = ' '",
        "dry_run = 'yes'",
        "[limits]\nrestarts = -1",
        "[limits]\nstale_after_hours = 0",
        "[claude]\nargs = '--model x'",
        "[claude]\nruns_per_day = 0",
        "[alerts]\ncommand = []",
        "[tasks.x]\ntime = '25:00'",
        "[tasks.x]\ntime = '8:00'",
        "[tasks.x]\nday = 'someday'",
        "[tasks.x]\nday = 7",
        "[tasks.x]\nfrequency = 'fortnightly'",
        "[tasks.x]\ncatch_up = 'soon'",
        "[tasks.x]\nfunction = 'module'",
        "[tasks.x]\nexpect = '/etc/*'",
        "[tasks.'a b']\nenabled = true",
        "[watchers.x]\nstop_signal = 'SIGKILL'",
        "[watchers.x]\nrequires_env = ['A-B']",
        "[watchers.x]\nenv = { A = 1 }",
        "[mcp.x]\nurl = 'ftp://x'",
        "tasks = 1",
    ],
)
def test_the_schema_refuses_what_the_program_refuses(validator: Any, text: str) -> None:
    """An unknown key, a wrong type and a value out of bounds are underlined."""
    values = tomllib.loads(text)
    document = Document(Path("/aiemp.toml"), text)
    read_settings(document, values)
    assert document.mistakes()
    assert list(validator.iter_errors(values))


@pytest.mark.parametrize(
    "text",
    [
        "[tasks.x]\ncommand = ['a']\nfrequency = 'weekly'\nday = 'Sun'\ntime = 08:30:00",
        "[tasks.x]\ncommand = ['a']\nfrequency = 'weekly'\nday = 6\ntime = '08:30:15'",
        "[tasks.x]\ncommand = ['a']\ncalendar = 'hourly'\ncatch_up = '2 d'",
        "[tasks.x]\nprompt = 'two\\nlines'\nfrequency = 'hourly'\ncatch_up = false",
        "[limits]\nstale_after_hours = 0.5",
    ],
)
def test_the_schema_accepts_the_other_ways_to_write_it(validator: Any, text: str) -> None:
    """What the reader takes besides the form that the documentation shows. A time without quotes is text for
    an editor."""
    values = tomllib.loads(text)
    document = Document(Path("/aiemp.toml"), text)
    read_settings(document, values)
    assert document.mistakes() == []
    assert list(validator.iter_errors(json.loads(json.dumps(values, default=str)))) == []


VALUES: list[Any] = [
    *(True, False, -1, 0, 1, 6, 7, 1500, 10**9, 0.5, -0.5, 1e12),
    *(
        "",
        " ",
        "x",
        "é",
        "a b",
        "a\nb",
        "08:00",
        "8:00",
        "23:59:59",
        "24:00",
        "sunday",
        "Sun",
        " MON ",
        "12h",
        "2 d",
    ),
    *(
        "0h",
        "SIGTERM",
        "daily",
        "mod:fn",
        "a.b:c",
        "mod:",
        "a/*.md",
        "/abs",
        "~/x",
        "../x",
        "https://x/",
        "ftp://x",
    ),
    *("*-*-* 03:00", "hourly", "Europe/Berlin", "UTC", "A_B", "--flag"),
    *(
        [],
        ["a"],
        [""],
        ["a", "b\nc"],
        [1],
        ["A_B"],
        ["A-B"],
        {},
        {"A": "b"},
        {"A": 1},
        {"a b": "c"},
        {"A": "x\ny"},
    ),
]


@pytest.mark.parametrize(("section", "key"), [(name, key) for name, keys in sections() for key in keys])
def test_editors_underline_nothing_that_the_program_accepts(validator: Any, section: str, key: str) -> None:
    """Whatever value a key has: the schema may say less than the reader, never more."""
    for value in VALUES:
        table: dict[str, Any] = {key: value}
        if SECTIONS[section].named:
            table = {"own": table}
        values = {section: table} if section else table
        document = Document(Path("/aiemp.toml"), "")
        read_settings(document, values)
        place = ".".join(
            [*([section] if section else []), *(["own"] if SECTIONS[section].named else []), key]
        )
        told = [text for _, text in document._mistakes if re.match(rf"{re.escape(place)}\b", text)]
        underlined = [error for error in validator.iter_errors(values) if key in error.absolute_path]
        assert told or not underlined, (value, underlined)


def test_the_schema_says_what_each_key_is_for() -> None:
    """An editor shows it, with the default or an example."""
    schema = config_schema()
    limits = schema["properties"]["limits"]["properties"]
    assert limits["restarts"]["default"] == 5
    assert "paused" in limits["restarts"]["description"]
    assert schema["definitions"]["tasks"]["properties"]["calendar"]["examples"] == ["*-*-* 03:00"]
    assert "morning_triage" in schema["properties"]["tasks"]["properties"]


def test_published_schema_is_current() -> None:
    """docs/aiemp.schema.json is what `make docs` writes."""
    assert (DOCS / "aiemp.schema.json").read_text(encoding="utf-8") == schema_text()


def test_configuration_page_is_current() -> None:
    """docs/configuration.md is what `make docs` writes."""
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == reference()


def test_configuration_page_has_every_key() -> None:
    """Each key stands in a row, with its default."""
    page = reference()
    for section in SECTIONS.values():
        for key, text in section.texts.items():
            (row,) = re.findall(rf"(?m)^\| `{key}` \|.*{re.escape(text.what[:20])}.*$", page)[:1]
            assert text.default is None or f"`{toml_value(text.default)}`" in row
