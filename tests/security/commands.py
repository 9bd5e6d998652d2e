"""Every command that reads or writes in the vault, one after another: ``python -m tests.security.commands VAULT``.

Each is a process of its own, forked, since loading the program a hundred times would be most of the work.
"""

from __future__ import annotations

import os
import sys

from aiemp.cli.entry import run

TASKS = (
    *("morning_triage", "linkedin_post", "stale_approval_check", "daily_rollover", "weekly_audit_prep"),
    *("health_dashboard_update", "done_archive", "shout", "asks"),
)
COMMANDS = (
    *(("trigger", task) for task in TASKS),
    ("trigger", "fails", "--scheduled"),  # which raises an alert
    *(("watch", "filesystem", "--once"), ("watch", "approval", "--once"), ("run", "--once")),
    *(
        ("pause", "--reason", "a reason"),
        ("status",),
        ("resume",),
        ("status", "--json"),
        ("history",),
        ("list",),
    ),
    *(("check",), ("logs", "shout"), ("logs",), ("doctor",), ("config", "show"), ("init",)),
)
CONFIG = """
[tasks.shout]
command = ["/bin/echo", "shouted"]
frequency = "daily"
time = "00:00"
[tasks.fails]
command = ["/bin/false"]
frequency = "daily"
time = "00:00"
max_attempts = 1
[tasks.asks]
prompt = "Say hello"
frequency = "daily"
time = "00:00"
[watchers.noise]
command = ["/bin/echo", "noise"]
"""
DEADLINE_S = 60


def main(vault: str) -> None:
    """Run all; what they say goes to this process's streams."""
    os.umask(int(os.environ.get("TEST_UMASK", "022"), 8))
    for command in COMMANDS:
        print("$", *command, flush=True)
        pid = os.fork()
        if pid == 0:
            import signal

            signal.alarm(DEADLINE_S)  # one that hangs, on a FIFO maybe, is ended and seen by its status
            os._exit(run(["--vault", vault, *command]))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print("=", status, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
