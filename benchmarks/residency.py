"""What the orchestrator costs while nothing happens: the memory it holds, and how often it wakes up.

Promises (issue Systemd): resident at most 1.6 times a bare ``python -c 'time.sleep'`` of the same venv, and no
wake-up beyond tick and watchdog. Both run as services of the same user, with the default plan.
"""

from __future__ import annotations

import json
import os
import signal
from types import TracebackType

from benchmarks.figures import Figure
from tests.systemd.counted import python_of_aiemp
from tests.systemd.employee import ORCHESTRATOR, Employee
from tests.systemd.machine import Machine

SAMPLED = """
import json, signal, sys, time
over = []
signal.signal(signal.SIGTERM, lambda *_: over.append(True))
def switches():
    with open(f"/proc/{sys.argv[1]}/status") as status:
        return sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        facts = dict(line.split()[:2] for line in rollup if line.split()[0] in ("Rss:", "Pss:"))
    return {name: int(value) for name, value in facts.items()}
started, moments, before = time.monotonic(), [], switches()
first = before
while not over:
    time.sleep(0.1)
    now = switches()
    if now != before:
        moments.append(time.monotonic())
    before = now
resident = [resident_kb(pid) for pid in sys.argv[1:]]
print(json.dumps([time.monotonic() - started, before - first, moments, resident]))
"""
LIBRARIES = "import datetime, json, logging, pathlib, re, subprocess, typing, zoneinfo"
"""What no part of the orchestrator could do without: less than this cannot be reached by importing less."""

PAUSE_S = 1.0
"""What happens closer together than this is one wake-up: a tick waits for systemctl, and so switches often."""


class Watch:
    """Within, an orchestrator of the default plan runs and is looked at; afterwards there are its figures."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.figures: list[Figure] = []
        self.remark = ""

    def __enter__(self) -> Watch:
        machine = self.machine
        self._employee = Employee(machine, machine.add_user("resident"), False, "Etc/UTC")
        self._employee.move_in()
        self._employee.configure("")
        self._employee.install("--now")
        bare = [python_of_aiemp(machine), "-P", "-c", "import time; time.sleep(86400)"]
        machine.run(["systemd-run", "--user", "--quiet", "--unit=bare", *bare], user="resident")
        libraries = [*bare[:-1], f"{LIBRARIES}; {bare[-1]}"]
        machine.run(["systemd-run", "--user", "--quiet", "--unit=libraries", *libraries], user="resident")
        units = (ORCHESTRATOR, "bare.service", "libraries.service")
        pids = [str(self._employee.pid(unit)) for unit in units]
        self._sampler = machine.background(["/usr/bin/python3", "-c", SAMPLED, *pids])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._sampler.pid, signal.SIGTERM)
        out, err = self._sampler.communicate(timeout=30)
        if error is None:
            assert out, err.decode()
            self._conclude(*json.loads(out))

    def _conclude(
        self, lasted_s: float, switches: int, moments: list[float], resident: list[dict[str, int]]
    ) -> None:
        assert self._employee.pid(ORCHESTRATOR), "the orchestrator has ended"
        self._employee.systemctl("stop", ORCHESTRATOR)  # it writes down how often it ticked
        state = json.loads(self._employee.read(".state/orchestrator_state.json"))
        ticks = state["tick_count"] - 1  # the first one came before READY
        wake_ups = sum(
            later - earlier > PAUSE_S for earlier, later in zip([0.0, *moments], moments, strict=False)
        )
        ours, bare, libraries = ({name[:3]: kb / 1024 for name, kb in each.items()} for each in resident)
        sleep = "`time.sleep`"
        self.figures = [
            Figure("orchestrator, RSS", ours["Rss"], 1.6, "MiB", bare["Rss"], sleep, of_baseline=True),
            Figure(f"... wake-ups in {lasted_s:.0f} s (ticks: {ticks})", wake_ups, ticks),
        ]
        pss, floor = ours["Pss"] / bare["Pss"], libraries["Rss"] / bare["Rss"]
        self.remark = (
            f"The orchestrator's PSS is {ours['Pss']:.1f} MiB, {pss:.2f} times that of the bare one. A Python that "
            f"has imported its part of the standard library, and no more, has {floor:.2f} times the bare one's RSS. "
            f"{switches / lasted_s * 60:.0f} voluntary context switches a minute."
        )
