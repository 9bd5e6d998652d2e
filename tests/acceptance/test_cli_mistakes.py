"""Mistakes in the configuration and in names, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Aiemp

BAD_CONFIG = """\
colour = "red"

[tasks.morning_triage]
time = "25:00"

[tasks.mine]
frequency = "fortnightly"
command = ["true"]

[limits]
restarts = -1
"""


@pytest.fixture
def bad_config(write_config: Callable[[str], Path]) -> Path:
    """A configuration with four mistakes."""
    return write_config(BAD_CONFIG)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("status",),
        ("trigger", "done_archive"),
        ("run",),
        ("run", "--once"),
        ("watch", "approval"),
        ("enable", "done_archive"),
        ("config", "show"),
    ],
)
def test_every_mistake_is_shown_at_once(
    aiemp: Aiemp, bad_config: Path, vault: Path, arguments: tuple[str, ...]
) -> None:
    """Each command shows all mistakes with file and line, ends with 2, and has started nothing."""
    out = aiemp(*arguments)
    assert out.returncode == 2
    assert out.stdout == ""
    for line in (1, 4, 7, 11):
        assert f"{bad_config}:{line}: " in out.stderr
    assert not (vault / ".state").exists()
    assert not (vault / "Logs" / "aiemp").exists()


def test_validate_has_the_mistakes_as_its_result(aiemp: Aiemp, bad_config: Path) -> None:
    """``config validate`` prints them on standard output; its JSON has them all."""
    out = aiemp("config", "validate")
    assert (out.returncode, out.stderr) == (2, "")
    assert out.stdout.count(f"{bad_config}:") == 4
    answer = json.loads(aiemp("config", "validate", "--json").stdout)
    assert (answer["valid"], answer["exists"], len(answer["mistakes"])) == (False, True, 4)


def test_json_stays_valid_beside_warnings(aiemp: Aiemp, write_config: Callable[[str], Path]) -> None:
    """Warnings go to standard error, so that what reads the JSON never sees them."""
    config = write_config("")
    config.chmod(0o666)
    out = aiemp("list", "--json")
    assert out.returncode == 0
    assert "chmod go-w" in out.stderr
    assert json.loads(out.stdout)["tasks"]
    assert "chmod" not in aiemp("-q", "list").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trigger", "morning_triag"), "did you mean 'morning_triage'"),
        (("watch", "filesytem"), "did you mean 'filesystem'"),
        (("enable", "aproval"), "did you mean 'approval'"),
        (("disable", "../x"), "there is no task or watcher '../x'"),
        (("history", "nothing_like_it"), "there is no task"),
        (("logs", "../../secret"), "there is no task or watcher"),
        (("watch", "done_archive"), "there is a task of that name"),
        (("lits",), "did you mean 'list'"),
    ],
)
def test_unknown_names_are_suggested(aiemp: Aiemp, arguments: tuple[str, ...], said: str) -> None:
    """A mistyped name ends with 2 and says what was probably meant."""
    out = aiemp(*arguments)
    assert (out.returncode, out.stdout) == (2, "")
    assert said in out.stderr


def test_a_reader_that_goes_away_is_no_error(aiemp: Aiemp, environ: dict[str, str], vault: Path) -> None:
    """``aiemp ... | head -1`` is quiet, whatever was left to say."""
    for command in ("list", "config show", "status"):
        line = f'"{sys.executable}" -m aiemp --vault "$VAULT" {command} | true'
        out = subprocess.run(
            ["bash", "-c", line],
            env={**environ, "VAULT": str(vault)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert out.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_answer_that_cannot_be_written_is_an_error(environ: dict[str, str], vault: Path) -> None:
    """A full disk behind ``> file`` is told, with where, and a script sees it."""
    out = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m aiemp --vault "$VAULT" list > /dev/full'],
        env={**environ, "VAULT": str(vault)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert out.returncode == 1
    assert out.stderr.startswith("aiemp: standard output cannot be written: No space left on device; ")
    assert len(out.stderr.splitlines()) == 1


def test_closed_streams_do_no_harm(environ: dict[str, str], vault: Path, home: Path) -> None:
    """Started without any standard stream, as some supervisors do, it still works."""
    line = f'"{sys.executable}" -m aiemp --vault "$VAULT" disable done_archive >&- 2>&- <&-'
    subprocess.run(["bash", "-c", line], env={**environ, "VAULT": str(vault)}, check=True, timeout=60)
    assert "[tasks.done_archive]\nenabled = false" in (home / ".config/aiemp/aiemp.toml").read_text()


def test_an_ascii_locale_shows_what_it_can(aiemp: Aiemp, vault: Path) -> None:
    """Where the locale has no umlauts, they are escaped instead of stopping the program."""
    out = aiemp("config", "show", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert out.returncode == 0, out.stderr
    assert out.stdout.isascii()
    assert "100%" in out.stdout
