"""What a run, a tick and a look may cost, in things that can be counted: writes, processes, calls. Not in seconds,
which ``make bench`` measures: these here are the same on every machine, so a change that makes them grow is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiemp.agenda import Agenda
from aiemp.dashboard import add_activity, touch, update
from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Plan
from aiemp.runs import TaskRecord
from aiemp.systemd.systemctl import Scope
from aiemp.systemd.units import render
from aiemp.vault.items import count_below, count_done_on
from benchmarks.render import installation
from tests.conftest import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOTHING = '[tasks.nothing]\nfrequency = "hourly"\ncommand = ["true"]\n'

COUNTED = """
import json, sys
from tests.faults.injection import Trap, trapped
started = []
sys.addaudithook(lambda event, about: started.append(about[0]) if event == "subprocess.Popen" else None)
sys.argv = ["aiemp", *sys.argv[1:]]
from aiemp.__main__ import main
trap = Trap(at=10**9, code=None)
try:
    with trapped(trap):
        main()
finally:
    print(json.dumps([trap.seen, [str(each) for each in started]]), file=sys.stderr)
"""
TICKS = """
import json, os, signal, sys
from tests.faults.injection import Trap, trapped
import aiemp.supervise
from aiemp.engines.wakeup import Wakeup
started, counts, trap = [], [], Trap(at=10**9, code=None)
sys.addaudithook(lambda event, about: started.append(about[0]) if event == "subprocess.Popen" else None)
def wait(self, seconds, also=()):
    counts.append([len(trap.seen), len(started)])
    if len(counts) == 8:
        print(json.dumps(counts))
        os.kill(os.getpid(), signal.SIGTERM)
Wakeup.wait = wait
with trapped(trap):
    status = aiemp.supervise.main([sys.argv[1]])
sys.exit(status)
"""


def counted(code: str, *words: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A Python of its own that runs ``code``."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )


@pytest.fixture
def ran(vault: Path, environ: dict[str, str], write_config: Callable[[str], Path]) -> list[Any]:
    """What a second run of a task that does nothing did: its calls that write, and what it started."""
    write_config(f"vault = {json.dumps(str(vault))}\n{NOTHING}")
    counted(COUNTED, "trigger", "nothing", environ=environ)  # the first one makes folders
    done = counted(COUNTED, "trigger", "nothing", environ=environ)
    found: list[Any] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_a_run_waits_for_the_disk_seldom(ran: list[Any]) -> None:
    """Each wait (fsync) is a millisecond or twenty. A run keeps that it begins, that it ended, a line of the history,
    the dashboard, and the row that it put there; what is replaced takes two waits, the file's and its folder's."""
    calls = Counter(ran[0])
    assert calls["fsync"] <= 9
    assert calls["write"] <= 8
    assert calls["rename"] + calls["replace"] + calls["exchange"] <= 5


def test_a_run_starts_its_command_and_nothing_else(ran: list[Any]) -> None:
    """A run starts one process, its command: no git, no shell, no systemctl."""
    assert [Path(program).name for program in ran[1]] == ["true"]


def test_a_tick_without_news_writes_nothing_and_starts_nothing(vault: Path, environ: dict[str, str]) -> None:
    """The local loop, with nothing due: a disk may sleep beside it. (Every 20th tick keeps how many there were.)"""
    ran = dict.fromkeys((task.name for task in SCHEDULE_REGISTRY), datetime.now(UTC).isoformat())
    (vault / ".state").mkdir()
    (vault / ".state/orchestrator_state.json").write_text(json.dumps({"schedule_last_run": ran}))
    options = json.dumps({"vault": str(vault), "engine": "local", "watchers": False})
    counts = json.loads(counted(TICKS, options, environ=environ).stdout.splitlines()[-1])
    assert counts[0] != [0, 0], "the first tick saves that there is an orchestrator: the counting works"
    assert all(later == counts[1] for later in counts[1:])


def calls_of(call: Callable[[], object]) -> Counter[str]:
    """How often each function is called within, by its name, those in C included."""
    seen: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            seen[frame.f_code.co_name] += 1
        elif event == "c_call":
            seen[argument.__name__] += 1

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return seen


def tick_calls(count: int, first: bool) -> int:
    """How many calls a look at so many tasks takes: the first one of a plan, or each later one."""
    tasks = tuple(replace(SCHEDULE_REGISTRY[n % 7], name=f"task_{n}", enabled=True) for n in range(count))
    plan = Plan(Path("/vault"), tasks=tasks)
    records = {task.name: TaskRecord(last_run=NOW - timedelta(minutes=5)) for task in tasks}
    agenda = Agenda(timedelta(minutes=1))
    if not first:
        agenda.look(plan, records, NOW)
    return sum(calls_of(lambda: agenda.look(plan, records, NOW)).values())


@pytest.mark.parametrize(("first", "most"), [(True, 120), (False, 10)])
def test_a_tick_is_linear_in_the_tasks(first: bool, most: int) -> None:
    """Ten times the tasks, ten times the calls, and few for each: those that wait cost next to nothing."""
    some, many = tick_calls(70, first), tick_calls(700, first)
    assert many <= 10.5 * some
    assert many <= most * 700


def test_counting_items_asks_the_disk_for_folders_alone(tmp_path: Path) -> None:
    """A name and its kind are in the listing: no file is looked at, and none is made a path of."""
    for number in range(50):
        (tmp_path / f"{number}.md").touch()
    calls = calls_of(lambda: count_below(tmp_path, tmp_path))
    assert calls["scandir"] == 1
    assert calls["stat"] + calls["lstat"] + calls["realpath"] == 0


def test_counting_what_was_done_today_asks_for_each_time_once(tmp_path: Path) -> None:
    """That needs the times; nothing else of a file is asked, and no other folder is looked into."""
    (tmp_path / "Done").mkdir()
    for number in range(50):
        (tmp_path / f"Done/{number}.md").touch()
    (tmp_path / "Needs_Action").mkdir()
    today = datetime.fromtimestamp(tmp_path.stat().st_mtime, UTC).date()
    calls = calls_of(lambda: count_done_on(tmp_path, today, UTC))
    assert calls["stat"] <= 50 + 3
    assert calls["scandir"] == 1


def test_rows_of_late_do_not_make_an_update_read_the_dashboard_again_for_each(vault: Path) -> None:
    """Every row of the last half hour is looked for in five texts, of which two are the same one: a line is taken
    apart once in each text and not once for each row."""
    for number in range(30):
        update(vault, add_activity(NOW, f"task_{number}", "did it", "ok"), touch(NOW))
    calls = calls_of(lambda: update(vault, add_activity(NOW, "last", "did it", "ok"), touch(NOW)))
    lines = len((vault / "Dashboard.md").read_text(encoding="utf-8").splitlines())
    assert calls["parse_row"] <= 4 * lines


def checks_of_names(count: int) -> int:
    """How often the name of a unit is worked out or checked while the units of so many tasks are rendered."""
    tasks = tuple(replace(SCHEDULE_REGISTRY[0], name=f"t{count}_{n}") for n in range(count))
    where = installation(Scope.USER)
    calls = calls_of(lambda: render(Plan(Path("/vault"), tasks=tasks), where))
    return calls["unit_name_part"]


def test_each_name_of_a_unit_is_checked_once_for_all_that_name_it() -> None:
    """A task's service names all that come before it; a thousand tasks are still no million of checks."""
    checks_of_names(1)  # reads and compiles the templates
    assert checks_of_names(100) <= 11 * checks_of_names(10)
