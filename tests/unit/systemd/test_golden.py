"""aiemp.toml → units, compared with what was reviewed; and systemd's own opinion of each."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from aiemp.systemd.scope import Scope
from aiemp.systemd.systemctl import NoSystemd
from aiemp.systemd.units import UnitFile
from aiemp.systemd.verify import systemd_version, verify
from tests.golden.regenerate import CASES, expected, installation_of, rendered

EVERY = pytest.mark.parametrize("case", CASES)
IN_BOTH = pytest.mark.parametrize("scope", list(Scope), ids=[scope.value for scope in Scope])


@EVERY
@IN_BOTH
def test_units_are_as_reviewed(case: str, scope: Scope) -> None:
    """`make golden` writes the units anew; what it changes is reviewed as a diff."""
    now = {unit.name: unit.content for unit in rendered(case, scope)}
    reviewed = expected(case, scope)
    assert sorted(now) == sorted(reviewed)
    for name, text in now.items():
        assert text == reviewed[name], (
            f"{case}/{scope.value}/{name} has changed: run `make golden`, review the diff"
        )


@EVERY
def test_no_secret_is_in_any_unit(case: str) -> None:
    """What a watcher's environment holds stays out of the units, which everybody can read."""
    for scope in Scope:
        text = "".join(expected(case, scope).values())
        assert "s3cret" not in text and "never-in-a-unit" not in text and "_TOKEN" not in text


@EVERY
@IN_BOTH
def test_systemd_has_nothing_to_say(case: str, scope: Scope) -> None:
    """No warning and no error, apart from programs that are not on this machine."""
    if shutil.which("systemd-analyze") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("there is no systemd-analyze")
    wanted = installation_of(case, scope).systemd_version
    if systemd_version() < wanted:
        pytest.skip(f"these units are for systemd {wanted}; tests/systemd loads them there")
    assert verify(rendered(case, scope), scope, elsewhere=True) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("RestartSteeps=3", "RestartSteeps"),  # systemd-analyze verify itself ends with 0 for these
        ("TimeoutStopSec=soon", "soon"),
        ("Type=somehow", "somehow"),
        ("Environment=%Q", "%Q|specifier"),
    ],
)
@IN_BOTH
def test_what_systemd_complains_about_is_told(scope: Scope, line: str, said: str) -> None:
    """An unknown key, a bad value: told in systemd's words, about our file by its name, once."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    text = f"[Service]\nType=oneshot\nExecStart=/bin/true\n{line}\n"
    problems = verify([UnitFile("aiemp-watcher-x.service", text)], scope)
    assert problems and re.search(said, "\n".join(problems))
    assert not [problem for problem in problems if "/tmp" in problem]
    assert verify([UnitFile("aiemp-watcher-x.service", text.replace(f"{line}\n", ""))], scope) == []


def test_missing_program_is_told_unless_it_is_elsewhere() -> None:
    """Before an installation a missing Python is a fault; for units of another machine it is none."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    units = [UnitFile("aiemp-watcher-x.service", "[Service]\nExecStart=/no/such/python\n")]
    assert "/no/such/python" in "".join(verify(units, Scope.USER))
    assert verify(units, Scope.USER, elsewhere=True) == []


def test_without_systemd(tmp_path: Path) -> None:
    """A machine without systemd is told apart from a faulty unit."""
    with pytest.raises(NoSystemd, match="systemd-analyze"):
        systemd_version({"PATH": str(tmp_path)})
