"""Whole systems with the same plan: seven tasks and three watchers, under aiemp and under its peers.

Each is started, looked at, hurt and stopped in turn, several times; memory is read while it is alone. Then all are
left idle side by side for a minute, and how often their processes wake up is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks import peer_packages
from benchmarks.agent.lives import SAMPLE_S
from benchmarks.findings import Figure, Findings, Table, Value
from benchmarks.place import place
from benchmarks.samples import percentile

ROUNDS = 5
IDLE_S = 60.0
PERIOD_S = 30.0
"""How often the orchestrator and each watcher look, by default."""

TITLES = {
    "aiemp_systemd": "aiemp, systemd",
    "aiemp_local": "aiemp, local loop",
    "pm2": "PM2",
    "supervisord_apscheduler": "supervisord + APScheduler",
    "supervisord_schedule": "supervisord + schedule",
    "naive": "naive loop",
}
OURS = {"aiemp_systemd": "systemd", "aiemp_local": "local"}


def measure() -> Findings:
    here = place()
    answer = here.begin("lives", "lives", {"rounds": ROUNDS, "idle_s": IDLE_S})()
    systems: Mapping[str, Any] = {
        name: answer["systems"][name] for name in TITLES if name in answer["systems"]
    }
    bare = answer["bare"]
    findings = Findings(tables=[_lives(systems, bare), _idle(systems), _processes(systems)])
    findings.samples = {name: _samples(found) for name, found in systems.items()} | {"bare": bare}
    memory = {name: pss_mib(found) for name, found in systems.items()}
    for name, short in OURS.items():
        if name not in systems:
            continue
        if "pm2" in memory:
            findings.figures.append(Figure(f"memory_{short}_pm2", memory[name] / memory["pm2"]))
        if short == "local":
            other = memory["supervisord_apscheduler"]
            findings.figures.append(Figure("memory_local_supervisord", memory[name] / other))
        woken = sum(each["wake_ups"] for each in systems[name]["idle"])
        expected = len(systems[name]["idle"]) * (IDLE_S // PERIOD_S + 1)
        findings.figures.append(Figure(f"wake_ups_{short}", woken / expected, f"{woken} of {expected:.0f}"))
    local = systems["aiemp_local"]
    ratios = local["crash_to_bare"]
    detail = f"{len(ratios)} crashes, median {median(ratios):.2f}"
    findings.figures.append(Figure("crash_local", percentile(ratios, 95), detail))
    for name, short in (("pm2", "pm2"), ("supervisord_apscheduler", "supervisord")):
        if name in systems:
            rounds = zip(local["status"], systems[name]["status"], strict=True)
            findings.figures.append(Figure(f"status_{short}", median(ours / peer for ours, peer in rounds)))
    findings.notes += _notes(systems, here.no_systemd)
    return findings


def pss_mib(found: Mapping[str, Any]) -> float:
    """The memory of a whole system: the sum over its processes, what is shared counted once (PSS)."""
    return median(sum(process["pss"] for process in one) / 1024 for one in found["memory"])


def _samples(found: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds, and MiB of memory."""
    timed = {name: values for name, values in found.items() if name not in ("memory", "manager", "idle")}
    return {**timed, "memory_mib": [sum(each["pss"] for each in one) / 1024 for one in found["memory"]]}


def _lives(systems: Mapping[str, Any], bare: Mapping[str, list[float]]) -> Table:
    columns = (
        "",
        "memory MiB",
        "start ms",
        "crash p50 ms",
        "crash p95 ms",
        "status ms",
        "repeat ms",
        "stop ms",
    )
    rows: list[list[Value]] = []
    for name, found in systems.items():
        crashes = [took * 1000 for took in found["crash"] if took is not None]
        rows.append(
            [
                TITLES[name],
                pss_mib(found),
                _median_ms(found["start"]),
                median(crashes) if crashes else None,
                percentile(crashes, 95) if crashes else None,
                _median_ms(found["status"]) if found.get("status") else None,
                _median_ms(found["repeat"]) if found.get("repeat") else None,
                _median_ms(found["stop"]),
            ]
        )
    for name, what in (("pass", "`python -c pass`"), ("click", '`python -c "import click"`')):
        rows.append([what, None, _median_ms(bare[name]), None, None, None, None, None])
    return Table(f"Medians of {ROUNDS} lives (the naive loop crashed and stopped once)", columns, rows)


def _idle(systems: Mapping[str, Any]) -> Table:
    columns = ("", "processes", "CPU ms", "voluntary switches", "wake-ups")
    rows = [
        [
            TITLES[name],
            len(found["idle"]),
            sum(each["cpu_s"] for each in found["idle"]) * 1000,
            sum(each["switches"] for each in found["idle"]),
            sum(each["wake_ups"] for each in found["idle"]),
        ]
        for name, found in systems.items()
    ]
    caption = (
        f"An idle time of {IDLE_S:.0f} s; a process that has switched in a sample of {SAMPLE_S * 1000:.0f} ms, and not "
        "in the one before, has woken up"
    )
    return Table(caption, columns, rows)


def _processes(systems: Mapping[str, Any]) -> Table:
    """Whose memory it is: the last life of each system."""
    rows: list[list[Value]] = []
    for name, found in systems.items():
        parts: dict[str, float] = {}
        for process in found["memory"][-1]:
            part = role_of(process["command"])
            parts[part] = parts.get(part, 0) + process["pss"] / 1024
        told = ", ".join(
            f"{part} {mib:.1f}" for part, mib in sorted(parts.items(), key=lambda item: -item[1])
        )
        rows.append([TITLES[name], told])
    return Table("Whose memory it is, in MiB", ("", "processes"), rows)


def role_of(command: str) -> str:
    """What a process of a system is for, in a word."""
    signs = {
        "aiemp.supervise": "orchestrator",
        "watchers.filesystem": "filesystem watcher",
        "watchers.approval": "approval watcher",
        "mail_watcher": "mail watcher",
        "God Daemon": "PM2's daemon",
        "supervisord": "supervisord",
        "apscheduler/": "APScheduler",
        "schedule/": "schedule",
        "naive/": "loop",
    }
    known = [role for sign, role in signs.items() if sign in command and "mail" not in sign]
    return "mail watcher" if "mail_watcher" in command else (known[0] if known else "other")


def _median_ms(values: Sequence[float | None]) -> float:
    return median([value * 1000 for value in values if value is not None] or [float("nan")])


def _notes(systems: Mapping[str, Any], no_systemd: str) -> list[str]:
    notes = [
        "Memory is PSS: what n processes share counts 1/n for each. Started is when the command is back and all "
        "three watchers have looked; running again, when the killed watcher's successor has looked; stopped, when "
        "no process is left. PM2's and supervisord's `repeat` is what brings them up to date with a configuration that "
        "has not changed (`startOrReload` starts all again), aiemp's is `install-units`.",
        "A watcher that ends under systemd 252 is started again after 3 s: it knows no pause that grows; from 254 "
        "on after 100 ms. The naive loop sleeps 30 s whatever comes, and looks for dead watchers each minute.",
        "Each crash comes when the system is at rest. The local loop leaves the processors to the successor for 30 ms "
        "before it shows the crash on the dashboard; a second crash within that time waits for both.",
    ]
    if "pm2" not in systems:
        notes.append(f"PM2 is missing: {peer_packages.pm2()[1]}.")
    if no_systemd:
        notes.append(f"No systemd could be booted: {no_systemd}.")
    else:
        manager = systems["aiemp_systemd"]["manager"]
        mib = median(sum(process["pss"] for process in one) / 1024 for one in manager)
        notes.append(
            f"The user's own systemd and its bus hold {mib:.1f} MiB; they are there for each user who is logged "
            "in or lingers, and are not counted above."
        )
    return notes
