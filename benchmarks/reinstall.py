"""What an installation costs that changes nothing: it is typed after each edit, and says "unchanged".

Promise (issue Systemd): at most 4 times ``python -c "import click, jinja2"`` of the same venv, with no file
written, no reload, and at most 3 child processes.
"""

from __future__ import annotations

import json

from benchmarks.figures import Figure, paired
from tests.systemd.counted import python_of_aiemp, run_counted
from tests.systemd.employee import Employee
from tests.systemd.machine import Machine

ROUNDS = 21
TIMED = """
import json, subprocess, sys, time
def timed_ms(*argv):
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000
install = ("aiemp", "install-units", "--user")
bare = (sys.argv[1], "-c", "import click, jinja2")
print(json.dumps([[timed_ms(*install), timed_ms(*bare)] for _ in range(int(sys.argv[2]))]))
"""


def measured(machine: Machine) -> list[Figure]:
    """The figures of a second installation of the default plan."""
    employee = Employee(machine, machine.add_user("reinstall"), False, "Etc/UTC")
    employee.move_in()
    employee.configure("")
    employee.install()
    python = python_of_aiemp(machine)
    timed = machine.run([python, "-c", TIMED, python, str(ROUNDS)], user="reinstall", timeout_s=120)
    took, baseline = paired(json.loads(timed.stdout))
    again = run_counted(machine, "install-units", "--user", user="reinstall")
    assert again.answer.stdout.startswith("unchanged"), again.answer.stdout
    machine.remove_user("reinstall")
    return [
        Figure("no-op reinstall", took, 4, "ms", baseline, "`import click, jinja2`", of_baseline=True),
        Figure("... unit files written", len(again.written), 0),
        Figure("... reloads of systemd", again.reloads, 0),
        Figure("... child processes", len(again.started), 3),
    ]
