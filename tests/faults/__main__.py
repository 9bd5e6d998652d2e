"""``make faults``: every error at every step, a kill at every step, every byte of the state damaged; the counts."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.run_records import cut_short, failing_calls, flipped, kills, torn_states, zeroed
from tests.faults.tally import Tally


def main() -> int:
    """Inject everything and print what came of it. 1: something was lost, doubled or torn."""
    logging.disable(logging.CRITICAL)
    memory = Path("/dev/shm")
    failed = False
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        vault = Path(made) / "vault"

        def show(what: str, tally: Tally) -> None:
            nonlocal failed, began
            print(f"{what:34} {tally.line()} ({time.monotonic() - began:.1f} s)", flush=True)
            for wrong in tally.wrong[:5]:
                print(f"    {wrong}")
            failed, began = failed or bool(tally.wrong), time.monotonic()

        began = time.monotonic()
        for first_run in (True, False):
            when = "first run" if first_run else "next run"
            show(f"failing calls, {when}", failing_calls(vault, first_run=first_run))
            show(f"kills, {when}", kills(vault, first_run=first_run))
        show("state cut at each byte", torn_states(vault, cut_short))
        show("state zeroed from each byte", torn_states(vault, zeroed))
        show("state with a bit of a byte flipped", torn_states(vault, flipped))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
