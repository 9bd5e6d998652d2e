"""How a call of ``aiemp`` ends: at once, but for what a stranger may have left to be done at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DEADLINE_S

PACKAGE = Path(__file__).resolve().parents[2]
AT_THE_END = """
import atexit, os
atexit.register(lambda: open(os.environ["ENDED"], "w").close())
"""
OWN = """
import atexit, pathlib
def work(vault_path, dry_run=False):
    global kept
    kept = open(vault_path / "kept.txt", "w")  # nobody closes it
    kept.write("all of it")
"""


@pytest.fixture
def ended(tmp_path: Path, environ: dict[str, str]) -> Path:
    """A file that is there once a Python has ended in the usual way, which runs what was registered for that."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(AT_THE_END)
    file = tmp_path / "ended"
    environ |= {"PYTHONPATH": f"{tmp_path / 'site'}:{PACKAGE}", "ENDED": str(file)}
    return file


def called(*words: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aiemp", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )


@pytest.mark.parametrize(
    ("command", "status"), [('["true"]', 0), ('["false"]', 1), ('["sh", "-c", "seq 40000"]', 0)]
)
def test_a_call_ends_at_once_with_its_status_and_its_whole_answer(
    vault: Path,
    environ: dict[str, str],
    write_config: Callable[[str], Path],
    ended: Path,
    command: str,
    status: int,
) -> None:
    """Python is not asked to take itself apart, which is a seventh of the time of such a call; the exit status and all
    of the answer come out nonetheless, also where it is longer than a pipe holds."""
    write_config(
        f"vault = {json.dumps(str(vault))}\n[tasks.own]\nfrequency = 'hourly'\ncommand = {command}\n"
    )
    done = called("trigger", "own", "--json", environ=environ)
    assert done.returncode == status, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["result"] == "succeeded") == (status == 0)
    assert not ended.exists()


def test_a_function_of_the_owners_own_has_its_usual_end(
    vault: Path, environ: dict[str, str], write_config: Callable[[str], Path], ended: Path
) -> None:
    """What it registered for the end is run, and what it did not close is written."""
    config = write_config(
        f"vault = {json.dumps(str(vault))}\n[tasks.own]\nfrequency = 'hourly'\nfunction = 'own_task:work'\n"
    )
    (config.parent / "own_task.py").write_text(OWN)
    done = called("trigger", "own", environ=environ)
    assert done.returncode == 0, done.stderr
    assert ended.exists()
    assert (vault / "kept.txt").read_text() == "all of it"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_answer_that_cannot_be_written_is_no_success(vault: Path, environ: dict[str, str]) -> None:
    """A full disk below ``> file`` shows in the exit status."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "aiemp", "--vault", str(vault), "list"],
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=DEADLINE_S,
        )
    assert done.returncode != 0
