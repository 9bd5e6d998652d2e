"""How ``aiemp doctor`` shows what it found, and what it ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.cli.commands.doctor import UNHEALTHY, Diagnosis
from aiemp.cli.screen import PAPER, Screen
from aiemp.cli.table import cells_of
from aiemp.doctor.checks import CHECKS
from aiemp.doctor.examination import Examination
from aiemp.doctor.findings import Finding, fail, ok, warn
from aiemp.doctor.fixing import Fixed
from aiemp.frozen import replace

REMEDY = "sudo loginctl enable-linger me-with-a-name-longer-than-the-screen"


def diagnosis(*found: Finding, left_out: tuple[str, ...] = ()) -> Diagnosis:
    because = dict.fromkeys(left_out, "linger")
    return Diagnosis(Examination({"vault": (ok("there"),), "linger": found}, left_out, because))


@pytest.mark.parametrize(
    ("found", "code", "summary"),
    [
        ((), 0, "All is well."),
        ((ok("fine"),), 0, "All is well."),
        ((warn("odd", REMEDY),), 0, "1 warning"),
        ((fail("no", REMEDY), fail("no", "x"), warn("odd", "y")), UNHEALTHY, "2 failures, 1 warning"),
    ],
)
def test_only_failures_make_it_unhealthy(found: tuple[Finding, ...], code: int, summary: str) -> None:
    """Exit status 3 when something fails; the last line sums up."""
    shown = diagnosis(*found)
    assert shown.exit_code == code
    assert shown.as_json()["healthy"] is (code == 0)
    assert shown.as_text(PAPER).splitlines()[-1] == summary


def test_each_finding_is_shown_with_its_remedy() -> None:
    """Level, check and words in one line, the remedy below; what was left out is named."""
    lines = diagnosis(fail("it stops at logout", REMEDY), left_out=("journal", "watchers")).as_text(PAPER)
    assert lines.splitlines() == [
        "ok    vault     there",
        "fail  linger    it stops at logout",
        f"                -> {REMEDY}",
        "skip  journal   skipped: because linger fails",
        "skip  watchers  skipped: because linger fails",
        "",
        "1 failure",
    ]


def test_json_names_checks_levels_and_remedies() -> None:
    """One entry for each finding: a check may have several."""
    shown = diagnosis(fail("a", "b"), warn("c", "d"), left_out=("journal",)).as_json()
    assert shown["checks"][1:] == [
        {"check": "linger", "level": "fail", "what": "a", "remedy": "b", "fixable": False},
        {"check": "linger", "level": "warn", "what": "c", "remedy": "d", "fixable": False},
    ]
    assert shown["left_out"] == ["journal"]
    assert shown["because"] == {"journal": "linger"}


def test_what_was_run_is_shown() -> None:
    """--fix tells each command, and why one did not work; without it, how many it would mend."""
    found = warn("folders are missing", "mkdir -p ~/v", ("mkdir -p /home/me/v",))
    assert "1 of these can be mended by: aiemp doctor --fix" in diagnosis(found).as_text(PAPER)
    ran = (Fixed("mkdir -p /home/me/v", True), Fixed("sudo x /home/me", False, "needs root; run it yourself"))
    shown = replace(diagnosis(found), fixed=ran, home="/home/me")
    assert shown.as_text(PAPER).splitlines()[:2] == [
        "ran     mkdir -p ~/v",
        "failed  sudo x ~: needs root; run it yourself",
    ]
    assert "doctor --fix" not in shown.as_text(PAPER)
    assert shown.as_json()["fixed"][0] == {"command": "mkdir -p ~/v", "done": True, "said": ""}


def test_lines_fit_a_terminal_and_commands_stay_whole() -> None:
    """What is told is wrapped; a command line is never broken, so that it can be copied."""
    text = diagnosis(fail("so many words that they do not fit in one line of it", REMEDY)).as_text(Screen(60))
    lines = text.splitlines()
    assert any(line.endswith(f"-> {REMEDY}") for line in lines)
    assert max(cells_of(line) for line in lines if REMEDY not in line) <= 60


def test_every_check_is_documented() -> None:
    """Scripts rely on the names: the page has each of them, with the words of the table, and no other."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "json.md").read_text(encoding="utf-8")
    table = page.partition("| check | what is well |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| `{check.name}` | {check.about} |" for check in CHECKS]


def test_nothing_can_reprogram_the_terminal() -> None:
    """A name from the vault may hold control characters."""
    assert "\x1b" not in diagnosis(fail("a\x1b[31mb", "c\x1b]0;d\x07")).as_text(PAPER)


def test_one_cause_of_many_takes_one_line() -> None:
    """A mistake in aiemp.toml keeps nearly all from being looked at; JSON names them, the screen counts them."""
    names = tuple(f"check{number}" for number in range(7))
    examination = Examination(
        {"config": (fail("f:1: no", "mend it"),)}, names, dict.fromkeys(names, "config")
    )
    lines = Diagnosis(examination).as_text(PAPER).splitlines()
    assert [line.split() for line in lines if line.startswith("skip")] == [
        ["skip", "7", "checks", "skipped:", "because", "config", "fails"]
    ]
    assert Diagnosis(examination).as_json()["left_out"] == list(names)
