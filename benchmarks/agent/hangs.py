"""What schedules hangs: who notices it? ``python -m benchmarks.agent.hangs SETTING`` prints JSON, seconds by system.

None: nobody had started another one when the time was over.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from benchmarks.agent import processes
from benchmarks.agent.lives import end, settle, start
from benchmarks.agent.setting import Setting
from benchmarks.agent.systems import System, systems

LOOK_EACH_S = 0.25


class Hang:
    """Stops the process of a system that schedules (SIGSTOP: it lives and does nothing)."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.pid = system.pid_of(system.hangs)
        assert self.pid is not None, f"{system.title} does not run"
        self.took_s: float | None = None
        self._began = time.monotonic()
        os.kill(self.pid, signal.SIGSTOP)

    def look(self) -> None:
        """See whether another process is there instead."""
        if self.took_s is None and self.system.pid_of(self.system.hangs) not in (None, self.pid):
            self.took_s = time.monotonic() - self._began

    def over(self) -> None:
        if self.took_s is None and self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)


def main(arguments: list[str]) -> int:
    setting = Setting.from_json(arguments[0])
    everyone = systems(setting)
    for system in everyone:
        start(system)
    settle(everyone)
    hangs = [Hang(system) for system in everyone]

    def look() -> bool:
        for hang in hangs:
            hang.look()
        return all(hang.took_s is not None for hang in hangs)

    processes.wait_until(look, setting.hang_s, pause_s=LOOK_EACH_S)
    for hang in hangs:
        hang.over()
        end(hang.system)
    json.dump({hang.system.name: hang.took_s for hang in hangs}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
