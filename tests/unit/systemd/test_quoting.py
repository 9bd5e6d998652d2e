"""How values are written into unit files; that systemd reads them back is proven in tests/systemd."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aiemp.systemd.quoting import (
    bind_path_value,
    environment_assignment,
    exec_argument,
    exec_line,
    path_list_value,
    path_value,
    text_value,
    unit_name_part,
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), max_size=60)


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("--interval=30", "--interval=30"),
        ("", '""'),
        ("two words", '"two words"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("C:\\x20", r'"C:\\x20"'),
        (";", '";"'),
        ("#1", '"#1"'),
        ("a\tb", r'"a\x09b"'),
        ("Größe 😀", '"Größe 😀"'),
        ("\udcff", r'"\xff"'),
    ],
)
def test_arguments(argument: str, written: str) -> None:
    """Plain words stay readable; everything else is quoted, with specifiers and variables turned off."""
    assert exec_argument(argument) == written


def test_command_lines() -> None:
    """A command line is its words; one that systemd would refuse is started by a shell that becomes it."""
    assert exec_line(["/usr/bin/python3", "-m", "aiemp"]) == "/usr/bin/python3 -m aiemp"
    assert exec_line(["/opt/a b/run", "%n"]) == '"/opt/a b/run" "%%n"'
    by_shell = '/bin/sh -c "exec \\"$$0\\" \\"$$@\\"" '
    assert exec_line(["/home/me/Bob's/python"]) == f'{by_shell}"/home/me/Bob\'s/python"'
    assert exec_line(["/opt/$x/run", "$y"]) == f'{by_shell}"/opt/$$x/run" "$$y"'
    assert exec_line(["/opt/run ", "x"]) == f'{by_shell}"/opt/run " x'


@pytest.mark.parametrize(
    "argv", [[], [""], ["python3"], ["./run"], ["-/bin/true"], ["@/bin/true", "x"], ["/opt/"]]
)
def test_a_program_is_an_absolute_path(argv: list[str]) -> None:
    """A bare name would be looked up elsewhere than on the unit's PATH, and `-`, `@`, `!` are no names."""
    with pytest.raises(ValueError, match="absolute path of a program"):
        exec_line(argv)


def test_environment() -> None:
    """An assignment is one quoted word, in which a dollar means itself."""
    assert environment_assignment("DRY_RUN", "true") == "DRY_RUN=true"
    assert environment_assignment("PATH", "/a b:$HOME/%n") == '"PATH=/a b:$HOME/%%n"'


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A-B", "Ä", "A\n"])
def test_environment_names(name: str) -> None:
    """systemd would ignore the whole line for a name that no variable can have."""
    with pytest.raises(ValueError, match="name of an environment variable"):
        environment_assignment(name, "x")


@pytest.mark.parametrize(
    ("path", "one", "several"),
    [
        ("/srv/vault", "/srv/vault", "/srv/vault"),
        ("/srv/my vault", "/srv/my vault", '"/srv/my vault"'),
        ("/srv/50%", "/srv/50%%", '"/srv/50%%"'),
        ('/srv/"v"', '/srv/"v"', r'"/srv/\"v\""'),
        ("/srv/$v", "/srv/$v", '"/srv/$v"'),
        ("/srv/v ", "/srv/v /", '"/srv/v "'),
        ("/srv/v\\", "/srv/v\\/", '"/srv/v\\\\"'),
        ("/", "/", "/"),
    ],
)
def test_paths(path: str, one: str, several: str) -> None:
    """A single path is taken literally and must not be quoted; in a list of paths each is."""
    assert path_value(PurePosixPath(path)) == one
    assert path_list_value(PurePosixPath(path)) == several
    assert path_list_value(PurePosixPath("/a"), PurePosixPath(path)) == f"/a {several}"


def test_bind_paths() -> None:
    """Colons inside a path do not separate source from destination; what 257 would lose is refused."""
    assert bind_path_value(PurePosixPath("/a")) == "/a:/a"
    assert bind_path_value(PurePosixPath("/a:b"), PurePosixPath("/c d")) == '"/a:b":"/c d"'
    for name in ("it's", '"', "a\tb"):
        with pytest.raises(ValueError, match="bind path"):
            bind_path_value(PurePosixPath("/srv") / name)


def test_descriptions() -> None:
    """A description is taken literally, but for specifiers, its ends, and a last backslash."""
    assert text_value(' 50% of "it" ; $5 ') == '50%% of "it" ; $5'
    assert text_value("ends\\") == "ends\\ "


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("morning_triage", "morning_triage"),
        ("drop-folder.v2", "drop-folder.v2"),
        ("a b", r"a\x20b"),
        ("a/b", r"a\x2fb"),
        ("@", r"\x40"),
        ("ü", r"\xc3\xbc"),
        (r"\x20", r"\x5cx20"),
    ],
)
def test_unit_names(name: str, part: str) -> None:
    """Names that a configuration allows stay as they are; other bytes are escaped as by systemd-escape."""
    assert unit_name_part(name) == part


def test_an_empty_unit_name() -> None:
    """`aiemp-task-.service` would be the name for the drop-ins of all tasks."""
    with pytest.raises(ValueError, match="empty name"):
        unit_name_part("")


@pytest.mark.parametrize("character", ["\n", "\r", "\0"])
def test_no_value_begins_a_new_line(character: str) -> None:
    """A line end in a value could add a directive of its own; it is refused everywhere, and named."""
    text = f"a{character}ExecStart=/bin/evil"
    path = PurePosixPath("/") / text
    refused: list[Callable[[], str]] = [
        lambda: exec_argument(text),
        lambda: exec_line(["/bin/true", text]),
        lambda: exec_line([str(path)]),
        lambda: environment_assignment("A", text),
        lambda: path_value(path),
        lambda: path_list_value(path),
        lambda: bind_path_value(path),
        lambda: text_value(text),
    ]
    for write in refused:
        with pytest.raises(ValueError, match=re.escape(repr(character))):
            write()
    assert unit_name_part(text).isascii() and character not in unit_name_part(text)


@pytest.mark.parametrize("text", ["\udcff", "\ud800", "\ufffe", "\ufdd0", "\U0010ffff"])
def test_what_systemd_takes_for_no_text(text: str) -> None:
    """A line with bytes that are no UTF-8 would be ignored: refused, but for arguments, which escape them."""
    for write in (
        lambda: environment_assignment("A", text),
        lambda: path_value(PurePosixPath("/") / text),
        lambda: path_list_value(PurePosixPath("/") / text),
        lambda: text_value(text),
    ):
        with pytest.raises(ValueError, match="cannot contain"):
            write()
    if text != "\ud800":
        assert exec_argument(text).isascii()
    else:
        with pytest.raises(ValueError, match="is no text"):
            exec_argument(text)


@pytest.mark.parametrize("path", ["", ".", "vault", "~/vault", "/srv/../vault", "/srv/.."])
def test_relative_paths(path: str) -> None:
    """A path is absolute and has no `..`: systemd refuses the unit for that, or just ignores the path."""
    for write in (path_value, path_list_value, bind_path_value):
        with pytest.raises(ValueError, match="is not an absolute path without"):
            write(PurePosixPath(path))


@given(first=ANY_TEXT, second=ANY_TEXT)
def test_different_names_stay_different(first: str, second: str) -> None:
    """No two names share a unit, and the text can be read back out of the unit's name."""
    assume(first and second)
    part = unit_name_part(first)
    assert (part == unit_name_part(second)) == (first == second)
    assert re.fullmatch(r"([A-Za-z0-9_.-]|\\x[0-9a-f]{2})+", part)
    back = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), part.encode())
    assert back.decode() == first


@given(text=ONE_LINE)
def test_every_value_is_one_line(text: str) -> None:
    """Whatever the text: one line, that does not continue on the next, with every percent sign doubled."""
    values = []
    for write in (
        lambda: exec_line(["/bin/echo", text]),
        lambda: environment_assignment("A", text),
        lambda: path_value(PurePosixPath("/") / text),
        lambda: path_list_value(PurePosixPath("/") / text),
        lambda: text_value(text),
    ):
        try:
            values.append(write())
        except ValueError:
            parts = PurePosixPath("/", text).parts
            assert ".." in parts or any(ord(one) >= 0xFDD0 for one in text), "nothing else may be refused"
    for value in values:
        assert "\n" not in value and "\r" not in value
        assert not value.endswith("\\")
        assert "%" not in value.replace("%%", "")
