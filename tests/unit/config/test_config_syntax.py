"""Mistakes in the TOML itself, and what is still understood in spite of them (aiemp.config.syntax)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.load import load_plan
from aiemp.config.source import decoded, read_text
from aiemp.config.syntax import UNREADABLE, parse
from aiemp.errors import ConfigError

Mistakes = Callable[..., list[str]]


def test_a_text_in_order_is_simply_read() -> None:
    """Without mistakes the values are tomllib's."""
    parsed = parse("a = 1\r\n[b]\r\nc = 'x'\r\n")
    assert (parsed.values, parsed.mistakes) == ({"a": 1, "b": {"c": "x"}}, ())


def test_several_broken_lines_are_all_reported_and_the_rest_is_read() -> None:
    """A value without quotes, a line without `=` and a bad header do not hide each other."""
    parsed = parse("a = yes\nb = 2\nnonsense\n[x\nc = 3\n[d]\ne = 4\n")
    assert [line for line, _ in parsed.mistakes] == [1, 3, 4]
    assert parsed.values == {"a": UNREADABLE, "b": 2, "d": {"e": 4}}


def test_a_table_that_is_there_twice_is_named_with_its_line() -> None:
    """The second one is the mistake; the first is still read."""
    parsed = parse("[tasks.x]\ntime = 'a'\n[tasks.x] # again\ntime = 'b'\n")
    assert parsed.mistakes == ((3, "[tasks.x] is there twice; join the two tables, or rename one"),)
    assert parsed.values == {"tasks": {"x": {"time": "a"}}}


def test_a_key_that_is_there_twice_is_named_with_its_line() -> None:
    """The first value holds for whatever else is checked."""
    parsed = parse("a = 1\na = 2\nb = 3\n")
    assert parsed.mistakes == ((2, "a is there twice in its table; keep one"),)
    assert parsed.values == {"a": 1, "b": 3}


def test_a_time_without_quotes_gets_the_advice_to_quote_it() -> None:
    """08:00 without quotes is the likeliest slip of all; TOML would want seconds."""
    ((line, message),) = parse("[t]\ntime = 08:00 # early\n").mistakes
    assert line == 2
    assert 'time = "08:00"' in message


def test_an_open_bracket_gives_one_mistake_not_many() -> None:
    """When a mistake swallows what follows, nothing is said about the lines it swallowed."""
    parsed = parse('a = ["x",\nb = 2\nc = 3\n[d]\ne = 4\n')
    assert len(parsed.mistakes) == 1
    assert parsed.values is None


def test_a_text_that_is_no_toml_at_all_ends() -> None:
    """Thousands of bad lines are cut short, and brackets nested without end are one mistake."""
    assert len(parse("hello world\n" * 5000).mistakes) == 20
    assert parse("a = " + "[" * 100_000).values is None


def test_what_a_broken_line_should_have_said_is_not_missed(mistakes: Mistakes) -> None:
    """A broken `time` is one mistake: the task is not also told that it needs a time."""
    found = mistakes('[tasks.morning_triage]\nfrequency = "weekly"\nday = "sun"\ntime = 08:00\nenabled = 1\n')
    assert [line.partition(":")[0] for line in found] == ["4", "5"]


def test_syntax_and_meaning_are_reported_together(mistakes: Mistakes) -> None:
    """Every mistake of the file comes at once, in the order of its lines."""
    found = mistakes('wat = 1\n[limits]\nrestarts = no\nactivity_rows = "x"\n[limits]\n[tasks.q"]\n')
    assert [line.partition(":")[0] for line in found] == ["1", "3", "4", "5", "6"]


def test_bytes_that_are_not_utf8_are_named_with_their_line(config: Path, vault: Path) -> None:
    """A file saved as Latin-1 says so instead of failing."""
    config.write_bytes(b'# ok\n\ntimezone = "\xe4"\n')
    with pytest.raises(ConfigError) as raised:
        load_plan(config=config, vault=vault, environ={})
    assert raised.value.mistakes == (f"{config}:3: the byte 0xe4 is not UTF-8; save the file as UTF-8",)


def test_a_byte_order_mark_is_no_mistake(config: Path) -> None:
    """Windows editors write one: the file is read as if it were not there."""
    text = decoded(config, "\ufeffdry_run = true\n".encode())
    assert read_text(config, text, {}).settings.dry_run is True


@given(st.text(alphabet=st.sampled_from("ab=[]{}\"'#.,\n \\01:-tasks\0"), max_size=80))
def test_no_text_is_too_broken_to_be_reported(text: str) -> None:
    """Whatever stands in the file, the result is a list of mistakes with lines that exist, never a crash."""
    source = read_text(Path("/c/aiemp.toml"), text, {"HOME": "/h"})
    lines = text.count("\n") + 1
    for mistake in source.document.mistakes():
        assert 1 <= int(mistake.split(":")[1]) <= lines
        assert mistake.isprintable()
