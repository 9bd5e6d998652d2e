"""Watchers as real processes: locks that outlive their starter, kills at any moment, files in any state."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiemp.errors import LockHeld
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import DryRun, Plan, Watcher
from aiemp.watchers.discovery import discover
from aiemp.watchers.launch import Launch, prepare, running, spawn
from aiemp.watchers.registry import BUILT_IN

DEADLINE_S = 20.0
STOP_S = 3.0
LONG_AGO_S = 1_700_000_000
FILESYSTEM, APPROVAL = BUILT_IN
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, leases or prlimit")

STARTER = """
import sys, time, pathlib, os
from aiemp.frozen import replace
from aiemp.plan import Plan, Watcher
from aiemp.watchers.launch import exec_watcher, prepare, spawn
from aiemp.watchers.registry import BUILT_IN
how, name, vault, *command = sys.argv[1:]
plan = Plan(pathlib.Path(vault))
watcher = next((w for w in BUILT_IN if w.name == name), None) or Watcher(name, command=tuple(command))
watcher = replace(watcher, interval_s=1)
launch = prepare(watcher, plan, os.environ)
if how == "exec":
    exec_watcher(watcher, launch, plan, "aiemp watch")
print(spawn(watcher, launch, plan, "local engine", None).pid, flush=True)
time.sleep(600)
"""


def until(
    condition: Callable[[], object], what: str = "the condition", deadline_s: float = DEADLINE_S
) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.01)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a name that needs care everywhere."""
    folder = tmp_path / 'Büro\'s "vault" 100% $HOME'
    for name in ("Drop", "Needs_Action/email", "Approved", "Rejected", "Pending_Approval", ".state"):
        (folder / name).mkdir(parents=True)
    return folder


class Processes:
    """Starts things, and leaves nothing running."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.pids: list[int] = []

    def watch(
        self, watcher: Watcher, plan: Plan, log: Path | None = None, **changes: str
    ) -> subprocess.Popen[bytes]:
        launch = prepare(watcher, plan, os.environ | changes)
        assert isinstance(launch, Launch), launch
        self.started.append(spawn(watcher, launch, plan, "a test", log))
        return self.started[-1]

    def run(self, *argv: str | Path, **options: object) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.started.append(subprocess.Popen(argv, **{**pipes, **options}))  # type: ignore[call-overload]
        return self.started[-1]

    def starter(self, how: str, name: str, vault: Path, *command: str) -> subprocess.Popen[bytes]:
        """A process that starts a watcher as an orchestrator does, or becomes it."""
        return self.run(sys.executable, "-c", STARTER, how, name, vault, *command)

    def pid_from(self, starter: subprocess.Popen[bytes]) -> int:
        assert starter.stdout is not None
        self.pids.append(int(starter.stdout.readline()))
        return self.pids[-1]

    def end_all(self) -> None:
        for pid in self.pids:
            try:
                os.killpg(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
def processes() -> Iterator[Processes]:
    group = Processes()
    yield group
    group.end_all()


def every_second(watcher: Watcher) -> Watcher:
    return replace(watcher, interval_s=1)


def put(vault: Path, name: str, text: str = "text", at_s: float = LONG_AGO_S) -> None:
    """A finished file appears in Drop, as if moved there."""
    path = vault / "Drop" / name
    aside = vault.parent / "aside"
    aside.write_text(text)
    os.utime(aside, (at_s, at_s))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(path)


def items(vault: Path) -> list[Path]:
    return sorted((vault / "Needs_Action").rglob("FILE_*.md"))


def processed(vault: Path, name: str) -> Path:
    return Places(vault).processed(name)


# ---- the lock belongs to the watcher


@linux_only
def test_a_watcher_keeps_its_lock_when_its_starter_is_killed(vault: Path, processes: Processes) -> None:
    """kill -9 of the orchestrator: the watcher lives on, and whoever starts it again is told its pid."""
    starter = processes.starter("spawn", "filesystem", vault)
    pid = processes.pid_from(starter)
    starter.kill()
    starter.wait()
    holder = running(vault, "filesystem")
    assert holder is not None
    assert (holder.pid, holder.owner) == (pid, "local engine")
    with pytest.raises(LockHeld, match=rf"filesystem watcher is already running \(pid {pid}, local engine\)"):
        processes.watch(FILESYSTEM, Plan(vault))

    second = processes.starter("exec", "filesystem", vault)
    _, error = second.communicate(timeout=DEADLINE_S)
    assert f"already running (pid {pid}, local engine)" in error.decode()

    argv = [sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault]
    by_hand = processes.run(*argv)
    _, error = by_hand.communicate(timeout=DEADLINE_S)
    assert by_hand.returncode == 0
    assert f"already running (pid {pid}, local engine)" in error.decode()

    os.kill(pid, signal.SIGTERM)
    until(lambda: running(vault, "filesystem") is None, "the lock is free")


@linux_only
def test_the_real_holder_is_found_when_nobody_wrote_it_down(vault: Path, processes: Processes) -> None:
    """The orchestrator died between starting the watcher and noting its pid."""
    watcher = processes.watch(APPROVAL, Plan(vault))
    lock = Places(vault).watcher_lock("approval")
    for written in (
        '{"pid": 0, "what": "watcher approval", "owner": "local engine"}',
        "",
        '{"pid": 4194305}',
    ):
        lock.write_text(written)
        holder = running(vault, "approval")
        assert holder is not None
        assert holder.pid == watcher.pid


@linux_only
def test_a_grandchild_that_inherited_the_lock_is_named(vault: Path, processes: Processes) -> None:
    """The watcher is gone, what it started is not: its pid is the one that has to end."""
    starter = processes.starter("spawn", "feed", vault, "sh", "-c", "sleep 300 & echo $! > child; exit 0")
    processes.pid_from(starter)
    child = vault / "child"
    until(lambda: child.exists() and child.read_text().strip(), "the grandchild")
    pid = int(child.read_text())
    processes.pids.append(pid)
    until(lambda: (running(vault, "feed") or APPROVAL) and running(vault, "feed").pid == pid, "its pid")  # type: ignore[union-attr]
    os.kill(pid, signal.SIGKILL)
    until(lambda: running(vault, "feed") is None, "the lock is free")


def test_becoming_a_watcher_keeps_the_process(vault: Path, processes: Processes) -> None:
    """exec, as aiemp watch and systemd start it: same pid, and it is the holder."""
    process = processes.starter("exec", "approval", vault)
    until(lambda: processed(vault, "approval").exists(), "the first sign of life")
    holder = running(vault, "approval")
    assert holder is not None
    assert (holder.pid, holder.owner) == (process.pid, "aiemp watch")
    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_S) == 0


def test_two_vaults_have_a_watcher_each(vault: Path, tmp_path: Path, processes: Processes) -> None:
    """Locks are per vault: one of each runs, at the same time."""
    other = tmp_path / "other"
    other.mkdir()
    pids = [processes.watch(APPROVAL, Plan(each)).pid for each in (vault, other)]
    holders = [running(each, "approval") for each in (vault, other)]
    assert [holder and holder.pid for holder in holders] == pids


# ---- how it is started


def test_a_discovered_watcher_is_started_as_its_author_meant(vault: Path, processes: Processes) -> None:
    """Its module, arguments, folder and environment are right, its imports work, and SIGINT ends it."""
    scripts = vault / "scripts" / "watchers"
    scripts.mkdir(parents=True)
    (vault / "scripts" / "__init__.py").touch()
    (scripts / "__init__.py").touch()
    (scripts / "base_watcher.py").write_text("GREETING = 'from the base'\n")
    (scripts / "finance_watcher.py").write_text(
        "import json, os, sys, time\n"
        "from scripts.watchers.base_watcher import GREETING\n"
        "facts = {'argv': sys.argv, 'cwd': os.getcwd(), 'env': dict(os.environ), 'greeting': GREETING}\n"
        "open('facts.tmp', 'w').write(json.dumps(facts)); os.rename('facts.tmp', 'facts.json')\n"
        "print('said at once')\n"
        "try:\n"
        "    time.sleep(600)\n"
        "except KeyboardInterrupt:\n"
        "    print('clean stop'); sys.exit(0)\n"
    )
    (vault / ".env").write_text("BANK_TOKEN_PATH=secrets/bank.json\nDRY_RUN=1\n")
    [finance] = discover(vault)
    log = Places(vault).watcher_log("finance")
    process = processes.watch(finance, Plan(vault), log, NOTIFY_SOCKET="/run/nobody", JOURNAL_STREAM="8:1")
    until((vault / "facts.json").exists, "the watcher's facts")
    facts = json.loads((vault / "facts.json").read_text())
    assert facts["argv"] == [str(scripts / "finance_watcher.py"), "--vault", str(vault), "--interval", "60"]
    assert facts["cwd"] == str(vault)
    assert facts["greeting"] == "from the base"
    assert facts["env"]["BANK_TOKEN_PATH"] == "secrets/bank.json"
    assert facts["env"]["DRY_RUN"] == "false"
    assert not {"NOTIFY_SOCKET", "JOURNAL_STREAM", "AIEMP_WATCHER_LOCK"} & facts["env"].keys()
    until(lambda: log.read_text() == "said at once\n", "its output")
    assert os.getsid(process.pid) == process.pid
    process.send_signal(signal.Signals[finance.stop_signal])
    assert process.wait(STOP_S) == 0
    assert log.read_text() == "said at once\nclean stop\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_keeps_no_watcher_from_starting(
    vault: Path, processes: Processes
) -> None:
    """The watcher runs; its output goes where ours goes."""
    log = vault / "Logs" / "aiemp" / "x.log"
    log.mkdir(parents=True)
    processes.watch(Watcher("feed", command=("sh", "-c", "touch ran; exec sleep 300")), Plan(vault), log)
    until((vault / "ran").exists, "its start")


def test_the_vault_is_not_searched_for_modules(vault: Path, processes: Processes) -> None:
    """A json.py that somebody wrote into the vault is not executed by the built-in watchers."""
    for name in ("json.py", "logging.py", "aiemp.py"):
        (vault / name).write_text("open('/proc/self/cwd/taken-in', 'w')\nraise SystemExit('taken in')\n")
    process = processes.watch(every_second(APPROVAL), Plan(vault))
    until(lambda: processed(vault, "approval").exists(), "a sign of life")
    assert process.poll() is None


@pytest.mark.parametrize("name", ["filesystem", "approval"])
def test_a_long_running_watcher_loads_no_more_than_it_needs(name: str) -> None:
    """What is loaded at start costs memory for months, and time at each restart."""
    code = f"import sys, aiemp.watchers.{name}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    heavy = {"click", "jinja2", "rich", "yaml", "tomlkit", "dotenv", "watchfiles", "asyncio", "subprocess"}
    heavy |= {"dataclasses", "typing", "logging", "argparse", "hashlib", "datetime", "zoneinfo", "contextlib"}
    heavy |= {"pathlib", "urllib"}
    assert not heavy & set(done.stdout.split())


# ---- its work


@pytest.mark.parametrize("watcher", BUILT_IN, ids=lambda watcher: watcher.name)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_built_in_watcher_stops_cleanly(
    vault: Path, processes: Processes, watcher: Watcher, number: signal.Signals
) -> None:
    """Exit 0 within moments, also while it waits for the next look in an hour."""
    process = processes.watch(replace(watcher, interval_s=3600), Plan(vault))
    until(lambda: processed(vault, watcher.name).exists(), "the first sign of life")
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(STOP_S) == 0
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("watcher", BUILT_IN, ids=lambda watcher: watcher.name)
def test_a_working_watcher_shows_that_it_works(vault: Path, processes: Processes, watcher: Watcher) -> None:
    """The processed file's mtime is refreshed again and again, by which "hung" is told."""
    processes.watch(every_second(watcher), Plan(vault))
    path = processed(vault, watcher.name)
    until(path.exists, "the first sign of life")
    for _ in range(2):
        os.utime(path, (1, 1))
        until(lambda: path.stat().st_mtime > 1, "a sign of life")


def test_a_dropped_file_is_noticed_long_before_the_interval_is_over(
    vault: Path, processes: Processes
) -> None:
    """Events wake the watcher, in new subfolders too."""
    processes.watch(replace(FILESYSTEM, interval_s=3600), Plan(vault))
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    put(vault, "new folder/b.txt")
    until(lambda: len(items(vault)) == 2, "an item of the subfolder")
    put(vault, "new folder/c.txt")
    until(lambda: len(items(vault)) == 3, "another item of the subfolder")


def test_without_events_the_interval_is_enough(vault: Path, processes: Processes) -> None:
    """Where the system has no events to give, or no more of them."""
    log = vault.parent / "log"
    processes.watch(every_second(FILESYSTEM), Plan(vault), log, WATCHFILES_FORCE_POLLING="1")
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    until(lambda: "seen only at each interval" in log.read_text(), "a word about it")


@linux_only
def test_a_link_in_drop_does_not_make_it_watch_the_machine(vault: Path, processes: Processes) -> None:
    """Neither listed nor watched: the watches are those of Drop and its real folders."""
    (vault / "Drop" / "sub").mkdir()
    (vault / "Drop" / "everything").symlink_to("/usr")
    process = processes.watch(replace(FILESYSTEM, interval_s=3600), Plan(vault))

    def watches() -> int:
        total = 0
        for path in Path(f"/proc/{process.pid}/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed just now
                total += path.read_text().count("inotify wd")
        return total

    until(lambda: watches() == 2, "two watches")
    put(vault, "a.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    assert watches() == 2


def test_killed_at_any_moment_each_file_gets_exactly_one_item(vault: Path, processes: Processes) -> None:
    """Thirty kill -9 while files are dropped: no item is lost, none is there twice, no half one is seen."""
    chance = random.Random(20260227)
    watcher, plan = every_second(FILESYSTEM), Plan(vault)
    done = vault / "Needs_Action" / "done by now"
    done.mkdir()
    names = set()
    interrupted = 0
    for number in range(30):
        process = processes.watch(watcher, plan, vault.parent / "log")
        for part in range(3):
            name = f"{number:02}-{part}.txt"
            put(vault, name, name)
            names.add(name)
        before = len(items(vault))
        if number % 2:
            until(lambda before=before: len(items(vault)) > before, "the first of three")  # type: ignore[misc]
        else:
            time.sleep(chance.uniform(0.02, 0.15))  # the moment is what this test is about
        process.kill()
        process.wait()
        interrupted += before < len(items(vault)) < len(names)
        (done / str(number)).mkdir()
        for item in sorted((vault / "Needs_Action" / "file").glob("FILE_*.md"))[::2]:
            item.rename(done / str(number) / item.name)  # Claude is quick
    processes.watch(watcher, plan, vault.parent / "log")
    until(lambda: len(items(vault)) >= len(names), "all items")
    ids = processed(vault, "filesystem")
    until(ids.exists, "the record")
    until(lambda: len(json.loads(ids.read_bytes())["processed_ids"]) >= len(names), "all ids")
    subjects = [
        json.loads(item.read_text().partition("subject: ")[2].partition("\n")[0]) for item in items(vault)
    ]
    assert sorted(subjects) == sorted(names)
    assert all(item.read_text().endswith("bytes\n") for item in items(vault))
    assert [path.name for path in (vault / "Needs_Action").rglob(".*")] == []
    assert interrupted, "no kill came while items were being written: the test shows nothing"


@linux_only
def test_a_file_that_is_being_written_is_taken_once_it_is_whole(vault: Path, processes: Processes) -> None:
    """The writer pauses for longer than a file has to stand still, but has not closed it: one item."""
    processes.watch(every_second(FILESYSTEM), Plan(vault))
    until(lambda: processed(vault, "filesystem").exists(), "the first look")
    path = vault / "Drop" / "slow.csv"
    finished = ""
    with path.open("w") as file:
        for number in range(2):
            file.write(f"line {number}\n" * 100)
            file.flush()
            os.utime(path, (LONG_AGO_S, LONG_AGO_S))
            began = time.monotonic()
            while time.monotonic() - began < 1.3:
                assert items(vault) == [], "taken before it was whole"
                time.sleep(0.05)
        finished = str(file.tell())
    until(lambda: items(vault), "an item")
    [item] = items(vault)
    assert f"size_bytes: {finished}\n" in item.read_text()
    for _ in range(2):  # the second sign tells of a look that began after the item
        os.utime(processed(vault, "filesystem"), (1, 1))
        until(lambda: processed(vault, "filesystem").stat().st_mtime > 1, "another look")
    assert items(vault) == [item]


def test_a_file_that_grows_by_and_by_is_taken_once_it_stands_still(vault: Path, processes: Processes) -> None:
    """Opened and closed for each line: nobody holds it open, only the pauses tell."""
    processes.watch(every_second(FILESYSTEM), Plan(vault))
    path = vault / "Drop" / "log.txt"
    for number in range(5):
        with path.open("a") as file:
            file.write(f"line {number}\n")
        time.sleep(0.4)  # the writer's pace
        assert items(vault) == []
    until(lambda: items(vault), "an item")
    [item] = items(vault)
    assert f"size_bytes: {path.stat().st_size}\n" in item.read_text()


def test_a_vault_that_vanishes_is_waited_for(vault: Path, processes: Processes) -> None:
    """Said once; nothing is made in its place; and afterwards all is as before."""
    log = vault.parent / "log"
    processes.watch(every_second(FILESYSTEM), Plan(vault), log)
    put(vault, "before.txt")
    until(lambda: len(items(vault)) == 1, "an item")
    away = vault.parent / "away"
    vault.rename(away)
    vault.mkdir()  # what is left of a mount point
    until(lambda: "cannot be reached" in log.read_text(), "a word about it")
    until(lambda: log.stat().st_mtime < time.time() - 2.5, "some more looks")
    assert log.read_text().count("cannot be reached") == 1
    assert list(vault.iterdir()) == []
    vault.rmdir()
    away.rename(vault)
    put(vault, "after.txt")
    until(lambda: len(items(vault)) == 2, "the other item")
    until(lambda: "this is over" in log.read_text(), "a word about it")


@linux_only
def test_a_full_disk_is_said_once_and_waited_out(vault: Path, processes: Processes) -> None:
    """Writes fail (here: by a limit on file sizes): said on standard error, and later all is done."""
    put(vault, "a.txt")
    said = vault.parent / "said"

    def allow_no_writes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    with said.open("wb") as file:
        reader = processes.run("cat", stdin=subprocess.PIPE, stdout=file)
    process = processes.run(
        *(sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault, "--interval", "1"),
        stdout=reader.stdin,
        stderr=reader.stdin,
        cwd="/",
        preexec_fn=allow_no_writes,
    )
    until(lambda: b"cannot work now" in said.read_bytes(), "a word about it")
    time.sleep(1.5)  # another look, of which nothing tells while it can write nothing
    assert said.read_bytes().count(b"cannot work now") == 1
    assert items(vault) == []
    assert process.poll() is None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    until(lambda: len(items(vault)) == 1, "the item")


def test_a_dry_run_leaves_the_vault_as_it_is(vault: Path, processes: Processes) -> None:
    """Nothing but our own locks; what would be done is said."""
    put(vault, "a.txt")
    (vault / "Approved" / "x.md").touch()
    plan = Plan(vault, dry_run=DryRun(True, "a test"))
    before = sorted(path for path in vault.rglob("*") if "aiemp" not in path.parts)
    log = vault.parent / "log"
    for watcher in BUILT_IN:
        processes.watch(every_second(watcher), plan, log)
    until(lambda: "dry run: 'Drop/a.txt' would become FILE_a_" in log.read_text(), "the report")
    until(lambda: log.read_text().count("nothing is written") == 2, "both")
    after = sorted(
        path for path in vault.rglob("*") if path.relative_to(vault).parts[:2] != (".state", "aiemp")
    )
    assert after == before


def test_one_look_ends_by_itself(vault: Path, processes: Processes) -> None:
    """--once: waits for fresh files to settle, does what there is to do, exit 0."""
    put(vault, "old.txt")
    put(vault, "fresh.txt", at_s=time.time())
    argv = (sys.executable, "-m", "aiemp.watchers.filesystem", "--vault", vault, "--once")
    process = processes.run(*argv, cwd="/")
    assert process.wait(DEADLINE_S) == 0
    assert len(items(vault)) == 2


def test_stale_approvals_are_counted_for_whoever_asks(vault: Path, processes: Processes) -> None:
    """--check-stale: the words that the seed's trigger looks for, exit 0; also while the watcher runs."""
    processes.watch(APPROVAL, Plan(vault))
    (vault / "Pending_Approval" / "a\n.md").write_text("---\nexpires: 2020-01-01T00:00:00Z\n---\n")
    (vault / "Pending_Approval" / "b.md").write_text("---\ntype: approval_request\n---\n")
    argv = (sys.executable, "-m", "aiemp.watchers.approval", "--vault", vault, "--check-stale")
    process = processes.run(*argv, cwd="/")
    output, error = process.communicate(timeout=DEADLINE_S)
    assert output.decode() == 'Found 1 stale approvals\n"Pending_Approval/a\\n.md"\n', error.decode()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--vault is missing"),
        (["--vault"], "--vault needs a value"),
        (["--vault=/nowhere/at/all"], "is no folder"),
        (["--vault", "/", "--interval", "0"], "--interval is a number of seconds"),
        (["--vault", "/", "--interval", "-5"], "--interval is a number of seconds"),
        (["--vault", "/", "--verbose"], "unknown argument '--verbose'"),
    ],
)
def test_a_wrong_command_line_is_said(processes: Processes, arguments: list[str], message: str) -> None:
    """Exit 2, the mistake and the usage on standard error."""
    process = processes.run(sys.executable, "-m", "aiemp.watchers.filesystem", *arguments, cwd="/")
    output, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert message in error.decode()
    assert "usage: python -m aiemp.watchers.filesystem" in error.decode()
    assert output == b""
