"""What it costs to render the units of a plan, whole commands: aiemp, and who else makes units for systemd.

Beside them, in the same rounds, what each command of aiemp that renders pays anyway: a Python that has imported click
and jinja2. In the process, a plan far larger than anybody's is rendered for both kinds of installation.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Plan, Watcher
from aiemp.systemd.installation import Installation
from aiemp.systemd.scope import Scope
from aiemp.systemd.units import render
from benchmarks import peer_packages
from benchmarks.findings import Curve, Figure, Findings, Plot, Table
from benchmarks.place import booted
from benchmarks.samples import Took, command_took, cpu_ms, growth, interleaved, median_cpu_ms

SIZES = (10, 100, 1_000)
ROUNDS = 5
TASKS, WATCHERS = 1_000, 100
CRONTAB = Path("/etc/crontab")
GENERATED = """
import json, resource, subprocess, sys
def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000
took = []
for _ in range(int(sys.argv[2])):
    subprocess.run(["rm", "-rf", "/tmp/generated"], check=True)
    subprocess.run(["mkdir", "/tmp/generated"], check=True)
    before = cpu_ms()
    subprocess.run(["/usr/bin/python3", sys.argv[1], "/tmp/generated"], check=True, capture_output=True)
    took.append(cpu_ms() - before)
print(json.dumps(sorted(took)[len(took) // 2]))
"""


def measure() -> Findings:
    costs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            runs = interleaved(_commands(Path(folder) / str(size), size), ROUNDS)
            for name, took in runs.items():
                costs.setdefault(name, []).append(cpu_ms(took))
    generator, left_out = _generator_costs()
    if generator:
        costs["systemd-cron's generator"] = generator
    columns = ("processor ms, for so many tasks", *(f"{size:,}" for size in SIZES), "growth")
    rows = [[name, *values, growth(SIZES, values)] for name, values in costs.items()]
    curves = [Curve(name.replace("`", ""), SIZES, values) for name, values in costs.items()]
    large = {scope.value: _large_ms(scope) for scope in Scope}
    detail = ", ".join(f"--{scope} {ms:.0f}" for scope, ms in large.items())
    notes = [
        "aiemp makes two units for each task, quoted, sandboxed, and with the reasons in them; honcho makes one for "
        "each process, the generator two for each line of the crontab. A task's service names all that come before "
        "it, so the text of a thousand is 18 MB: that part grows with the square.",
    ]
    if left_out:
        notes.append(f"systemd-cron is left out: {left_out}.")
    return Findings(
        figures=[Figure("render", max(large.values()), detail)],
        tables=[Table("", columns, rows)],
        plots=[Plot("render", "Making units", "tasks", "processor ms", curves)],
        notes=notes,
    )


def _commands(home: Path, size: int) -> dict[str, partial[Took]]:
    (home / ".config/aiemp").mkdir(parents=True)
    (home / "vault/Needs_Action").mkdir(parents=True)
    tasks = "".join(_task(number) for number in range(size))
    config = f"vault = {json.dumps(str(home / 'vault'))}\n{tasks}"
    (home / ".config/aiemp/aiemp.toml").write_text(config, encoding="utf-8")
    procfile = "".join(f"task{number}: /bin/true {number}\n" for number in range(size))
    (home / "Procfile").write_text(procfile, encoding="utf-8")
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    aiemp = [sys.executable, "-m", "aiemp", "render", "--user"]
    honcho = [sys.executable, "-m", "honcho", "-f", str(home / "Procfile"), "export", "systemd"]
    with_peers = {**environ, "PYTHONPATH": os.fspath(peer_packages.libraries())}
    return {
        "`aiemp render`": partial(command_took, aiemp, environ),
        "`honcho export systemd`": partial(
            command_took, [*honcho, "-a", "peer", "-u", "nobody", str(home / "honcho")], with_peers, home
        ),
        '`python -c "import click, jinja2"`': partial(
            command_took, [sys.executable, "-c", "import click, jinja2"], environ
        ),
    }


def _task(number: int) -> str:
    return f'[tasks.task{number}]\nfrequency = "daily"\ntime = "08:00"\ncommand = ["/bin/true", "{number}"]\n'


def _generator_costs() -> tuple[list[float], str]:
    """systemd-cron's generator reads files at fixed places, so it runs in the machine alone."""
    here = booted()
    if here is None:
        return [], "its generator reads the machine's own crontab, so it wants a machine of its own"
    generator, reason = peer_packages.cron_generator()
    if generator is None:
        return [], reason
    here.machine.copy_in(generator, "/opt/bench/systemd-cron")
    script = "/opt/bench/systemd-cron/systemd-crontab-generator"
    found = []
    for size in SIZES:
        here.machine.write_file(CRONTAB, "".join(_cron_lines(size)))
        command = ["/usr/bin/python3", "-c", GENERATED, script, str(ROUNDS)]
        found.append(float(json.loads(here.machine.run(command, timeout_s=60).stdout)))
    return found, ""


def _cron_lines(size: int) -> Iterator[str]:
    for number in range(size):
        yield f"0 8 * * * root /bin/true {number}\n"


def _large_ms(scope: Scope) -> float:
    plan, where = large_plan(), installation(scope)
    return median_cpu_ms(lambda: render(plan, where), ROUNDS)


def large_plan() -> Plan:
    """The built-in tasks over and over, all enabled, and watchers of the user's own."""
    tasks = (replace(SCHEDULE_REGISTRY[n % 7], name=f"task_{n}", enabled=True) for n in range(TASKS))
    watchers = (Watcher(f"watcher_{n}", command=("python3", f"{n}.py")) for n in range(WATCHERS))
    return Plan(Path("/home/someone/Vault"), tasks=tuple(tasks), watchers=tuple(watchers))


def installation(scope: Scope) -> Installation:
    """One of a user called someone."""
    return Installation(
        scope=scope,
        python=Path("/home/someone/.local/bin/python"),
        path_variable="/home/someone/.local/bin:/usr/local/bin:/usr/bin:/bin",
        home=Path("/home/someone"),
        unit_folder=Path("/etc/systemd/system"),
        systemd_version=252,
        run_as="someone",
        uid=1000,
    )
