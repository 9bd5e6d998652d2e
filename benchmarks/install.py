"""What an installation costs, and a second one that changes nothing: that is typed after each edit.

Beside them, in the same rounds, what others need to bring what runs up to date with a configuration that has not
changed: honcho writes its units again and has systemd read them; supervisord and PM2 compare, or start all again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.findings import Figure, Findings, Table
from benchmarks.place import INSIDE, PREFIX, Booted, booted, place
from benchmarks.samples import percentile
from tests.systemd.counted import run_counted
from tests.systemd.employee import Employee

ROUNDS = 15
FRESH_ROUNDS = 3
TIMED = """
import json, os, subprocess, sys, time
rounds, commands = json.loads(sys.argv[1])
found = {name: [] for name in commands}
for _ in range(rounds):
    for name, steps in commands.items():
        began = time.perf_counter()
        for argv in steps:
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found[name].append((time.perf_counter() - began) * 1000)
print(json.dumps(found))
"""
FRESH, UNCHANGED, BARE = "install", "install again, unchanged", '`python -c "import click, jinja2"`'
HONCHO = "`honcho export systemd`, `systemctl daemon-reload`"


def measure() -> Findings:
    here = booted()
    if here is None:
        return Findings(left_out=f"no systemd can be booted here ({place().no_systemd})")
    machine = here.machine
    employee = Employee(machine, machine.add_user("install"), False, "Etc/UTC")
    employee.move_in()
    employee.configure("")
    python = str(PREFIX / "bin/python")
    fresh = _timed(
        here,
        FRESH_ROUNDS,
        {
            FRESH: [["aiemp", "install-units", "--user"]],
            "uninstall": [["aiemp", "uninstall-units", "--user"]],
        },
    )
    employee.install()
    out = str(employee.user.home / "honcho")
    procfile = str(INSIDE / "benchmarks/peers/honcho/Procfile")
    honcho = [python, "-m", "honcho", "-f", procfile, "export", "systemd", "-a", "peer", "-u", "install", out]
    again = _timed(
        here,
        ROUNDS,
        {
            UNCHANGED: [["aiemp", "install-units", "--user"]],
            BARE: [[python, "-c", "import click, jinja2"]],
            HONCHO: [honcho, ["systemctl", "--user", "daemon-reload"]],
        },
    )
    counted = run_counted(machine, "install-units", "--user", user="install")
    assert counted.answer.stdout.startswith("unchanged"), counted.answer.stdout
    machine.remove_user("install")
    ratio = median(ours / bare for ours, bare in zip(again[UNCHANGED], again[BARE], strict=True))
    rows = [[name, median(took), percentile(took, 95)] for name, took in {**fresh, **again}.items()]
    detail = (
        f"{len(counted.written)} files written, {counted.reloads} reloads, {len(counted.started)} processes"
    )
    return Findings(
        figures=[Figure("reinstall", ratio, detail)],
        tables=[Table("The default plan, in ms", ("", "median", "p95"), rows)],
        notes=[
            "What PM2 and supervisord need for this is the column `repeat` of the whole systems: "
            "`pm2 startOrReload` starts all again, `supervisorctl update` compares."
        ],
    )


def _timed(
    here: Booted, rounds: int, commands: Mapping[str, Sequence[Sequence[str]]]
) -> dict[str, list[float]]:
    told = json.dumps([rounds, commands])
    python = str(PREFIX / "bin/python")
    done = here.machine.run(
        [python, "-c", TIMED, told], user="install", timeout_s=120, env={"PYTHONPATH": str(INSIDE / "python")}
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found
