"""Runs the benchmarks, or those that are named, and writes what they found: ``docs/benchmarks.md`` for people,
``docs/benchmarks.json`` for programs, ``docs/benchmarks/*.svg``. Parts that were not run keep what they found last."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import surroundings
from benchmarks.findings import Findings
from benchmarks.page import page
from benchmarks.plot import svg

ROOT = Path(__file__).resolve().parents[1]

PARTS = {
    "idle": "Whole systems: memory, wake-ups, starts, crashes, stops",
    "firing": "How late a task starts, and who notices that it never will",
    "trigger": "A run of a task that does nothing",
    "completion": "The tab key",
    "tick": "A tick",
    "status": "A look at everything",
    "files": "Files in the vault",
    "history": "The history of runs",
    "render": "Rendering and exporting units",
    "install": "Installing",
}
"""The parts in the order of the page: the modules of this package that have a ``measure()``."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(PARTS)}")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where it is written")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in PARTS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    file = arguments.docs / "benchmarks.json"
    results: dict[str, Any] = {"machine": {}, "parts": {}}
    if arguments.names and file.exists():
        results = json.loads(file.read_text(encoding="utf-8"))
    results["machine"] = surroundings.described()
    failed = False
    for name in arguments.names or PARTS:
        print(f"{name} ...", flush=True)
        results["parts"][name] = _run(name)
        print(f"    {results['parts'][name]['took_s']:.0f} s", flush=True)
        failed |= bool(results["parts"][name].get("failed"))
        _write(arguments.docs, results)
    written = (arguments.docs / "benchmarks.md").read_text(encoding="utf-8")
    print(written.partition("\n## Promises")[2].partition("\n## ")[0])
    return int(failed)


def _run(name: str) -> dict[str, Any]:
    began, load = time.monotonic(), surroundings.load()
    failed = ""
    try:
        findings: Findings = importlib.import_module(f"benchmarks.{name}").measure()
    except Exception as error:  # noqa: BLE001 - the other parts are worth their time
        traceback.print_exc()
        failed = f"it failed ({type(error).__name__}); `make bench ONLY={name}` shows why"
        findings = Findings(left_out=failed)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "took_s": round(time.monotonic() - began, 1),
        "load": load,
        "failed": failed,
        "findings": findings.as_json(),
    }


def _write(docs: Path, results: dict[str, Any]) -> None:
    pictures = docs / "benchmarks"
    pictures.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (docs / "benchmarks.json").write_text(text + "\n", encoding="utf-8")
    (docs / "benchmarks.md").write_text(page(results, PARTS), encoding="utf-8")
    for part in results["parts"].values():
        for plot in Findings.from_json(part["findings"]).plots:
            (pictures / f"{plot.key}.svg").write_text(svg(plot), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
