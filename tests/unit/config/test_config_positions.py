"""Where keys stand in a TOML text (aiemp.config.positions)."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.positions import KeyPath, Positions

TRICKY = '''\
# [not.a.table] and key = "none"
vault = "/x # [y]" # = [
a.b."c d" = [ "x",
  # "]", not the end
  "y", { q = 1, r = """
]] [tasks.no]
s = 1
""" }, 5,
]
[ tasks . 'x y' ] # [no]
z = """""a
b"""""
w = @@@'q
[in.text]@@@
"esc\\u0061pe" = 'a "quote"'
[[m]]
k = 1
[m.n]
j = 1979-05-27 07:32:00
[[m]]
k = [[1, 2], [
3]]
'''.replace("@", "'")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("vault",), 2),
        (("a", "b", "c d"), 3),
        (("a", "b", "c d", 1), 5),
        (("a", "b", "c d", 2, "r"), 5),
        (("a", "b", "c d", 3), 8),
        (("tasks", "x y"), 10),
        (("tasks", "x y", "z"), 11),
        (("tasks", "x y", "w"), 13),
        (("tasks", "x y", "escape"), 15),
        (("m", 0, "k"), 17),
        (("m", 0, "n", "j"), 19),
        (("m", 1), 20),
        (("m", 1, "k", 1, 0), 22),
    ],
)
def test_every_form_of_key_has_its_line(path: KeyPath, line: int) -> None:
    """Comments, strings of all kinds, arrays, inline tables and dotted keys do not confuse the lines."""
    tomllib.loads(TRICKY)
    assert Positions(TRICKY).line(path) == line
    assert path in Positions(TRICKY).paths()


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    """What is missing is reported where the table begins, or in line 1."""
    positions = Positions("\n[tasks.x]\na = 1\n")
    assert positions.line(("tasks", "x", "time")) == 2
    assert positions.line(("limits", "restarts")) == 1


def test_windows_line_ends_count_once() -> None:
    """A file with CRLF has the same lines as one with LF."""
    assert Positions('a = """\r\nx"""\r\n[t]\r\nb = 1\r\n').line(("t", "b")) == 4


def test_deep_nesting_and_broken_text_end() -> None:
    """The walk never fails and never loops, even on text that tomllib would refuse."""
    for text in ("[" * 100_000, "a = " + "[" * 100_000, "a = [ }", "= = =", "a = { [", '"""', "[a", "\0"):
        assert Positions(text).line(("zzz",)) == 1


KEYS = st.sampled_from(["a", "b-c", "D_1", "x y", 'q"u', "", "é", "#", "a.b", "1", "[t]", "true"])
SCALARS = st.one_of(
    st.sampled_from(["1", "-2.5", "true", "inf", "07:32:00", "1979-05-27T07:32:00Z", "'# [a]'", "''", '""']),
    st.sampled_from(['"a = 1\\n\\""', '"""\n[x]\n"""', "'''\n'']\n'''", '"""a\\\n  b"""""', '"\\\\"']),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ " + ", # ]\n".join(items) + "\n]"),
        st.lists(st.tuples(KEYS, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{ " + ", ".join(f"{quoted(key)} = {value}" for key, value in pairs) + " }"
        ),
    ),
    max_leaves=6,
)
TABLES = st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=4)


def quoted(key: str) -> str:
    return '"' + key.replace('"', '\\"') + '"'


@given(TABLES)
def test_every_path_of_any_document_is_found_where_it_stands(tables: dict[str, dict[str, str]]) -> None:
    """The paths found are exactly those that tomllib reads, and table and key lines are those written."""
    lines: list[str] = []
    expected: dict[KeyPath, int] = {}
    for name, pairs in tables.items():
        expected[(name,)] = len(lines) + 1
        lines.append(f"[{quoted(name)}] # comment")
        for key, value in pairs.items():
            expected[(name, key)] = len(lines) + 1
            lines += f"{quoted(key)} = {value}".split("\n")
    text = "\n".join(lines)
    positions = Positions(text)
    assert positions.paths() == frozenset(paths_of(tomllib.loads(text)))
    assert {path: positions.line(path) for path in expected} == expected


def paths_of(value: object, path: KeyPath = ()) -> list[KeyPath]:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [found for key, entry in entries for found in ((*path, key), *paths_of(entry, (*path, key)))]
