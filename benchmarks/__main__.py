"""Runs every benchmark and prints its table."""

from __future__ import annotations

import platform
import sys

from benchmarks import tick


def main() -> int:
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for benchmark in (tick,):
        print(f"\n## {benchmark.TITLE}\n")
        print(benchmark.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
