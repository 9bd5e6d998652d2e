"""Completion as a shell asks for it, and in a real bash, zsh and fish where there are any."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.cli import cli
from aiemp.cli.reference import summaries
from tests.conftest import Aiemp

ROOT = Path(__file__).resolve().parents[2]
WriteConfig = Callable[[str], Path]
OWN = '[tasks.invoice_review]\nfrequency = "hourly"\ncommand = ["true"]\n[watchers.calendar]\ncommand = ["true"]\n'


@pytest.fixture
def on_path(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment in which ``aiemp`` is a program on the PATH, as after an installation."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "aiemp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aiemp "$@"\n')
    program.chmod(0o755)
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    environ["PYTHONPATH"] = str(ROOT)
    return environ


def asked(environ: dict[str, str], vault: Path, shell: str, line: str) -> subprocess.CompletedProcess[str]:
    """What the shell's script asks, for the cursor at the end of ``line``."""
    words = line.split(" ")
    cword = words[-1] if shell == "fish" else str(len(words) - 1)
    asking = {"_AIEMP_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": cword}
    return subprocess.run(
        [sys.executable, "-m", "aiemp"],
        env={**environ, "VAULT_PATH": str(vault), **asking},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_names_of_the_configuration_are_offered(
    vault: Path, environ: dict[str, str], write_config: WriteConfig, shell: str
) -> None:
    """Own tasks and watchers too, each command its own; zsh and fish show what they are."""
    write_config(OWN)
    assert "invoice_review" in asked(environ, vault, shell, "aiemp trigger inv").stdout
    assert "calendar" not in asked(environ, vault, shell, "aiemp trigger ").stdout
    assert "calendar" in asked(environ, vault, shell, "aiemp watch c").stdout
    logs = asked(environ, vault, shell, "aiemp logs ").stdout
    assert "calendar" in logs and "invoice_review" in logs and "orchestrator" in logs
    triage = asked(environ, vault, shell, "aiemp enable morn").stdout
    assert ("Process all pending" in triage) == (shell != "bash")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_and_checks_are_offered(vault: Path, environ: dict[str, str], shell: str) -> None:
    """All of them, with a line about each where the shell shows one."""
    commands = asked(environ, vault, shell, "aiemp ").stdout
    assert all(name in commands for name in cli.members)  # type: ignore[attr-defined]
    assert ("Run one task now" in commands) == (shell != "bash")
    assert "claude-path" in asked(environ, vault, shell, "aiemp doctor cl").stdout
    assert "validate" in asked(environ, vault, shell, "aiemp config ").stdout
    assert "--over-budget" in asked(environ, vault, shell, "aiemp trigger --o").stdout


@pytest.mark.parametrize("config", ["[[[", 'vault = "/nowhere"\n[tasks.x]\n', "\x00"])
@pytest.mark.parametrize("line", ["aiemp trigger ", "aiemp logs '", 'aiemp --config "', "aiemp nonsense x "])
def test_nothing_is_said_of_mistakes(
    vault: Path, environ: dict[str, str], write_config: WriteConfig, config: str, line: str
) -> None:
    """A broken configuration or a half-typed line writes no word into the line that is being typed."""
    write_config(config)
    done = asked(environ, vault, "bash", line)
    assert done.stderr == ""
    assert "Traceback" not in done.stdout


def test_a_shell_that_asks_wrongly_hears_nothing(environ: dict[str, str], vault: Path) -> None:
    """Without the words of the line there is no answer, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "aiemp"],
        env={**environ, "_AIEMP_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("", "")


BASH = """
eval "$(aiemp completion bash)"
complete -p aiemp >/dev/null || exit 3
COMP_LINE=$1 COMP_POINT=${#1}
read -r -a COMP_WORDS <<< "$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
compopt() { :; }
_aiemp_completion aiemp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_in_a_real_bash(vault: Path, on_path: dict[str, str], write_config: WriteConfig) -> None:
    """The printed script, taken up by bash, completes names and says nothing else."""
    write_config(OWN)

    def completed(line: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", BASH, "bash", line],
            env={**on_path, "VAULT_PATH": str(vault)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    assert completed("aiemp trigger inv") == ["invoice_review"]
    assert completed("aiemp stat") == ["status"]
    assert set(completed("aiemp watch ")) == {"filesystem", "approval", "calendar"}


ZSH = """
autoload -Uz compinit && compinit -u -D
eval "$(aiemp completion zsh)"
compadd() { while [[ $1 == -* ]]; do [[ $1 == -V ]] && shift; shift; done; print -l -- ${(P)1} }
_describe() { while [[ $1 == -* ]]; do shift; done; shift; print -l -- ${(P)1} }
words=(${=1}) CURRENT=${#words}
_aiemp_completion
"""


def test_in_a_real_zsh(vault: Path, on_path: dict[str, str], write_config: WriteConfig) -> None:
    """In zsh, too, TAB completes names of tasks and options."""
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed")
    write_config(OWN)
    done = subprocess.run(
        [zsh, "-f", "-c", ZSH, "zsh", "aiemp trigger inv"],
        env={**on_path, "VAULT_PATH": str(vault)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "invoice_review" in done.stdout


def test_in_a_real_fish(vault: Path, on_path: dict[str, str], write_config: WriteConfig) -> None:
    """The same for fish, which can be asked outright."""
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    write_config(OWN)
    done = subprocess.run(
        [fish, "--no-config", "-c", "aiemp completion fish | source; complete -C 'aiemp trigger inv'"],
        env={**on_path, "VAULT_PATH": str(vault)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "invoice_review" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_without_a_vault(aiemp: Aiemp, shell: str) -> None:
    """It needs no configuration, and has a first line that says what it is."""
    done = aiemp("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"made by `aiemp completion {shell}`" in "\n".join(done.stdout.splitlines()[:2])
    assert f"{shell}_complete" in done.stdout
    assert aiemp("completion", "tcsh").returncode == 2


def test_summaries_are_current() -> None:
    """aiemp/cli/summaries.py is what `make docs` makes."""
    assert (ROOT / "aiemp" / "cli" / "summaries.py").read_text(encoding="utf-8") == summaries()
