"""What ``aiemp`` says of files and folders that it may not read."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.rights import OBEYING_MODES


def call(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """``aiemp`` to its end, by somebody who may read what is his own."""
    argv = [*OBEYING_MODES, sys.executable, "-m", "aiemp", *arguments]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)


def test_a_config_that_may_not_be_read_is_told(
    vault: Path, environ: dict[str, str], write_config: Callable[[str], Path]
) -> None:
    """That is why the unit failed: its owner reads it, and the alert does not fail of the same cause."""
    config = write_config("")
    config.chmod(0)
    named = ("--config", str(config), "--vault", str(vault))
    done = call(
        {**environ, "MONITOR_SERVICE_RESULT": "exit-code"}, *named, "alert", "aiemp-task-triage.service"
    )
    assert done.returncode == 0, done.stderr
    text = (vault / "Needs_Action/alerts/ALERT_task-triage.md").read_text("utf-8")
    assert "cannot be read (Permission denied)" in text


def test_a_folder_of_units_that_may_not_be_read_is_told(
    vault: Path, home: Path, environ: dict[str, str]
) -> None:
    """It looks as if there were no units, so doctor says so instead of leaving their checks out."""
    folder = home / ".config/systemd/user"
    folder.mkdir(parents=True)
    asked = ("--vault", str(vault), "doctor", "units-failed")
    assert "cannot be read" not in call(environ, *asked).stdout
    folder.chmod(0o200)
    try:
        done = call(environ, *asked)
    finally:
        folder.chmod(0o700)
    assert "cannot be read, so nobody knows which units there are" in done.stdout
    assert "chmod u+rwx" in done.stdout
    assert done.returncode == 3


def test_a_vault_that_is_shut_is_told_as_one_thing(vault: Path, environ: dict[str, str]) -> None:
    """Not by each file of it that cannot be read; and status shows what it can, instead of failing."""
    vault.chmod(0)
    try:
        status, explained = (
            call(environ, "--vault", str(vault), *words)
            for words in (("status", "--json"), ("explain", "done_archive"))
        )
    finally:
        vault.chmod(0o700)
    assert (status.returncode, status.stderr) == (3, "")
    (problem,) = json.loads(status.stdout)["problems"]
    remedy = f'sudo chown "$(id -u)" {shlex.quote(str(vault))} && chmod u+rwx {shlex.quote(str(vault))}'
    assert problem["what"] == f"the vault folder {vault} cannot be read"
    assert problem["remedy"].endswith(remedy)
    assert explained.stderr.splitlines() == [f"aiemp: {problem['what']}; {problem['remedy']}"]
