"""A call of ``aiemp`` that counts what it starts and which unit files it opens for writing."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from tests.systemd.machine import Machine

COUNTED = """
import json, sys
started, written = [], []
def note(event, about):
    if event == "subprocess.Popen":
        started.append(" ".join(map(str, about[1])))
    elif event == "open" and isinstance(about[0], str) and "systemd/" in about[0] and about[2] & 3:
        written.append(about[0])
sys.addaudithook(note)
sys.argv = ["aiemp", *sys.argv[1:]]
try:
    from aiemp.__main__ import main
    status = main()
finally:
    print(json.dumps([started, written]), file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one call did. ``started`` are the command lines of its child processes."""

    answer: subprocess.CompletedProcess[str]
    started: list[str]
    written: list[str]

    @property
    def reloads(self) -> int:
        return sum("daemon-reload" in command for command in self.started)


def run_counted(machine: Machine, *words: str, user: str | None) -> Counted:
    """Run ``aiemp WORDS`` in the machine, as root or as ``user``."""
    argv = [python_of_aiemp(machine), "-c", COUNTED, *words]
    answer = machine.run(argv, user=user)
    return Counted(answer, *json.loads(answer.stderr.splitlines()[-1]))


def python_of_aiemp(machine: Machine) -> str:
    """The Python that ``aiemp`` runs on in there."""
    return machine.run(["head", "-n1", "/usr/local/bin/aiemp"]).stdout.strip()[2:]
