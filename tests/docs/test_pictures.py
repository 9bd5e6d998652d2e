"""The pictures: well-formed, and text in them is the text that was shown."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.pictures.__main__ import evened_out
from docs.pictures.svg import FAINT, INK, markdown_svg, terminal_svg
from tests.docs.pages import ROOT

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture).iter(f"{SVG}text"))


def test_colours_and_columns_of_a_terminal_are_kept() -> None:
    """A colour lasts until it is switched off, and each piece stands at its column."""
    found = texts(terminal_svg("\x1b[32mgood\x1b[0m  plain\n\x1b[2m\x1b[1m<b> & c\x1b[0m", "t"))
    assert [each.text for each in found] == ["good", "plain", "<b> & c"]
    assert [each.get("fill") for each in found] == ["#8fce7e", INK, FAINT]
    assert found[2].get("font-weight") == "bold"
    left = [float(each.get("x") or 0) for each in found]
    assert left[0] == left[2] < left[1]


def test_other_escapes_leave_no_trace() -> None:
    """Cursor movements and links are not text."""
    (found,) = texts(terminal_svg("\x1b[2K\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "t"))
    assert found.text == "link"


def test_tables_of_a_page_are_drawn_and_empty_sections_left_out() -> None:
    """A header, its rows, no line of dashes."""
    page = "# A\n\n## Empty\n\n| X |\n| - |\n| — |\n\n## Full\n\n| Y | Z |\n| --- | --- |\n| 1 | **2** |\n"
    assert [each.text for each in texts(markdown_svg(page, "t"))] == ["A", "Full", "Y", "Z", "1", "2"]


def test_what_differs_from_run_to_run_is_evened_out() -> None:
    """Folders, process numbers, seconds."""
    text = evened_out("/tmp/x/vault pid 99, pid 7, pid 99, took 0.731 s, 09:41:17", Path("/tmp/x"))
    assert text == "/home/ana/vault pid 2101, pid 2102, pid 2101, took 0.4 s, 09:41:09"


@pytest.mark.parametrize(
    ("name", "shown"), [("status", "aiemp status"), ("dashboard", "Today's Activity Log")]
)
def test_the_pictures_are_there(name: str, shown: str) -> None:
    """Well-formed, with the text to be read by programs, and nothing of the machine they were made on."""
    picture = (ROOT / "docs" / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    text = " ".join(each.text or "" for each in texts(picture))
    assert shown in text
    assert "morning_triage" in text
    assert not re.search(r"/tmp/|/work/|/root", picture)
