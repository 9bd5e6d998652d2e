"""A task's runs through every fault of the disk: what the ledger and the history say afterwards.

Each scenario is one run: begin, the work, finish. The work leaves a mark for each time that it is done, so what was
done and what is written down can be compared.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from unittest import mock

from aiemp.decisions import decide
from aiemp.ledger import Ledger
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.runs import NEVER_RUN, Ended, Result, Run
from tests.faults.injection import CALLS, ERRORS, MORE_THAN_ANY, Trap, in_child, trapped
from tests.faults.tally import Tally

NOW = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)
TRIAGE = ScheduledTask("triage", "", Frequency.DAILY, time_of_day=time(8, 0))


class Scene:
    """A small vault, and one task that is due once."""

    def __init__(self, folder: Path) -> None:
        self.vault = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.plan = Plan(folder, tasks=(TRIAGE,))
        self.mark = folder / "done.txt"

    def yesterday(self) -> None:
        """It has run before: there are files to replace, and a history to append to."""
        run = Run(TRIAGE.name, NOW - timedelta(days=1), 1, NOW - timedelta(days=1), 1)
        Ledger(self.vault).begin(run)
        end = Ended(Result.SUCCEEDED, run.started, 1.0)
        Ledger(self.vault).finish(run, end, self.plan)

    def attempt(self, now: datetime = NOW) -> bool:
        """One call of the trigger, as the runner does it. Whether it ran; OSError where the runner blocks or waits."""
        ledger = Ledger(self.vault)
        ledger.recover(self.plan, now)
        decision = decide(TRIAGE, ledger.read().records.get(TRIAGE.name, NEVER_RUN), now, UTC)
        if not decision.due or decision.slot is None:
            return False
        run = Run(TRIAGE.name, decision.slot, decision.attempt, now, os.getpid())
        ledger.begin(run)
        with self.mark.open("a") as file:  # the work; not one of the calls that are counted
            file.write(f"{run.name}\n")
        end = Ended(Result.SUCCEEDED, now, 1.0, summary="did it")
        try:
            ledger.finish(run, end, self.plan)
        except OSError:
            Ledger(self.vault).finish(run, end, self.plan)  # as the runner: again for half a minute
        return True

    def times_done(self) -> int:
        """How often the work was done."""
        return len(self.mark.read_text().splitlines()) if self.mark.exists() else 0

    def problems(self, *, may_repeat: bool) -> list[str]:
        """What is wrong once the fault is over. ``may_repeat``: the process died between the work and the record of
        its end, so nobody can know that it was done."""
        found: list[str] = []
        try:
            for path in (self.vault / ".state").glob("orchestrator_state.json*"):
                json.loads(path.read_bytes())
        except ValueError:
            found.append(f"torn: {path.name}")
        record = Ledger(self.vault).read().record(TRIAGE.name)
        says_done = record.last_run == NOW and record.running is None
        before = self.times_done()
        if says_done and not before:
            found.append("lost: it is written down as done, and was not")
        later = NOW + timedelta(minutes=1)
        ran = self.attempt(later)
        if says_done and ran:
            found.append("doubled: it was written down as done, and was done again")
        if self.times_done() == 0:
            found.append("lost: it was never done")
        if self.times_done() > (2 if may_repeat else 1):
            found.append(f"doubled: it was done {self.times_done()} times")
        if self.attempt(later + timedelta(hours=1)):
            found.append("doubled: it is due for ever")
        if Ledger(self.vault).read().record(TRIAGE.name).last_run not in (NOW, later):
            found.append("lost: its last run is not known")
        entries = [entry.get("result") for entry in Ledger(self.vault).history.newest_first(TRIAGE.name)]
        if any(result not in ("succeeded", "interrupted") for result in entries):
            found.append(f"torn: the history says {entries}")
        today = NOW.date().isoformat()
        history = Ledger(self.vault).history.newest_first(TRIAGE.name)
        done = [each for each in history if each["result"] == "succeeded" and each["started"] >= today]
        if len(done) != 1:
            found.append(f"{'doubled' if done else 'lost'}: the history has it {len(done)} times")
        left = [path.name for path in self.vault.rglob("*.tmp")]
        if left:
            found.append(f"left over: {left}")
        return found


def failing_calls(folder: Path, *, first_run: bool, errors: tuple[int, ...] = ERRORS) -> Tally:
    """Each call of each kind fails once, with each error."""
    tally = Tally()
    for kind in CALLS:
        for code in errors:
            for at in range(1, MORE_THAN_ANY):
                scene = _scene(folder, first_run)
                trap = Trap(at, code, kind)
                with trapped(trap):
                    try:
                        scene.attempt()
                    except OSError:
                        tally.counts["refused"] += 1
                if not trap.sprung:
                    break
                what = f"{errno.errorcode[code]} at {kind} {at}, {'first' if first_run else 'next'} run"
                tally.note(what, scene.problems(may_repeat=False))
    return tally


def kills(folder: Path, *, first_run: bool) -> Tally:
    """The process is killed at each call."""
    tally = Tally()
    for at in range(1, MORE_THAN_ANY):
        scene = _scene(folder, first_run)
        if not in_child(scene.attempt, Trap(at, None)):
            break
        tally.note(f"killed at call {at}", scene.problems(may_repeat=scene.times_done() > 0))
    return tally


def torn_states(folder: Path, damage: Callable[[bytes], Iterator[bytes]]) -> Tally:
    """The state file is found damaged, in each way that ``damage`` gives."""
    tally = Tally()
    scene = _scene(folder, False)
    scene.attempt()
    ledger = scene.vault / ".state" / "orchestrator_state.json"
    whole = ledger.read_bytes()
    for number, data in enumerate(damage(whole)):
        ledger.write_bytes(data)
        problems = []
        # A reader waits a moment, as the file may be half written by an older program; this one is not.
        with mock.patch("aiemp.state_file.time.sleep"):
            if scene.attempt(NOW + timedelta(minutes=1)):
                problems.append("doubled: it was done again")
        kept = list(ledger.parent.glob("orchestrator_state.json.corrupt-*"))
        is_whole = data.rstrip() == whole.rstrip()
        if [path.read_bytes() for path in kept] != ([] if is_whole else [data]):
            problems.append("lost: the damaged file was not kept")
        for path in kept:
            path.unlink()
        if Ledger(scene.vault).read().record(TRIAGE.name).last_run != NOW:
            problems.append("lost: its last run is not known")
        tally.note(f"damage {number}", problems)
    return tally


def cut_short(whole: bytes) -> Iterator[bytes]:
    """Cut at each length."""
    return (whole[:length] for length in range(len(whole)))


def zeroed(whole: bytes) -> Iterator[bytes]:
    """From each byte on nothing but zeros, as a power cut leaves a file whose blocks were not written."""
    return (whole[:at] + b"\0" * (len(whole) - at) for at in range(len(whole)))


def flipped(whole: bytes) -> Iterator[bytes]:
    """The highest bit of each byte flipped."""
    return (whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :] for at in range(len(whole)))


def _scene(folder: Path, first_run: bool) -> Scene:
    scene = Scene(folder)
    if not first_run:
        scene.yesterday()
    return scene
