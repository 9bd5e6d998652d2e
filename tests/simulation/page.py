"""The section of docs/faults.md about the simulated years: made by ``make simulate``, kept by ``make faults``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.simulation.report import DISTURBANCES, Report

HEADING = "\n## Ten years\n"
SHOWN = ("slots", "run", "caught up", "interrupted", "stopped", "failed", "blocked", "lost", "doubled")


def section_of(text: str) -> str:
    """The section as it stands in a page; empty when there is none."""
    _before, found, after = text.partition(HEADING)
    return found + after if found else ""


def with_section(text: str, section: str) -> str:
    """The page with another section."""
    return text.partition(HEADING)[0] + section


def section(reports: Mapping[str, Report], seed: int, years: float, day: date) -> str:
    """The section for these zones."""
    total = Report()
    lines = []
    for name, report in reports.items():
        total.add(report)
        lines.append(f"| {name} | " + " | ".join(f"{report.counts[each]:,}" for each in SHOWN) + " |\n")
    lines.append("| **together** | " + " | ".join(f"**{total.counts[each]:,}**" for each in SHOWN) + " |\n")
    disturbances = ", ".join(f"{total.counts[each]:,} × {each}" for each in DISTURBANCES)
    return (
        f"{HEADING}\nPlan, ledger and due check under a simulated clock, {years:g} years from 2007 on, in zones with "
        "odd clock changes;\neach once with the loop alone and once with timers. Made by "
        f"`make simulate SEED={seed}` on {day.isoformat()}.\n*Slots*: times at which a task had to run. *Run*: runs "
        "that succeeded. *Caught up*: slots that a later slot's run settled.\n"
        f"What happened to the machine meanwhile: {disturbances}.\n\n"
        f"| zone | {' | '.join(SHOWN)} |\n|---|{'---:|' * len(SHOWN)}\n" + "".join(lines)
    )
