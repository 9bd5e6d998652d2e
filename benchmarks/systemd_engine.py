"""The systemd engine on a real systemd: a machine that is booted for this (tests/systemd), with the built wheel.

Promises (issue Systemd): an installation that changes nothing is cheap, a timer's task starts at once, and the
orchestrator is small and sleeps. All of it as an unprivileged lingering user.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import figures, firing, reinstall, residency
from tests.systemd.machine import Machine
from tests.systemd.requirements import why_no_machine
from tests.systemd.wheel import build_wheels, collect_wheels, install_wheels, python_version

TITLE = "systemd"


@contextmanager
def equipped_machine() -> Iterator[Machine]:
    """A machine with aiemp in it."""
    with tempfile.TemporaryDirectory() as scratch, Machine() as machine:
        wheels = Path(scratch, "wheels")
        wheels.mkdir()
        collect_wheels(build_wheels(Path(scratch, "built")), python_version(machine), wheels)
        install_wheels(machine, wheels)
        yield machine


def table() -> str:
    """The figures as a Markdown table; why there are none, where no systemd can be booted."""
    reason = why_no_machine()
    if reason is not None:
        return f"Left out, since no systemd can be booted here: {reason}."
    with equipped_machine() as machine:
        found = reinstall.measured(machine)
        with residency.Watch(machine) as watch:
            fired, remark = firing.measured(
                machine
            )  # takes two minutes, in which the orchestrator is watched
        found.append(fired)
        found += watch.figures
    return f"{figures.table(found)}\n\n{remark}\n{watch.remark}"
