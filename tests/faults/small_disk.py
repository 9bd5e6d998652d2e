"""A real small disk (a tmpfs of its own) that is full, read-only, and has room again.

Run as a process of its own in a mount namespace (``unshare --mount``), so that nothing of it is left behind:
``python -m tests.faults.small_disk FOLDER SCENARIO``. Prints the tally as JSON.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aiemp.errors import AiempError
from aiemp.places import Places
from tests.faults.alert_writes import AlertRaised
from tests.faults.dashboard_writes import DashboardRow
from tests.faults.file_writes import DroppedFile
from tests.faults.processes import Bench, file_problems, own_task, run_problems
from tests.faults.run_records import Scene
from tests.faults.tally import Tally
from tests.faults.vault_writes import VAULT_WRITES
from tests.faults.write_paths import Told, WritePath

PAGE = 4096
MOST_PAGES = 64


def why_not() -> str:
    """Why a disk cannot be mounted here; empty when it can."""
    if os.geteuid() != 0:
        return "mounting a small disk needs root"
    if shutil.which("unshare") is None:
        return "there is no unshare(1)"
    done = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True
    )
    return "" if done.returncode == 0 else f"no tmpfs can be mounted: {done.stderr.strip()}"


def on_small_disk(folder: Path, scenario: str) -> Tally:
    """Play a scenario of :data:`SCENARIOS` on a small disk at ``folder``."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-m", "tests.faults.small_disk", str(folder), scenario],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{scenario} on a small disk: {done.stderr[-2000:]}")
    told = json.loads(done.stdout)
    return Tally(Counter(told["counts"]), told["wrong"])


@contextlib.contextmanager
def disk(at: Path, size: str) -> Iterator[Path]:
    """A tmpfs at ``at``."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def fill(disk_folder: Path, leave_pages: int = 0) -> Path:
    """Fill the disk up but for so many pages. Returns the file that does."""
    filler = disk_folder / "filler"
    with filler.open("wb", buffering=0) as file:
        room = os.statvfs(disk_folder)
        os.posix_fallocate(file.fileno(), 0, max(PAGE, (room.f_bavail - leave_pages) * room.f_bsize))
    return filler


def written_on_a_full_disk(
    at: Path, paths: Sequence[WritePath] = VAULT_WRITES, most_pages: int = MOST_PAGES
) -> Tally:
    """Each write path with no page left, one, two, …, until it is done; and on a disk that is read-only."""
    tally = Tally()
    for path in paths:
        for pages in range(most_pages):
            with disk(at, "1m") as small:
                told, was_full = _meet(path, small, lambda small=small, pages=pages: fill(small, pages))
                (small / "filler").unlink()
                tally.counts["refused"] += told is Told.REFUSED
                tally.note(f"{path.name}: {pages} pages left", path.problems(small / "vault", told))
            if not was_full:
                break
        with disk(at, "1m") as small:
            told, _ = _meet(path, small, lambda: _remount("ro", at))
            _remount("rw", at)
            tally.counts["refused"] += told is Told.REFUSED
            tally.note(f"{path.name}: read-only", path.problems(small / "vault", told))
    return tally


def recorded_on_a_full_disk(at: Path) -> Tally:
    """A run's records, with each number of pages left."""
    tally = Tally()
    for is_first in (True, False):
        for pages in range(MOST_PAGES):
            with disk(at, "1m") as small:
                scene = Scene(small / "vault")
                if not is_first:
                    scene.yesterday()
                scene.mark.touch()
                filler = fill(small, pages)
                with contextlib.suppress(OSError):
                    scene.attempt()
                filler.unlink()
                tally.note(f"a run with {pages} pages left", scene.problems(may_repeat=False))
    return tally


def orchestrated_on_a_full_disk(at: Path) -> Tally:
    """An orchestrator whose disk fills up before a task is due, and has room again later."""
    tally = Tally()
    with disk(at, "4m") as small:
        bench = Bench(at.parent, "", small / "vault")
        process = bench.start("run", "--interval", "1")
        problems = _held_back_and_made_up(bench, small)
        process.send_signal(signal.SIGTERM)
        if process.wait(60) != 0:
            problems.append(f"refused: it ended with {process.returncode}")
        tally.note("orchestrator on a full disk", problems + file_problems(bench))
    return tally


def _held_back_and_made_up(bench: Bench, small: Path) -> list[str]:
    problems: list[str] = []
    dashboard = Places(bench.vault).dashboard
    bench.until(lambda: "Orchestrator | 🟢" in dashboard.read_text(encoding="utf-8"))
    filler = fill(small)
    bench.config.write_text(bench.quiet + own_task("held_back"))
    if not bench.until(lambda: "No space left on device" in bench.said()):
        problems.append("lost: nobody is told that the disk is full")
    if not bench.until(lambda: "starting held_back" in bench.said()):
        problems.append("lost: the task is not tried")
    if not bench.until(lambda: "an alert could not" in bench.said(), 90.0):
        problems.append("refused: the disk was not full for its own alert, so nothing is shown here")
    bench.until(bench.is_idle)
    if bench.proofs() or bench.settled():
        problems.append("doubled: it ran although that could not be written down")
    filler.unlink()
    if not bench.until(lambda: "held_back" in bench.settled()):
        problems.append("lost: the task that was held back does not run once there is room")
    if not bench.until(lambda: "could not be written" in dashboard.read_text(encoding="utf-8"), 30.0):
        problems.append("lost: the alert is not made up once there is room")
    if not list(Places(bench.vault).alerts.glob("ALERT_disk*")):
        problems.append("lost: the file of the alert")
    bench.until(bench.is_idle)
    return problems + run_problems(bench, ["held_back"])


def _room(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_bsize


def _meet(path: WritePath, small: Path, fault: Callable[[], object]) -> tuple[Told, bool]:
    """Prepare, bring the fault about, write. What was told, and whether the disk was in the way."""
    vault = small / "vault"
    vault.mkdir()
    path.prepare(vault)
    fault()
    before = _room(small)
    try:
        path.write(vault)
    except (OSError, AiempError):
        return Told.REFUSED, True
    return Told.DONE, before < 10 * PAGE


def _remount(how: str, at: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(at)], check=True)


SCENARIOS: dict[str, Callable[[Path], Tally]] = {
    "writes": written_on_a_full_disk,
    "some writes": lambda at: written_on_a_full_disk(at, (DashboardRow(), AlertRaised(), DroppedFile()), 2),
    "records": recorded_on_a_full_disk,
    "orchestrator": orchestrated_on_a_full_disk,
}


def main(arguments: list[str]) -> int:
    """Play it in this namespace."""
    logging.disable(logging.CRITICAL)
    os.umask(0o077)
    folder = Path(arguments[0]) / "disk"
    folder.mkdir()
    tally = SCENARIOS[arguments[1]](folder)
    print(json.dumps({"counts": tally.counts, "wrong": tally.wrong}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
