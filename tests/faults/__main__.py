"""``make faults SEED=…``: every fault of every kind; the counts are printed and written to docs/faults.md."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.kinds import KINDS
from tests.faults.page import PAGE, page
from tests.faults.small_disk import why_not
from tests.faults.tally import Tally
from tests.simulation.page import section_of


def main() -> int:
    """Inject everything and show what came of it. 1: something was lost, doubled or torn."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", default="", help="kinds with this in their name; the page is not written")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print(f"seed {arguments.seed}", flush=True)
    kinds = [kind for kind in KINDS if arguments.only in kind.name]
    missing = why_not() if any(kind.needs_disk for kind in kinds) else ""
    tallies: dict[str, Tally] = {}
    for kind in kinds:
        if kind.needs_disk and missing:
            print(f"{kind.name:52} not injected: {missing}")
            continue
        began = time.monotonic()
        tallies[kind.name] = _injected(kind.name, arguments.seed)
        tally = tallies[kind.name]
        print(f"{kind.name:52} {tally.line()} ({time.monotonic() - began:.1f} s)", flush=True)
        for wrong in tally.wrong[:5]:
            print(f"    {wrong}")
    if len(tallies) == len(KINDS):
        text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page(tallies, arguments.seed, datetime.now(UTC).date(), section_of(text)), "utf-8")
    return int(any(tally.wrong for tally in tallies.values()))


def _injected(name: str, seed: int) -> Tally:
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        return next(kind for kind in KINDS if kind.name == name).inject(Path(made), seed)


if __name__ == "__main__":
    sys.exit(main())
