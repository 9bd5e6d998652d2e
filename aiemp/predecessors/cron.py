"""Jobs of cron that name the vault: the user's own crontab, and the machine's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote

from aiemp.asked import ask
from aiemp.predecessors import Predecessor, names_vault, shortened, spellings
from aiemp.process import find_program

MACHINES = (Path("/etc/crontab"), Path("/etc/cron.d"))
PATIENCE_S = 5.0
LARGEST = 256 * 1024

COMMENT_OUT = '{line = $0; $1 = $1} $0 == ENVIRON["JOB"] {line = "#" line} {print line}'
"""A program for awk; ``$1 = $1`` makes one blank of several."""

_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*)")


def cron_jobs(
    vault: Path, environ: Mapping[str, str], machines: tuple[Path, ...] = MACHINES
) -> Iterator[Predecessor]:
    """Each job that has the vault's path in it, or a variable that holds it."""
    names = spellings(vault, environ)
    for _, line in _jobs(_crontab(environ), names):
        # By the line itself: by its number, another one would go once somebody has changed the table.
        job = quote(" ".join(line.split()))
        off = f"crontab -l | JOB={job} awk '{COMMENT_OUT}' | crontab -"
        yield Predecessor("cron", "your crontab", shortened(line), off, job=line)
    for file in _files(machines):
        for number, line in _jobs(_text(file), names):
            off = f"sudo sed -i '{number}s/^/#/' {quote(str(file))}"
            yield Predecessor("cron", f"{file}, line {number}", shortened(line), off, job=line)


def _jobs(text: str, names: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """The lines that run something of the vault's, with their numbers."""
    known = names
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        variable = _VARIABLE.fullmatch(line)
        if variable is None:
            if names_vault(line, known):
                yield number, line
        elif names_vault(variable[2], known):
            known = (*known, f"${variable[1]}", f"${{{variable[1]}}}")


def _crontab(environ: Mapping[str, str]) -> str:
    """The user's own; empty when there is none, or no cron."""
    program = find_program("crontab", environ)
    if program is None:
        return ""
    answer = ask([str(program), "-l"], environ=environ, timeout_s=PATIENCE_S)
    return answer.out if answer.code == 0 else ""


def _files(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        try:
            yield from sorted(place.iterdir()) if place.is_dir() else [place]
        except OSError:
            continue


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
