"""How late a task starts: from its slot to the first line of its own command.

Each system has a plan of one task, due each five seconds, and each at another of these five, so that they do not
meet. Half a second before the next round, a Python starts that shows aiemp's version: the bare start. The naive loop
knows no seconds: its tasks are due on the minute, and some loops are started at different seconds.

``python -m benchmarks.agent.firing SETTING`` prints JSON: lags in seconds by system, and the bare starts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.agent import processes
from benchmarks.agent.lives import GONE_WITHIN_S
from benchmarks.agent.setting import Setting
from benchmarks.agent.systems import Naive, systems, timed_s

PERIOD_S = 5
BARE_AT_S = 4.55
MINUTE_S = 60
NAIVE_LOOPS = 3
FIRST_MOMENTS_S = 4.0
"""So long after the start nothing is counted: PM2 runs what its cron should run at once, too."""


def main(arguments: list[str]) -> int:
    setting = Setting.from_json(arguments[0])
    everyone = [system for system in systems(setting, "firing") if not isinstance(system, Naive)]
    loops = [Naive(setting, f"firing{number}") for number in range(NAIVE_LOOPS)]
    bare: list[float] = []
    for system in everyone:
        system.make_ready()
        system.start()
    time.sleep(FIRST_MOMENTS_S)
    began = time.time()
    waiting = list(loops)
    while time.time() - began < setting.firing_s:
        time.sleep(PERIOD_S - (time.time() - BARE_AT_S) % PERIOD_S)
        version = (setting.python, "-m", "aiemp", "--version")
        bare.append(timed_s(version, dict(os.environ), Path("/")))
        if waiting:
            loop = waiting.pop()
            loop.make_vault()
            loop.start()
    lags = {
        system.name: [(at - system.stamp_phase) % PERIOD_S for at in system.stamps() if at > began]
        for system in everyone
    }
    lags["naive"] = [at % MINUTE_S for loop in loops for at in loop.stamps()]
    for system in everyone:
        system.stop()
    for loop in loops:
        loop.kill_all()
    for system in everyone:
        if processes.wait_until(lambda system=system: not system.pids(), GONE_WITHIN_S) is None:
            system.kill_all()
    json.dump({"lags": lags, "bare": bare}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
