"""Runs the benchmarks, or those that are named, and prints their tables."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from types import ModuleType

from benchmarks import render, status, systemd_engine, tick, trigger

BENCHMARKS: dict[str, ModuleType] = {
    "tick": tick,
    "trigger": trigger,
    "render": render,
    "status": status,
    "systemd_engine": systemd_engine,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in names:
        started = time.monotonic()
        print(f"\n## {BENCHMARKS[name].TITLE}\n", flush=True)
        print(BENCHMARKS[name].table())
        load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
        took_s = time.monotonic() - started
        print(f"\n({took_s:.0f} s; load average {load} on {os.cpu_count()} processors)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
