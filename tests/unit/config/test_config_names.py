"""Names of tasks, watchers and MCP servers (aiemp.config.names)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.names import check_name, clash_key
from aiemp.plan import Plan

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]

BODIES = {
    "tasks": 'prompt = "x"\nfrequency = "hourly"',
    "watchers": 'command = ["x"]',
    "mcp": 'command = ["x"]',
}


@pytest.mark.parametrize("name", ["a", "morning_triage", "A-b_c.9", "_x", "9", "x" * 100])
def test_a_plain_name_can_be_used(name: str) -> None:
    """Letters, digits, `_`, `-` and `.`."""
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("a/b", "contains '/'"),
        ("a\nb", "contains '\\n'"),
        ("a%b", "contains '%'"),
        ('a"b', "contains '\"'"),
        ("a'b", 'contains "\'"'),
        ("a b", "contains ' '"),
        ("a\0b", "contains '\\x00'"),
        ("ä", "contains 'ä'"),
        ("a@b", "contains '@'"),
        (".hidden", 'begins with "."'),
        ("..", 'begins with "."'),
        ("-f", 'begins with "-"'),
        ("x" * 101, "is longer than 100 characters"),
    ],
)
def test_a_name_that_needs_quoting_somewhere_cannot(name: str, reason: str) -> None:
    """It would break a unit, a path or a row."""
    assert check_name(name) == reason


@given(st.text(max_size=120))
def test_a_usable_name_is_harmless_everywhere(name: str) -> None:
    """Whatever passes is one path component, one word for a shell, and no specifier for systemd."""
    if check_name(name) is None:
        assert name.isascii() and name.isprintable()
        assert not set(name) & set("/\\%$;&|<>*?!#~`\"'(){}[]@: \t\n")
        assert len(f"aiemp-watcher-{name}.service") < 255


@pytest.mark.parametrize("section", ["tasks", "watchers", "mcp"])
@pytest.mark.parametrize("name", ["a/b", "a\\nb", "a%b", "'q'", "a b", "", ".a", "-a", "x" * 101, "\\u0000"])
def test_a_bad_name_is_a_mistake_in_every_section(mistakes: Mistakes, section: str, name: str) -> None:
    """With the line of its table, and in one printable line."""
    (found,) = mistakes(f'# comment\n[{section}."{name}"]\n{BODIES[section]}\n')
    assert found.startswith("2: the name ")
    assert found.isprintable()


@pytest.mark.parametrize("section", ["tasks", "watchers", "mcp"])
def test_names_that_only_look_different_are_a_mistake(mistakes: Mistakes, section: str) -> None:
    """Their unit files would clash on a case-blind disk, their rows on the dashboard."""
    (found,) = mistakes(f"[{section}.My-Own]\n{BODIES[section]}\n[{section}.my_own]\n{BODIES[section]}\n")
    assert found.startswith("4" if section == "tasks" else "3")
    assert "differs from My-Own only in capitals or `-` and `_`" in found


def test_a_name_like_that_of_a_built_in_task_is_a_mistake(mistakes: Mistakes) -> None:
    """One mistake, not also a complaint that the "new" task has nothing to do."""
    (found,) = mistakes("[tasks.morning-triage]\nenabled = false\n")
    assert found.startswith("1: the name 'morning-triage' differs from morning_triage only in")


def test_a_name_like_that_of_a_found_watcher_is_a_mistake(mistakes: Mistakes) -> None:
    """The watchers that are merged in count as well."""
    (found,) = mistakes('\n[watchers.FileSystem]\ncommand = ["x"]\n')
    assert found.startswith("2: the name FileSystem differs from the watcher filesystem only in")


def test_a_task_and_a_watcher_may_share_a_name(load: Load) -> None:
    """Their units and files have different names."""
    plan = load(f"[tasks.x]\n{BODIES['tasks']}\n[watchers.x]\n{BODIES['watchers']}\n")
    assert plan.task("x") is not None and plan.watcher("x") is not None


def test_clash_key_ignores_case_and_the_kind_of_dash() -> None:
    """Names that differ in these alone clash; with and without a dash are two names."""
    assert clash_key("A-b_C") == clash_key("a_B-c") != clash_key("abc")
