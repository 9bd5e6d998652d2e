"""``make conformance``: the whole suite on every engine, and its page in docs/."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from aiemp import __version__
from tests.conformance.engines import ENGINES, PM2_MANIFEST, reason_not_covered
from tests.conformance.table import FAILED, HERE, PAGE, PASSED, Cell, chapters, render
from tests.systemd.debian_root import NoDebianRoot, trixie_root

WORKERS = 4


def main() -> int:
    """Try all of it, and what failed once more, alone: on a loaded machine a deadline may pass. 1: something failed,
    or an engine could not be had."""
    outcomes = attempt(["--numprocesses", str(WORKERS), str(HERE)])
    again = [cell for cell, outcome in outcomes.items() if outcome == FAILED]
    if again:
        print(f"once more, alone: {len(again)}", flush=True)
        outcomes |= attempt(["--numprocesses", "0", *(node_of(cell) for cell in again)])
    PAGE.write_text(render(outcomes, versions()), encoding="utf-8")
    missing = [
        f"{scenario.name}[{engine}]: {outcomes.get((scenario.name, engine), 'not tried')}"
        for chapter in chapters()
        for scenario in chapter.scenarios
        for engine in ENGINES
        if not reason_not_covered(scenario.function, engine)
        and outcomes.get((scenario.name, engine)) != PASSED
    ]
    print("\n".join(missing) or f"all of it holds: {PAGE}")
    return int(bool(missing))


def attempt(arguments: list[str]) -> dict[Cell, str]:
    """Run pytest; what came of each scenario and engine that was tried."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        pytest = [sys.executable, "-m", "pytest", "-m", "", f"--junit-xml={report}"]
        subprocess.run([*pytest, *arguments], check=False)
        return outcomes_in(report.read_text(encoding="utf-8"))


def outcomes_in(report: str) -> dict[Cell, str]:
    """The outcomes of the scenarios in a JUnit report. What was skipped was not tried."""
    outcomes: dict[Cell, str] = {}
    for case in ET.fromstring(report).iter("testcase"):
        name, _, engine = case.get("name", "").rstrip("]").partition("[")
        if engine in ENGINES:  # else it is a test of the suite itself, which belongs to `make test`
            cell = (name, engine)
            if case.find("failure") is not None or case.find("error") is not None:
                outcomes[cell] = FAILED
            elif case.find("skipped") is None:
                outcomes.setdefault(cell, PASSED)
    return outcomes


def node_of(cell: Cell) -> str:
    """How pytest names a scenario on an engine."""
    name, engine = cell
    module = next(
        scenario.function.__module__
        for chapter in chapters()
        for scenario in chapter.scenarios
        if scenario.name == name
    )
    return f"{module.replace('.', '/')}.py::{name}[{engine}]"


def versions() -> str:
    """What it was tried with, in words."""
    pm2 = json.loads(PM2_MANIFEST.read_text(encoding="utf-8"))["dependencies"]["pm2"]
    systemd = [systemd_version(Path("/"))]
    try:
        systemd.append(systemd_version(trixie_root()))
    except NoDebianRoot as error:
        print(error)
    return f"aiemp {__version__}, PM2 {pm2}, systemd {' and '.join(systemd)}"


def systemd_version(root: Path) -> str:
    """The version of systemd in ``root``."""
    (library,) = [
        *root.glob("usr/lib/*/systemd/libsystemd-shared-*.so"),
        *root.glob("usr/lib/systemd/libsystemd-shared-*.so"),
    ][:1] or [Path("libsystemd-shared-none.so")]
    return library.stem.rpartition("-")[2]


if __name__ == "__main__":
    sys.exit(main())
