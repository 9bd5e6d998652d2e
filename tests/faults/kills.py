"""Real processes killed at random moments of their life: triggers, and an orchestrator with all that it keeps."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

from aiemp.locks import probe
from aiemp.places import Places
from tests.conftest import processes_naming
from tests.faults.processes import Bench, file_problems, own_task, run_problems
from tests.faults.tally import Tally

ATTEMPTS = "max_attempts = 50\nretry_delay_minutes = 0\n"
TASKS_OF_A_VAULT = 20
NAP_S = 86_000


def killed_triggers(folder: Path, seed: int, kills: int) -> Tally:
    """``aiemp trigger`` killed at a random moment, and started again until its run is done."""
    tally = Tally()
    rng = random.Random(f"{seed} triggers")
    for first in range(0, kills, TASKS_OF_A_VAULT):
        names = [f"task_{first + n}" for n in range(min(TASKS_OF_A_VAULT, kills - first))]
        bench = Bench(folder / f"triggers-{first}", "".join(own_task(name, ATTEMPTS) for name in names))
        began = time.monotonic()
        bench.run("trigger", names[0], "--scheduled")  # one that lives to its end, to know how long that is
        life_s = time.monotonic() - began
        for name in names[1:] + names[:1]:
            _kill(bench.start("trigger", name, "--scheduled"), rng.uniform(0, 1.05 * life_s))
            alone = bench.until(lambda bench=bench: bench.is_idle())
            after = bench.run("trigger", name, "--scheduled")
            problems = [] if alone else ["doubled: its lock is held by nobody who lives"]
            if after or name not in bench.settled():
                problems.append(f"lost: {name} does not run afterwards: {bench.said()[-300:]}")
            tally.note(f"trigger of {name} killed", problems)
        _conclude(tally, bench, run_problems(bench, names) + file_problems(bench))
    return tally


def killed_orchestrators(folder: Path, seed: int, kills: int) -> Tally:
    """``aiemp run`` with watchers and due tasks killed at a random moment, alone or with all that it has started;
    then the next one."""
    tally = Tally()
    rng = random.Random(f"{seed} orchestrators")
    names = [f"task_{n}" for n in range(max(2, kills // 2))]
    nap = f'[watchers.nap]\ncommand = ["sleep", "{NAP_S + seed % 1000}"]\n'
    bench = Bench(folder / "orchestrators", "".join(own_task(name, ATTEMPTS) for name in names) + nap)
    for number in range(kills):
        process = bench.start("run", "--interval", "1")
        bench.until(lambda: probe(Places(bench.vault).orchestrator_lock) is not None)
        how = rng.choice(("alone", "with all", "early"))
        if how == "early":  # what is started here is killed while it starts
            _kill(process, 0.0)
            process = bench.start("run", "--interval", "1")
            _kill(process, rng.uniform(0, 1.0))
        else:
            _kill(process, rng.uniform(0, 2.0), bench if how == "with all" else None)
        tally.note(f"orchestrator killed {how}, number {number}", _copies(bench, seed))
    before = len(bench.said())
    last = bench.start("run", "--interval", "1")
    problems: list[str] = []
    # All tasks may have run by now: it is to keep the watchers, too, before it is told to stop.
    if not bench.until(lambda: "watcher nap" in bench.said()[before:]):
        problems.append("refused: the last one does not start")
    if not bench.until(lambda: set(names) <= bench.settled(), 10.0 + 3.0 * len(names)):
        problems.append(f"lost: {set(names) - bench.settled()} do not run")
    if not bench.until(lambda: len(_copies_of_nap(seed)) == 1):
        problems.append("lost: the watcher is not back")
    problems += _copies(bench, seed)
    last.send_signal(signal.SIGTERM)
    if last.wait(60) != 0:
        problems.append(f"refused: the last one ended with {last.returncode}")
    _conclude(tally, bench, problems + run_problems(bench, names) + file_problems(bench))
    return tally


def _kill(process: subprocess.Popen[bytes], after_s: float, bench: Bench | None = None) -> None:
    """Kill it, or everything on the bench, after so long; it may have ended by then."""
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    if bench is not None:
        bench.kill_all()
    process.wait()


def _copies_of_nap(seed: int) -> list[int]:
    return processes_naming(f"sleep {NAP_S + seed % 1000}")


def _copies(bench: Bench, seed: int) -> list[str]:
    """Watchers of which there is more than one."""
    counts = {"nap": len(_copies_of_nap(seed))}
    for name in ("filesystem", "approval"):
        module = f"aiemp.watchers.{name} --vault {bench.vault}"
        counts[name] = len(processes_naming(module))
    return [f"doubled: {count} copies of the watcher {name}" for name, count in counts.items() if count > 1]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    except OSError:
        return "one that has ended meanwhile"


def _conclude(tally: Tally, bench: Bench, problems: list[str]) -> None:
    """What shows only when all is over is counted with the kills of its vault."""
    if bench.processes():
        bench.until(lambda: not bench.processes(), 20.0)
    left = bench.processes()
    if left:
        problems.append(f"left over: {[command_of(pid) for pid in left]}")
        bench.kill_all()
    tally.conclude(bench.folder.name, problems)
