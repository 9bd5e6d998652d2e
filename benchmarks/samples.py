"""What is made of repeated measurements: medians, high percentiles, and how something grows."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many of 100 do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def growth(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope through the points in a log-log plot (least squares): 1 is linear, 0 does not grow at all."""
    x, y = [math.log(size) for size in sizes], [math.log(max(cost, 1e-9)) for cost in costs]
    middle_x, middle_y = fmean(x), fmean(y)
    above = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - middle_x) ** 2 for a in x)


@dataclass(frozen=True, slots=True)
class Took:
    """One run of a command: by the clock, and what it and its children used of processors."""

    wall_ms: float
    cpu_ms: float


def command_took(
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    *,
    check: bool = True,
) -> Took:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        argv,
        env=dict(environ) if environ is not None else dict(os.environ),
        cwd=cwd,
        check=check,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Took(wall * 1000, cpu * 1000)


def interleaved(calls: Mapping[str, Callable[[], Took]], rounds: int) -> dict[str, list[Took]]:
    """Each call in turn, round after round, so that a change of the machine's mood meets all of them."""
    for call in calls.values():
        call()  # the first one reads from disk what the others find in memory
    found: dict[str, list[Took]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(call())
    return found


def wall_ms(runs: Sequence[Took]) -> float:
    return median(run.wall_ms for run in runs)


def cpu_ms(runs: Sequence[Took]) -> float:
    return median(run.cpu_ms for run in runs)


def ratio_of(runs: Sequence[Took], baseline: Sequence[Took]) -> float:
    """The median of the ratios of each round."""
    return median(run.wall_ms / base.wall_ms for run, base in zip(runs, baseline, strict=True))


def call_ms(call: Callable[[], object]) -> float:
    """How long one call in this process takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def cpu_call_ms(call: Callable[[], object]) -> float:
    """How much processor time one call in this process takes: other programs of the machine do not lengthen it."""
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1000


def median_cpu_ms(call: Callable[[], object], rounds: int) -> float:
    """The median processor time of some calls, after one that warms up. A short call is repeated in each round."""
    took = cpu_call_ms(call)
    times = max(1, min(1000, int(2 / max(took, 0.001))))

    def several() -> None:
        for _ in range(times):
            call()

    return median(cpu_call_ms(several) for _ in range(rounds)) / times


def median_ms(call: Callable[[], object], rounds: int) -> float:
    """The median of some calls, after one that warms up."""
    call()
    return median(call_ms(call) for _ in range(rounds))
