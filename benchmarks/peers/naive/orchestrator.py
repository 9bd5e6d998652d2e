"""The loop that aiemp's first specification describes, written from that description, as a baseline.

It starts the watchers; then, every 30 s, it runs what is due, one after the other, and at every second look it starts
watchers again that have ended. The state is one file.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

INTERVAL_S = 30
python, peers = os.environ["BENCH_PYTHON"], os.environ["BENCH_PEERS"]


@dataclass
class ScheduledTask:
    name: str
    command: list[str]
    at: clock_time | None = None
    days: tuple[int, ...] = tuple(range(7))
    every: timedelta | None = None
    last_run: datetime | None = None


def is_due(task: ScheduledTask, now: datetime) -> bool:
    if task.every is not None:
        return task.last_run is None or now - task.last_run >= task.every
    if task.at is None or now.weekday() not in task.days:
        return False
    slot = datetime.combine(now.date(), task.at, tzinfo=UTC)
    return slot <= now and (task.last_run is None or task.last_run < slot)


def own(name: str) -> list[str]:
    return [python, os.path.join(peers, "tasks.py"), name]


def registry() -> list[ScheduledTask]:
    return [
        ScheduledTask("morning_triage", own("morning_triage"), clock_time(8)),
        ScheduledTask("linkedin_post", own("linkedin_post"), clock_time(9, 30), (0, 2, 4)),
        ScheduledTask("stale_approval_check", own("stale_approval_check"), every=timedelta(hours=6)),
        ScheduledTask("daily_rollover", own("daily_rollover"), clock_time(0, 5)),
        ScheduledTask("health_dashboard_update", own("health_dashboard_update"), every=timedelta(minutes=15)),
        ScheduledTask("done_archive", own("done_archive"), clock_time(1)),
        ScheduledTask("weekly_audit_prep", own("weekly_audit_prep"), clock_time(22), (6,)),
    ]


class Orchestrator:
    def __init__(self, vault: Path, tasks: list[ScheduledTask], watchers: dict[str, list[str]]) -> None:
        self.state_file = vault / ".state/orchestrator_state.json"
        self.tasks = tasks
        self.commands = watchers
        self.watchers: dict[str, subprocess.Popen[bytes]] = {}
        self.running = True
        self.ticks = 0

    def start(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.on_signal)
        for name in self.commands:
            self.watchers[name] = subprocess.Popen(self.commands[name])
        while self.running:
            self.tick()
            self.ticks += 1
            time.sleep(INTERVAL_S)
        self.shutdown()

    def on_signal(self, _number: int, _frame: object) -> None:
        # The sleep goes on after a signal (PEP 475): as described, a stop takes up to 30 s.
        self.running = False

    def tick(self) -> None:
        now = datetime.now(UTC)
        for task in self.tasks:
            if is_due(task, now):
                subprocess.run(task.command, check=False)
                task.last_run = now
        self.save()
        if self.ticks % 2 == 0:
            for name, process in self.watchers.items():
                if process.poll() is not None:
                    self.watchers[name] = subprocess.Popen(self.commands[name])

    def save(self) -> None:
        last = {task.name: task.last_run.isoformat() for task in self.tasks if task.last_run}
        self.state_file.parent.mkdir(exist_ok=True)
        self.state_file.write_text(json.dumps({"schedule_last_run": last, "tick_count": self.ticks}))

    def shutdown(self) -> None:
        for process in self.watchers.values():
            process.terminate()
        for process in self.watchers.values():
            process.wait()
        self.save()


def main() -> None:
    vault = os.environ["BENCH_VAULT"]
    if sys.argv[1:] == ["firing"]:
        # A task at each minute of the next five: its times have no seconds.
        begin = datetime.now(UTC).replace(second=0, microsecond=0)
        times = [begin + timedelta(minutes=minute) for minute in range(1, 6)]
        stamp = ["/bin/sh", os.environ["BENCH_STAMP"]]
        tasks = [ScheduledTask(f"lag_{at:%H%M}", stamp, at.time()) for at in times]
        Orchestrator(Path(vault), tasks, {}).start()
        return
    builtin = {
        name: [python, "-m", f"aiemp.watchers.{name}", "--vault", vault, "--interval", "30"]
        for name in ("filesystem", "approval")
    }
    mail = [python, os.path.join(peers, "mail_watcher.py"), vault]
    Orchestrator(Path(vault), registry(), {**builtin, "mail": mail}).start()


main()
