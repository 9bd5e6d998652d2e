"""Which checks are made, which a failed one explains, and the home as ``~``."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.doctor.checks import CHECKS, Check
from aiemp.doctor.examination import examine
from aiemp.doctor.findings import Finding, Level, fail, ok, warn
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.tilde import with_tilde
from aiemp.errors import VaultError

SCENE = Scene({"HOME": "/home/me"}, datetime(2026, 11, 23, tzinfo=UTC))


def check(name: str, *found: Finding, causes: tuple[str, ...] = ()) -> Check:
    return Check(name, "", lambda _: found, causes)


def must_not_look(_: Scene) -> Iterable[Finding]:
    raise AssertionError("it was looked at")


def test_a_cause_silences_what_it_explains() -> None:
    """The consequences of a failure, and theirs, are not even looked at; what does not depend on it is."""
    checks = (
        check("bus", fail("no bus", "get one")),
        Check("units", "", must_not_look, ("bus",)),
        Check("linger", "", must_not_look, ("units",)),
        check("vault", ok("there")),
    )
    seen = examine(SCENE, (), checks)
    assert list(seen.findings) == ["bus", "vault"]
    assert seen.left_out == ("units", "linger")
    assert seen.because == {"units": "bus", "linger": "bus"}, "the first of the chain"
    assert seen.has_failed


def test_a_warning_silences_nothing() -> None:
    """Only a failure explains others."""
    checks = (check("bus", warn("odd", "mend")), check("units", ok("fine"), causes=("bus",)))
    seen = examine(SCENE, (), checks)
    assert list(seen.findings) == ["bus", "units"]
    assert not seen.has_failed
    assert seen.count(Level.WARN) == 1


def test_asked_checks_bring_their_causes() -> None:
    """Only what was asked for is made and shown; but a cause that failed is shown in its place."""
    checks = (
        check("config", ok("fine")),
        check("bus", fail("no bus", "get one"), causes=("config",)),
        Check("linger", "", must_not_look, ("bus",)),
        Check("vault", "", must_not_look),
        check("clock", ok("right")),
    )
    assert list(examine(SCENE, ("linger",), checks).findings) == ["bus"]
    assert list(examine(SCENE, ("clock",), checks).findings) == ["clock"]


def test_causes_stand_before_what_they_explain() -> None:
    """The order of the table is what makes silencing work; names are unique."""
    names = [each.name for each in CHECKS]
    assert len(set(names)) == len(names)
    for place, each in enumerate(CHECKS):
        assert set(each.causes) <= set(names[:place]), each.name


def test_home_is_shown_as_tilde() -> None:
    """In what is found and in its remedy."""
    seen = examine(SCENE, (), (check("x", fail("/home/me/v is gone", "mount /home/me/v")),))
    assert seen.findings["x"] == (fail("~/v is gone", "mount ~/v"),)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me", "~"),
        ("in /home/me, /home/me/x: y", "in ~, ~/x: y"),
        ("/home/me2/x /mnt/home/me/x /home/me.old/x", "/home/me2/x /mnt/home/me/x /home/me.old/x"),
        ("It is /home/me.", "It is ~."),
        ("--vault=/home/me/x", "--vault=~/x"),
    ],
)
def test_tilde(text: str, shown: str) -> None:
    """Only whole paths below the home are shortened."""
    assert with_tilde(text, "/home/me") == shown
    assert with_tilde(text, "/") == text
    assert with_tilde(text, "") == text


def test_commands_still_work_with_the_tilde(tmp_path: Path) -> None:
    """A shell expands it, also where the path had to be quoted."""
    import shlex

    home = tmp_path / "me"
    vault = home / "Bob's vault $HOME"
    vault.mkdir(parents=True)
    line = with_tilde(f"cd {shlex.quote(str(vault))} && pwd", str(home))
    assert str(home) not in line
    out = subprocess.run(
        ["sh", "-c", line], env={"HOME": str(home)}, capture_output=True, text=True, check=True
    )
    assert out.stdout == f"{vault}\n"


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (VaultError("/home/me/v is odd; mend it"), "~/v is odd", "mend it"),
        (KeyError("x"), "this check could not be made: KeyError: 'x'", "aiemp bugreport"),
        (PermissionError(13, "Permission denied", "/home/me/x"), "~/x: Permission denied", "mend the access"),
    ],
)
def test_a_check_that_cannot_look_stops_no_other(error: Exception, what: str, remedy: str) -> None:
    """It is a failure with what the system said, and the others are made."""

    def look(_: Scene) -> Iterable[Finding]:
        raise error

    seen = examine(SCENE, (), (Check("x", "", look, ()), check("y", ok("fine"))))
    (finding,) = seen.findings["x"]
    assert finding.level is Level.FAIL
    assert finding.what.startswith(what)
    assert remedy in finding.remedy
    assert seen.findings["y"] == (ok("fine"),)
