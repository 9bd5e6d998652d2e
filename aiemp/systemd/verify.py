"""What systemd itself says about units before they are installed; the only caller of systemd-analyze(1)."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiemp.asked import Answer, Silence, ask
from aiemp.errors import AiempError
from aiemp.systemd.scope import Scope
from aiemp.systemd.systemctl import NoSystemd
from aiemp.systemd.units import UnitFile

PROGRAM = "systemd-analyze"
PATIENCE_S = 120.0
LONGEST_SAYING = 500

_VERSION = re.compile(r"^systemd (\d+)", re.MULTILINE)
_ELSEWHERE = re.compile(r"is not executable: No such file or directory|Failed to (locate|find) executable")


def verify(
    units: Sequence[UnitFile],
    scope: Scope,
    environ: Mapping[str, str] | None = None,
    *,
    elsewhere: bool = False,
) -> list[str]:
    """What is wrong with ``units``, one line each; empty when systemd has nothing to say.

    Its exit status is not enough: it is 0 for an unknown key and for a value that is ignored (measured on
    252). ``elsewhere``: the units are for another machine, so programs need not be on this one. Raises
    NoSystemd where there is no systemd-analyze.
    """
    with tempfile.TemporaryDirectory(prefix="aiemp-verify-") as name:
        folder = Path(name)
        for unit in units:
            (folder / unit.name).write_text(unit.content, encoding="utf-8", errors="surrogateescape")
        runtime = folder / "runtime"  # a user manager, even one that only looks, wants XDG_RUNTIME_DIR
        runtime.mkdir(mode=0o700)
        environ = {**(os.environ if environ is None else environ), "XDG_RUNTIME_DIR": str(runtime)}
        files = [str(folder / unit.name) for unit in units]
        done = _run([f"--{scope.value}", "verify", "--man=no", "--recursive-errors=no", *files], environ)
        if "unrecognized option" in done.err:  # --recursive-errors= came with 250
            done = _run([f"--{scope.value}", "verify", "--man=no", *files], environ)
        return _problems(done, units, f"{name}/", elsewhere=elsewhere)


def systemd_version(environ: Mapping[str, str] | None = None) -> int:
    """The version of the systemd on this machine. Raises NoSystemd when there is none."""
    said = _run(["--version"], os.environ if environ is None else environ).out
    found = _VERSION.search(said)
    if found is None:
        raise AiempError(f"{PROGRAM} --version says {said[:60]!r}, which is no version of systemd")
    return int(found[1])


def _problems(done: Answer, units: Sequence[UnitFile], folder: str, *, elsewhere: bool) -> list[str]:
    # Units of the machine are loaded too, and may have faults of their own.
    stems = [unit.name.replace("@.", "@") for unit in units]
    stems = [stem.partition("@")[0] + "@" if "@" in stem else stem for stem in stems]
    said = [line.replace(folder, "") for line in done.err.splitlines() if line.strip()]
    ours = [line for line in said if any(stem in line for stem in stems)]
    problems = [line for line in ours if not (elsewhere and _ELSEWHERE.search(line))]
    if done.code != 0 and not ours:
        saying = " / ".join(said)[-LONGEST_SAYING:] or "nothing"
        problems.append(f"{PROGRAM} verify ended with {done.code} and said {saying}")
    return problems


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> Answer:
    env = {**environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_LOG_LEVEL": "notice"}
    env |= {"SYSTEMD_LOG_TARGET": "console", "SYSTEMD_LOG_LOCATION": "0", "SYSTEMD_LOG_TIME": "0"}
    env |= {"SYSTEMD_LOG_TID": "0", "SYSTEMD_PAGER": "cat"}
    answer = ask([PROGRAM, *arguments], environ=env, timeout_s=PATIENCE_S)
    if answer.silence is Silence.MISSING:
        raise NoSystemd(f"there is no {PROGRAM} on this machine, so no systemd to make units for")
    if answer.silence:
        raise AiempError(f"{PROGRAM} {' '.join(arguments)[:60]} {answer.problem}")
    return answer
