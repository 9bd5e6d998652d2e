"""The lives of whole systems: started, looked at, hurt, stopped, in turn and several times; then idle side by side.

``python -m benchmarks.agent.lives SETTING``, which is JSON, prints JSON: for each system lists of what was measured.
Times are in seconds, memory in KiB. None in a list: it did not come about in time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.agent import processes
from benchmarks.agent.setting import Setting
from benchmarks.agent.systems import WATCHERS, AiempLocal, AiempSystemd, Naive, System, systems, timed_s

UP_WITHIN_S = 30.0
AGAIN_WITHIN_S = 12.0
GONE_WITHIN_S = 45.0
QUIET_S = 0.5
SETTLES_WITHIN_S = 15.0

EXTRA_CRASHES = 15
STATUS_ROUNDS = 15
BUILT_IN = ("filesystem", "approval")
SAMPLE_S = 0.1
LONG_WAKE_UP_S = 0.5

Found = dict[str, dict[str, list[Any]]]


def start(system: System) -> float | None:
    """Start it; how long it takes until the command is back and all three watchers have looked for the first time."""
    system.make_ready()
    before = {name: system.beat_ns(name) for name in WATCHERS}
    began = time.monotonic()
    system.start()
    up = processes.wait_until(
        lambda: all(system.beat_ns(name) > before[name] for name in WATCHERS), UP_WITHIN_S
    )
    return None if up is None else time.monotonic() - began


def settle(everyone: Sequence[System]) -> None:
    """Wait until they are at rest: what is up still imports, writes and gives memory back for a moment. At rest is
    that no process has used the processor for half a second; one that never rests is looked at as it is."""
    used_s, since = -1.0, time.monotonic()

    def is_at_rest() -> bool:
        nonlocal used_s, since
        now_s = sum(processes.cpu_s(pid) for system in everyone for pid in system.pids())
        if now_s != used_s:
            used_s, since = now_s, time.monotonic()
        return time.monotonic() - since >= QUIET_S

    processes.wait_until(is_at_rest, SETTLES_WITHIN_S, pause_s=0.05)


def stop(system: System) -> float | None:
    """Stop it; how long it takes until none of its processes is left."""
    left = [processes.identity(pid) for pid in system.pids()]
    began = time.monotonic()
    system.stop()
    gone = processes.wait_until(
        lambda: not system.pids() and not any(map(processes.is_alive, left)), GONE_WITHIN_S
    )
    return None if gone is None else time.monotonic() - began


def end(system: System) -> None:
    """Stop it, and kill what does not stop. The naive loop would take half a minute."""
    if isinstance(system, Naive) or stop(system) is None:
        system.kill_all()
    processes.wait_until(lambda: not system.pids(), GONE_WITHIN_S)


def crash(system: System, watcher: str, within_s: float = AGAIN_WITHIN_S) -> float | None:
    """Kill a watcher; how long it takes until its successor has looked for the first time."""
    pid = system.pid_of(WATCHERS[watcher])
    if pid is None:
        return None
    before = system.beat_ns(watcher)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    took = processes.wait_until(lambda: system.beat_ns(watcher) > before, within_s, pause_s=0.001)
    return None if took is None else time.monotonic() - began


def memory(system: System) -> list[dict[str, Any]]:
    """What each of its processes holds."""
    return [
        {"command": processes.command_line(pid)[:160], **processes.memory_kib(pid)}
        for pid in sorted(system.pids())
    ]


def live(system: System, found: dict[str, list[Any]], bare: dict[str, list[float]], last: bool) -> None:
    """One life."""
    found["start"].append(start(system))
    settle([system])
    found["memory"].append(memory(system))
    if isinstance(system, AiempSystemd):
        found["manager"].append([processes.memory_kib(pid) for pid in system.manager_pids()])
    if system.repeat_command and not system.name.startswith("pm2"):
        found["repeat"].append(timed_s(system.repeat_command, system.environ, system.home))
    if isinstance(system, Naive):
        if last:  # it looks for dead watchers each minute
            found["crash"].append(crash(system, "mail", within_s=65))
    else:
        crashes(system, found, bare, WATCHERS)
    if system.repeat_command and system.name.startswith("pm2"):
        # It starts everything again, so this comes last.
        found["repeat"].append(timed_s(system.repeat_command, system.environ, system.home))
        settle([system])
    if isinstance(system, Naive) and not last:
        end(system)
    else:
        found["stop"].append(stop(system))


def crashes(
    system: System, found: dict[str, list[Any]], bare: dict[str, list[float]], watchers: Iterable[str]
) -> None:
    """A crash of each of these watchers by itself, beside bare starts of Python in the same moments."""
    for watcher in watchers:
        settle([system])
        began = timed_s((system.setting.python, "-c", "pass"), system.environ, system.home)
        took = crash(system, watcher)
        ended = timed_s((system.setting.python, "-c", "pass"), system.environ, system.home)
        found["crash"].append(took)
        bare["pass"].append(ended)
        if watcher in BUILT_IN and took is not None:
            found["crash_to_bare"].append(2 * took / (began + ended))


def statuses(everyone: Sequence[System], found: Found, bare: dict[str, list[float]]) -> None:
    """What each one's status command takes, in turn, while all are up."""
    asked = [system for system in everyone if system.status_command]
    for turn in range(STATUS_ROUNDS + 1):
        for system in asked:
            took = timed_s(system.status_command, system.environ, system.home)
            if turn:  # the first one reads from disk what the others find in memory
                found[system.name]["status"].append(took)
        click = (everyone[0].setting.python, "-c", "import click")
        bare["click"].append(timed_s(click, everyone[0].environ, everyone[0].home))


def crash_again(system: System, found: dict[str, list[Any]], bare: dict[str, list[float]]) -> None:
    """A short life for two more crashes: a later one of the same watcher would be restarted after a pause."""
    start(system)
    crashes(system, found, bare, BUILT_IN)
    end(system)


def wake_ups(moments: Sequence[bool]) -> int:
    """How often a process woke up, by the samples in which it ran. One that stays awake counts again and again."""
    count, awake = 0, 0
    for ran in moments:
        awake = awake + 1 if ran else 0
        count += ran and (awake - 1) % round(LONG_WAKE_UP_S / SAMPLE_S) == 0
    return count


def idle(everyone: Sequence[System], found: Found, lasts_s: float) -> None:
    """All of them idle side by side, each of their processes looked at ten times a second."""
    owners = {pid: system.name for system in everyone for pid in system.pids()}
    cpu = {pid: processes.cpu_s(pid) for pid in owners}
    first = {pid: processes.switches(pid) for pid in owners}
    before, ran = dict(first), defaultdict[int, list[bool]](list)
    until = time.monotonic() + lasts_s
    while time.monotonic() < until:
        time.sleep(SAMPLE_S)
        for pid in owners:
            now = processes.switches(pid)
            ran[pid].append(now != before[pid])
            before[pid] = now
    for pid, name in owners.items():
        found[name]["idle"].append(
            {
                "command": processes.command_line(pid)[:160],
                "lasted_s": lasts_s,
                "cpu_s": processes.cpu_s(pid) - cpu[pid],
                "switches": before[pid] - first[pid],
                "wake_ups": wake_ups(ran[pid]),
            }
        )


def main(arguments: list[str]) -> int:
    setting = Setting.from_json(arguments[0])
    everyone = systems(setting)
    found: Found = {system.name: defaultdict(list) for system in everyone}
    bare: dict[str, list[float]] = defaultdict(list)
    for turn in range(setting.rounds):
        for system in everyone:
            print(f"round {turn + 1}: {system.title}", file=sys.stderr, flush=True)
            live(system, found[system.name], bare, last=turn == setting.rounds - 1)
    local = next(system for system in everyone if isinstance(system, AiempLocal))
    for turn in range(EXTRA_CRASHES):
        print(f"crash {turn + 1}: {local.title}", file=sys.stderr, flush=True)
        crash_again(local, found[local.name], bare)
    print("idle, side by side", file=sys.stderr, flush=True)
    for system in everyone:
        start(system)
    settle(everyone)
    idle(everyone, found, setting.idle_s)
    statuses(everyone, found, bare)
    for system in everyone:
        end(system)
    json.dump({"systems": found, "bare": bare}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
