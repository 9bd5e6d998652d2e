"""Reading frontmatter, however it is broken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.vault.frontmatter import Frontmatter, parse_frontmatter, read_frontmatter
from aiemp.vault.plain_fields import plain_fields


def test_an_approval_is_read(vault: Path, put) -> None:
    """Ordinary frontmatter gives its fields, with YAML's types, and no problem."""
    path = put(
        vault / "a.md",
        '---\ntype: approval_request\ntarget: "anna@example.com"\ncreated: 2026-02-27T08:06:00Z\n'
        "due: 2026-02-28\nrequires_approval: true\ntags:\n  - a\n  - b\n---\n\n# Body\n---\n",
    )
    assert read_frontmatter(path) == Frontmatter(
        {
            "type": "approval_request",
            "target": "anna@example.com",
            "created": datetime(2026, 2, 27, 8, 6, tzinfo=UTC),
            "due": date(2026, 2, 28),
            "requires_approval": True,
            "tags": ["a", "b"],
        }
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf---\ntype: email\n---\n",
        b"---\r\ntype: email\r\n---\r\nbody\r\n",
        b"\n\n---\ntype: email\n---\n",
        b"---  \ntype: email\n--- \n",
        b"---\ntype: email\n...\nbody",
        b"---\ntype: email\n---",
        b"---\ntype: email\n---\n\xff\xfe body that is no UTF-8",
    ],
)
def test_harmless_variants_are_no_problem(data: bytes) -> None:
    """A BOM, CRLF, blank lines above, trailing blanks and a broken body do not matter."""
    assert parse_frontmatter(data) == Frontmatter({"type": "email"})


@pytest.mark.parametrize(
    "data", [b"# Only a note\n", b"text\n---\na: b\n---\n", b"---- \na: b\n", b"---\n---\n"]
)
def test_no_frontmatter_is_no_problem(data: bytes) -> None:
    """A note without frontmatter, or with an empty one, simply has no fields."""
    assert parse_frontmatter(data) == Frontmatter()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"---\ntype: email\n", "not closed"),
        (b"---\n" + b"x: y\n" * 20_000 + b"---\n", "not closed within 65536 bytes"),
        (b"---\n- a\n- b\n---\n", "list"),
        (b"---\njust text\n---\n", "str"),
        ("---\na: b\n---\n".encode("utf-16"), "UTF-16"),
        (b"---\n\tx: [\n---\n", "not valid YAML"),
        (b"---\na: \x07\n---\n", "not valid YAML"),
        (b"---\na: !!python/object/apply:os.system ['true']\n---\n", "not valid YAML"),
        (b"---\n? [a, b]\n: c\n---\n", "not valid YAML"),
    ],
)
def test_broken_frontmatter_is_a_problem(data: bytes, problem: str) -> None:
    """Each way of being broken is named in the problem, in one line."""
    found = parse_frontmatter(data[: 64 * 1024])
    assert problem in found.problem
    assert "\n" not in found.problem


def test_lines_that_are_no_yaml_still_give_fields() -> None:
    """Scripts write mail subjects unquoted; the dates and types beside them must not be lost for that."""
    found = parse_frontmatter(
        b"---\ntype: email\nsubject: Re: offer: urgent\nfrom: @anna\nexpires: '2026-02-28'\nx:y\n  deep: 1\n"
        b"---\n"
    )
    assert found.problem.startswith("not valid YAML")
    assert "line 3" in found.problem
    assert found.fields == {
        "type": "email",
        "subject": "Re: offer: urgent",
        "from": "@anna",
        "expires": "2026-02-28",
    }


def test_bytes_that_are_no_utf8_are_replaced_and_reported() -> None:
    """Latin-1 frontmatter is still read, with the doubtful characters replaced."""
    found = parse_frontmatter("---\ntype: email\nsubject: Grüße\n---\n".encode("latin-1"))
    assert found.problem == "not UTF-8"
    assert found.fields["type"] == "email"


def test_dates_that_do_not_exist_stay_text() -> None:
    """One impossible date does not cost the other fields."""
    assert parse_frontmatter(b"---\ntype: x\nexpires: 2026-02-30\n---\n") == Frontmatter(
        {"type": "x", "expires": "2026-02-30"}
    )


@pytest.mark.parametrize(
    "block",
    [
        b"a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]",
        b"a: &a {x: 1}\nb: {<<: [*a, *a]}",
        b"a: " + b"[" * 60_000,
        b"a: [" + b"[]," * 20_000 + b"]",
        b"- " * 30_000,
        b"? " * 30_000,
        b"a: b:" + b" " * 60_000 + b"c: d",
        b"\n".join(b" " * n + b"a:" for n in range(300)),
    ],
)
def test_yaml_bombs_are_cut_short(block: bytes) -> None:
    """Aliases, floods of nodes and deep nesting are refused before they cost noticeable time."""
    began = time.process_time()
    assert parse_frontmatter(b"---\n" + block + b"\n---\n").problem
    assert time.process_time() - began < 2.0


def test_values_can_be_written_again() -> None:
    """Numbers too long to print and characters too odd to encode come out as harmless text."""
    found = parse_frontmatter(b"---\nn: 0x" + b"f" * 9000 + b'\ns: "\\ud800"\n"\\udfff": k\n---\n')
    assert found.fields["n"].startswith("0xfff")
    assert len(found.fields) == 3
    for key, value in found.fields.items():
        f"{key} {value}".encode()


def test_fields_cannot_be_changed() -> None:
    """Frontmatter is a value: its fields are read only."""
    with pytest.raises(TypeError):
        parse_frontmatter(b"---\na: b\n---\n").fields["a"] = "c"  # type: ignore[index]


def test_first_takes_the_first_key_that_has_a_value() -> None:
    """Vaults spell keys differently; an empty value counts as missing."""
    front = Frontmatter({"action_type": "", "Action": None, "Created-At": "x", "type": 0})
    assert front.first("action_type", "action", "created_at") == "x"
    assert front.first("type") == 0
    assert front.first("missing") is None


def test_what_cannot_be_read_is_a_problem(vault: Path) -> None:
    """A missing file, a folder, a link in a circle and a pipe are problems, and none of them blocks."""
    (vault / "loop.md").symlink_to("loop.md")
    os.mkfifo(vault / "pipe.md")
    for name in ("missing.md", "", "loop.md", "pipe.md", "nul\0.md"):
        found = read_frontmatter(vault / name)
        assert found.problem.startswith("cannot be read: ")
        assert found.fields == {}


def test_only_the_start_of_a_file_is_read(vault: Path, put) -> None:
    """A file of 50 MB costs no more than its frontmatter; the limit is the caller's."""
    path = put(vault / "big.md", "---\ntype: email\n---\n")
    os.truncate(path, 50_000_000)
    assert read_frontmatter(path).fields == {"type": "email"}
    assert "not closed within 8 bytes" in read_frontmatter(path, limit=8).problem


def test_plain_frontmatter_does_not_load_yaml(vault: Path, put) -> None:
    """PyYAML costs 19 ms of a task's start, and most files do not need it."""
    path = put(vault / "a.md", "---\ntype: approval_request\ncreated: 2026-02-27T08:06:00Z\n---\n")
    code = (
        "import sys; from pathlib import Path; from aiemp.vault.frontmatter import read_frontmatter\n"
        "assert read_frontmatter(Path(sys.argv[1])).fields['type'] == 'approval_request'\n"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


KEYS = st.sampled_from(
    ["type", "created_at", "No", "yes", "null", "on", "a-b", "_x", "é", "1", "y", "<<", "=", "-", "?"]
)
TRICKY = """true;True;FALSE;yes;No;null;~;on;OFF;2026-02-27;2026-02-30;0;007;2026-02-27T02:52:10Z
2026-02-27 02:52:10;2026-02-27T02:52:10.5+01:00;2026-02-27T2:5:1;1.5;1e3;0x1f;1:30;12345678901234567890;-5
"quoted";'single';"a" b
'it''s';"\\n";a: b;a:;a #b;a#b;http://x.y/z?a=b#c;[a, b];{a: b};*a;&a b;!x;| ;>;% x;@x;`x`;a\tb
- a;? a;y;n;= b;<<;.inf;a\\b;a, b;a];#c; x ;A B;"""
TRICKY_VALUES = TRICKY.replace("\n", ";").split(";")
VALUES = st.one_of(st.sampled_from(TRICKY_VALUES), st.text("ab 1:#-'\"\\,[]{}.TZ\t", max_size=12))
LINES = st.one_of(
    st.builds("{}:{}{}".format, KEYS, st.sampled_from(["", " ", "  ", "\t"]), VALUES),
    st.sampled_from(
        ["", "# comment", "#\x1f", "#\r", " indented: x", "- item", "  ", "text", "...", "%YAML 1.1"]
    ),
)


def assert_as_yaml_says(text: str) -> None:
    """What is read without YAML, if anything is, has YAML's values and their types."""
    fields = plain_fields(text)
    if fields is not None:
        loaded = yaml.safe_load(text) or {}
        assert fields == loaded
        assert {key: type(value) for key, value in fields.items()} == {
            key: type(value) for key, value in loaded.items()
        }


def test_each_tricky_value_is_what_yaml_says() -> None:
    """No value with a meaning of its own in YAML is mistaken for plain text, in any place of a line."""
    for value in TRICKY_VALUES:
        for text in (
            f"k: {value}",
            f"k:  {value} ",
            f"k: a{value}",
            f"k: a {value}",
            f"{value}: a",
            f"k:{value}",
        ):
            assert_as_yaml_says(text)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=5).map("\n".join))
def test_plain_fields_are_what_yaml_says(text: str) -> None:
    """Whatever is read without YAML is exactly what YAML makes of it."""
    assert_as_yaml_says(text)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda block: b"---\n" + block + b"\n---\n"),
        st.text(max_size=100).map(lambda block: f"---\na: {block}\n---\n".encode("utf-8", "replace")),
        st.text("ab:-[]{}&*!|>'\"%@`,?#0129 \n\t", max_size=80).map(
            lambda block: f"---\n{block}\n---\n".encode()
        ),
    )
)
def test_reading_frontmatter_never_raises(data: bytes) -> None:
    """Whatever the bytes, the answer is fields and a problem, both printable."""
    found = parse_frontmatter(data)
    f"{dict(found.fields)} {found.problem}".encode()
