"""``make simulate SEED=… YEARS=…``: the campaign in every zone, and its counts."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.simulation.page import section, with_section
from tests.simulation.report import DISTURBANCES, Report
from tests.simulation.vaults import old_vault, young_vault
from tests.unit.test_schedule_properties import ZONES


def main() -> int:
    """Play it and print what came of it. 1: a slot was lost or doubled, or another rule was broken."""
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--years", type=float, default=10)
    parser.add_argument("--zone", choices=ZONES, action="append")
    parser.add_argument("--page", type=Path, help="write the counts into this page's section")
    arguments = parser.parse_args()
    total = Report()
    reports: dict[str, Report] = {}
    print(f"seed {arguments.seed}, {arguments.years:g} years from 2007 on")
    for zone in arguments.zone or ZONES:
        for timers in (False, True):
            began = time.monotonic()
            report = old_vault(zone, arguments.seed, arguments.years, timers=timers)
            for number in range(round(10 * arguments.years)):
                report.add(young_vault(zone, arguments.seed + number, timers=timers))
            took_s = time.monotonic() - began
            print(
                f"{zone:20} {'timers' if timers else 'loop':6} {report.line()} ({took_s:.1f} s)", flush=True
            )
            for violation in report.violations[:5]:
                print(f"    {violation}")
            total.add(report)
            reports[f"{zone}, {'timers' if timers else 'loop'}"] = report
    if arguments.page is not None:
        text = arguments.page.read_text(encoding="utf-8")
        new = section(reports, arguments.seed, arguments.years, datetime.now(UTC).date())
        arguments.page.write_text(with_section(text, new), encoding="utf-8")
    print(f"{'together':27} {total.line()}")
    print("disturbances: " + ", ".join(f"{name} {total.counts[name]}" for name in DISTURBANCES))
    return int(bool(total.violations))


if __name__ == "__main__":
    sys.exit(main())
