"""How late a task starts, under each system; and, in the same minutes, who notices that what schedules hangs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.findings import Figure, Findings, Table, Value
from benchmarks.idle import TITLES
from benchmarks.place import place
from benchmarks.samples import percentile

FIRING_S = 205.0
HANG_S = 200.0
"""Longer than the watchdog of the orchestrator's unit (3 minutes)."""


def measure() -> Findings:
    here = place()
    hanging = here.begin("hangs", "hangs", {"hang_s": HANG_S})
    fired = here.begin("firing", "firing", {"firing_s": FIRING_S})()
    hung: Mapping[str, float | None] = hanging()
    lags: Mapping[str, Sequence[float]] = fired["lags"]
    bare: Sequence[float] = fired["bare"]
    findings = Findings(tables=[_lags(lags, bare), _hangs(hung)])
    findings.samples = {"lags": lags, "bare": bare, "hung": hung}
    local = lags["aiemp_local"]
    start = median(bare)
    detail = f"{len(local)} firings, median {median(local) / start:.2f}"
    findings.figures.append(Figure("firing_local", percentile(local, 95) / start, detail))
    if "aiemp_systemd" in lags:
        lag_ms = percentile(lags["aiemp_systemd"], 95) * 1000
        findings.figures.append(Figure("firing_systemd", lag_ms, f"{len(lags['aiemp_systemd'])} firings"))
    findings.notes.append(
        "From the slot to the first line of the task's own command, `date`. Before it aiemp takes the run lock, asks "
        "again whether the task is due, and writes down that the run begins; the peers just start it. schedule and "
        "the naive loop look at intervals; the naive loop's slots are whole minutes, and the rest start at seconds."
    )
    return findings


def _lags(lags: Mapping[str, Sequence[float]], bare: Sequence[float]) -> Table:
    rows: list[list[Value]] = [_row(TITLES[name], lags[name]) for name in TITLES if lags.get(name)]
    rows.append(_row("`python -m aiemp --version`, whole", bare))
    return Table("Slot until first line, in ms", ("", "firings", "p50", "p95", "p99"), rows)


def _row(title: str, seconds: Sequence[float]) -> list[Value]:
    ms = [each * 1000 for each in seconds]
    return [title, len(ms), median(ms), percentile(ms, 95), percentile(ms, 99)]


def _hangs(hung: Mapping[str, Any]) -> Table:
    rows: list[list[Value]] = [
        [TITLES[name], "not noticed" if hung[name] is None else hung[name]] for name in TITLES if name in hung
    ]
    caption = (
        f"What schedules is stopped (SIGSTOP) until another runs instead, in s; waited for {HANG_S:.0f} s"
    )
    return Table(caption, ("", "running again after"), rows)
