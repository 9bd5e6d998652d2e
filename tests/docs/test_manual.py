"""``man aiemp``: current, complete, without a warning, and installed with the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aiemp.cli import cli
from aiemp.cli.manual import escaped, manual
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "man" / "aiemp.1"


def shown(page: Path) -> str:
    """The page as ``man`` shows it."""
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    done = subprocess.run(
        ["man", "--warnings=w", "--local-file", str(page)],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "1000", "MAN_KEEP_FORMATTING": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)


def test_manual_is_current() -> None:
    """docs/man/aiemp.1 is what `make docs` makes."""
    assert PAGE.read_text(encoding="utf-8") == manual()


def test_every_command_and_option_is_named() -> None:
    """As a reader sees them, with hyphens that can be copied."""
    text = shown(PAGE)
    commands = re.findall(r"(?m)^       ([a-z][a-z0-9-]*(?: [a-z]+)?)(?: |$)", text)
    for name in cli.members:  # type: ignore[attr-defined]
        assert name in {each.split()[0] for each in commands}, name
    for option in ("--over-budget", "--run-as", "--vault PATH", "--json", "--failure-pause SECONDS"):
        assert option in text
    for heading in ("EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n{heading}\n" in text


def test_mandoc_has_no_complaint() -> None:
    """The other common reader of manual pages; it is stricter."""
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("mandoc is not installed")
    done = subprocess.run([mandoc, "-Tlint", str(PAGE)], capture_output=True, text=True, timeout=60)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        (".TH x", r"\&.TH x"),
        ("'tis --a", r"\(aqtis \-\-a"),
        ("a\\fB", r"a\efB"),
        ("é ~", r"\[u00E9] \(ti"),
    ],
)
def test_text_is_no_request(text: str, roff: str) -> None:
    """A dot or a quote at the beginning of a line, a backslash, an accent: all shown as they are."""
    assert escaped(text) == roff


def test_the_wheel_brings_it(tmp_path: Path) -> None:
    """Where `man` looks for the pages of a program in a venv's or the user's bin folder; the pages of docs/ with it."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=110,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("share/man/man1/aiemp.1")]
        assert archive.read(name) == PAGE.read_bytes()
        shipped = {Path(name).name for name in archive.namelist() if "/share/doc/aiemp/" in name}
    assert shipped == {page.name for page in (ROOT / "docs").glob("*.md")}, "messages name them"
