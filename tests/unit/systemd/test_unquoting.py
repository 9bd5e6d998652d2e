"""The way back from the quoting of unit files."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiemp.systemd.quoting import environment_assignment, exec_argument, exec_line
from aiemp.systemd.unquoting import environment_words, exec_words

TEXT = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(TEXT, max_size=5))
def test_command_lines_come_back(arguments: list[str]) -> None:
    """Whatever a command holds, it is read as it was written."""
    assert exec_words(exec_line(["/usr/bin/python3", *arguments])) == ["/usr/bin/python3", *arguments]


@given(TEXT.map(lambda text: f"/opt/{text}/python"))
def test_awkward_programs_come_back(program: str) -> None:
    """Also a program that had to be started by a shell."""
    assert exec_words(exec_line([program, "-m", "aiemp"])) == [program, "-m", "aiemp"]


@given(TEXT, st.sampled_from(["PATH", "A_1"]))
def test_variables_come_back(value: str, name: str) -> None:
    """A variable's value, also beside others in one line."""
    try:
        line = f"X=1 {environment_assignment(name, value)} Y=2"
    except ValueError:
        return  # no unit file can hold it
    assert environment_words(line) == {"X": "1", name: value, "Y": "2"}


def test_bytes_that_are_no_text_come_back() -> None:
    """A file name need not be UTF-8: its bytes are the same after quoting and unquoting."""
    name = b"/v/\xff\xfe \x1b".decode("utf-8", "surrogateescape")
    assert exec_words(exec_argument(name)) == [name]


def test_what_systemd_shows_is_understood() -> None:
    """``systemctl show`` quotes a variable as a shell would."""
    assert environment_words('"PATH=/opt/a b/bin:/usr/bin" B=c') == {
        "PATH": "/opt/a b/bin:/usr/bin",
        "B": "c",
    }
    assert environment_words('"PATH=/opt/it\'s \\"\\$HOME\\"/bin"') == {"PATH": '/opt/it\'s "$HOME"/bin'}
    assert environment_words("") == {}
