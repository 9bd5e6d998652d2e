"""What ``aiemp doctor --fix`` runs, and what it does not."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from aiemp.doctor.findings import closing, fail, ok, warn
from aiemp.doctor.fixing import Fixed, fix, safe_lines
from aiemp.doctor.folders import FoldersSeen, judge_folders

ENVIRON = {"PATH": "/usr/bin:/bin"}


def ran(line: str, *options: str) -> Fixed:
    (done,) = fix([line], ENVIRON, options, lambda _: None)
    return done


def test_each_safe_line_is_run_once() -> None:
    """In the order of the findings; a remedy that nobody called safe is never among them."""
    found = [
        warn("a", "x", ("mkdir -p /a",)),
        fail("b", "sudo rm -rf /"),
        fail("c", "y", ("reload", "mkdir -p /a")),
        ok("d"),
    ]
    assert safe_lines(found) == ["mkdir -p /a", "reload"]


def test_only_taking_rights_away_is_safe_by_itself() -> None:
    """Of the remedies for files that others can change."""
    assert closing("x", "chmod go-w /a").fix == ("chmod go-w /a",)
    assert closing("x", "chmod u+rw /a").fix == ()
    assert closing("x", "sudo chown me /a").fix == ()


def test_no_shell_reads_the_line(tmp_path: Path) -> None:
    """What stands in a path is a path, whatever it would mean to a shell."""
    folder = tmp_path / "a; touch b $(touch c)"
    assert ran(f"mkdir -p {shlex.quote(str(folder))}") == Fixed(f"mkdir -p {shlex.quote(str(folder))}", True)
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


def test_aiemp_is_called_as_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the configuration and the vault that doctor was called with, and the same Python."""
    told: list[str] = []
    done = fix(["aiemp --version"], ENVIRON, ["--config=/no/such"], told.append)
    assert told == ["aiemp --version"]
    assert done == [Fixed("aiemp --version", True)]
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert not ran("aiemp --version").done


def test_root_is_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing asks for a password: what needs root is left to its owner, unless he is root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert ran("sudo true") == Fixed("sudo true", False, "needs root; run it yourself")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert ran("sudo true") == Fixed("sudo true", True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no-such-program-here x", "no-such-program-here was not found"),
        ("ls /no/such/place", "No such file or directory"),
        ("chmod go-w 'x", "cannot be understood"),
    ],
)
def test_what_does_not_work_says_why(line: str, said: str) -> None:
    """And stops nothing: the next line is run."""
    failed, done = fix([line, "true"], ENVIRON, (), lambda _: None)
    assert not failed.done
    assert said in failed.said
    assert done.done


def test_folders() -> None:
    """Those that are missing are a warning with the command that makes them, quoted."""
    wanted = (Path("/my v/Done"), Path("/my v/Logs"))
    assert judge_folders(FoldersSeen(wanted)) == [ok("2 folders found")]
    (finding,) = judge_folders(FoldersSeen(wanted, wanted))
    assert finding.what == "Done, Logs are not in the vault"
    assert finding.remedy == "mkdir -p '/my v/Done' '/my v/Logs'"
    assert finding.fix == (finding.remedy,)
