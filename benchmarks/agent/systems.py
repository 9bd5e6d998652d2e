"""The whole systems that are compared, each with the same plan: how they are started, looked at and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.agent import processes
from benchmarks.agent.setting import Setting

WATCHERS = {
    "filesystem": "aiemp.watchers.filesystem",
    "approval": "aiemp.watchers.approval",
    "mail": "mail_watcher.py",
}
"""The watchers of the plan, and what their command lines have in them."""

TASKS = (
    "morning_triage",
    "linkedin_post",
    "stale_approval_check",
    "daily_rollover",
    "weekly_audit_prep",
    "health_dashboard_update",
    "done_archive",
)


class System(ABC):
    """One system in a home of its own. ``stamp_phase``: at which second of five its task of the firing plan is due."""

    name = ""
    title = ""
    status_command: Sequence[str] = ()
    repeat_command: Sequence[str] = ()
    """Typed after an edit that changed nothing."""
    stamp_phase = 0
    hangs = ""
    """Which process schedules: a part of its command line. Stopped, it hangs."""

    def __init__(self, setting: Setting, plan: str = "idle") -> None:
        self.setting = setting
        self.plan = plan
        self.home = Path(setting.home) / f"{self.name}-{plan}"
        self.vault = self.home / "vault"
        self.environ = setting.environ(self.home)
        self.roots: list[subprocess.Popen[bytes]] = []

    # What differs

    def prepare(self) -> None:  # noqa: B027 - one has nothing to configure
        """Write what there is to configure."""

    def make_ready(self) -> None:  # noqa: B027 - only ours keeps in mind what ran
        """What is done before a start, and is no part of it."""

    @abstractmethod
    def start(self) -> None:
        """Start it all, as its user does."""

    def stop(self) -> None:
        """Tell it to stop."""
        for root in self.roots:
            root.send_signal(signal.SIGTERM)

    def pids(self) -> set[int]:
        """All its processes."""
        for root in self.roots:
            root.poll()
        return processes.with_descendants(root.pid for root in self.roots)

    # What is the same

    def make_vault(self) -> None:
        for folder in ("Needs_Action", "Pending_Approval", "Approved", "Rejected", "Done", "Drop", "Logs"):
            (self.vault / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "run").mkdir(exist_ok=True)
        stamps = self.home / "stamps"
        (self.home / "stamp.sh").write_text(f"date +%s.%N >> '{stamps}'\n", encoding="utf-8")

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv, env=self.environ, cwd=self.home, capture_output=True, text=True, check=False, timeout=60
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def background(self, *argv: str) -> None:
        with (self.home / "run/output.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                env=self.environ,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.roots = [process]

    def pid_of(self, part: str) -> int | None:
        """The process whose command line has ``part`` in it."""
        return next((pid for pid in sorted(self.pids()) if part in processes.command_line(pid)), None)

    def beat_ns(self, watcher: str) -> int:
        """When the watcher last said that it has looked."""
        try:
            return (self.vault / ".state" / f"{watcher}_processed.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def stamps(self) -> list[float]:
        """When its task of the firing plan ran, in seconds since the epoch."""
        try:
            return [float(line) for line in (self.home / "stamps").read_text(encoding="ascii").split()]
        except FileNotFoundError:
            return []

    def kill_all(self) -> None:
        """What no command could stop."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)


class Aiemp(System):
    """What both engines of aiemp share."""

    @property
    def config(self) -> Path:
        return self.home / ".config/aiemp/aiemp.toml"

    def prepare(self) -> None:
        self.environ.pop("AIEMP_WATCHER_LOCK")
        command = json.dumps(
            [self.setting.python, f"{self.setting.configurations}/mail_watcher.py", str(self.vault)]
        )
        text = f"vault = {json.dumps(str(self.vault))}\ntimezone = 'Etc/UTC'\n"
        if self.plan == "idle":
            text += f"[tasks.weekly_audit_prep]\nenabled = true\n[watchers.mail]\ncommand = {command}\n"
        else:
            text += "".join(f"[tasks.{name}]\nenabled = false\n" for name in TASKS)
            text += "[watchers.filesystem]\nenabled = false\n[watchers.approval]\nenabled = false\n"
            stamp = json.dumps(["/bin/sh", str(self.home / "stamp.sh")])
            text += f"[tasks.lag]\ncalendar = '*-*-* *:*:{self.stamp_phase}/5'\ncommand = {stamp}\n"
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text, encoding="utf-8")
        self.make_ready()

    def make_ready(self) -> None:
        """As if every task had just run, so that nothing is due while it is looked at."""
        state = self.vault / ".state"
        state.mkdir(exist_ok=True)
        now = datetime.now(UTC).isoformat()
        ran = dict.fromkeys((*TASKS, "lag"), now)
        (state / "orchestrator_state.json").write_text(json.dumps({"schedule_last_run": ran}))

    def aiemp(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run(self.setting.python, "-m", "aiemp", *words, check=check)


class AiempLocal(Aiemp):
    """aiemp's own loop, in the foreground."""

    name = "aiemp_local"
    title = "aiemp, local loop"
    stamp_phase = 1
    hangs = "aiemp.supervise"

    def prepare(self) -> None:
        super().prepare()
        self.status_command = (self.setting.python, "-m", "aiemp", "status")

    def start(self) -> None:
        self.background(self.setting.python, "-m", "aiemp", "run")


class AiempSystemd(Aiemp):
    """aiemp's units under the user's systemd."""

    name = "aiemp_systemd"
    title = "aiemp, systemd"
    stamp_phase = 0
    hangs = "aiemp.supervise"

    def __init__(self, setting: Setting, plan: str = "idle") -> None:
        super().__init__(setting, plan)
        uid = os.getuid()
        # One home, the user's: there is one unit folder. The two plans are never installed at once.
        self.home = Path.home()
        self.vault = self.home / f"vault-{plan}"
        self.environ = {**setting.environ(self.home), "XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        self.manager = Path(f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service")
        self.status_command = (setting.python, "-m", "aiemp", "status")
        self.repeat_command = (setting.python, "-m", "aiemp", "install-units", "--user")

    def prepare(self) -> None:
        super().prepare()
        self.aiemp("install-units", "--user")

    def make_ready(self) -> None:
        super().make_ready()
        # Else the limit of starts in ten minutes is reached by this benchmark.
        self.run("systemctl", "--user", "reset-failed", "aiemp-*", check=False)

    def start(self) -> None:
        self.run("systemctl", "--user", "start", "aiemp.target")

    def stop(self) -> None:
        self.run("systemctl", "--user", "stop", "aiemp.target")

    def pids(self) -> set[int]:
        found: set[int] = set()
        for folder, _, _ in os.walk(self.manager):  # which passes over what goes away meanwhile
            if not fnmatch(folder, "*/aiemp*.service"):
                continue
            try:
                found.update(int(line) for line in Path(folder, "cgroup.procs").read_text("ascii").split())
            except OSError:
                continue  # it ended just now
        return found

    def manager_pids(self) -> set[int]:
        """The user's systemd itself and his bus, which are there without aiemp too."""
        found: set[int] = set()
        for folder in ("init.scope", "session.slice", "app.slice/dbus.service"):
            for procs in (self.manager / folder).glob("**/cgroup.procs"):
                found.update(int(line) for line in procs.read_text(encoding="ascii").split())
        return found


class Pm2(System):
    """PM2 with the watchers, and the tasks on its cron."""

    name = "pm2"
    title = "PM2"
    stamp_phase = 2
    hangs = "God Daemon"

    def prepare(self) -> None:
        assert self.setting.node and self.setting.pm2
        self.pm2 = (self.setting.node, self.setting.pm2)
        self.status_command = (*self.pm2, "list")
        file = "ecosystem.config.js" if self.plan == "idle" else "firing.config.js"
        self.file = f"{self.setting.configurations}/pm2/{file}"
        self.repeat_command = (*self.pm2, "startOrReload", self.file)

    def start(self) -> None:
        self.run(*self.pm2, "start", self.file)

    def stop(self) -> None:
        self.run(*self.pm2, "kill")

    def pids(self) -> set[int]:
        try:
            root = int((self.home / "run/pm2.pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return set()
        return processes.with_descendants([root])


class Supervisord(System):
    """supervisord with the watchers, and APScheduler for the tasks."""

    name = "supervisord_apscheduler"
    title = "supervisord + APScheduler"
    scheduler = "apscheduler"
    stamp_phase = 3
    hangs = "scheduler.py"

    def prepare(self) -> None:
        folder = Path(self.setting.configurations)
        self.environ["PYTHONPATH"] = self.setting.libraries
        self.environ["BENCH_SCHEDULER"] = str(folder / self.scheduler / "scheduler.py")
        conf = str(folder / "supervisord/supervisord.conf")
        self.daemon = (self.setting.python, "-m", "supervisor.supervisord", "-c", conf)
        control = (self.setting.python, "-m", "supervisor.supervisorctl", "-c", conf)
        self.status_command = (*control, "status")
        self.repeat_command = (*control, "update")

    def start(self) -> None:
        if self.plan == "idle":
            self.background(*self.daemon)
        else:
            firing = Path(self.setting.configurations) / self.scheduler / "firing.py"
            self.background(self.setting.python, str(firing))


class SupervisordSchedule(Supervisord):
    """supervisord with the watchers, and schedule for the tasks."""

    name = "supervisord_schedule"
    title = "supervisord + schedule"
    scheduler = "schedule"
    stamp_phase = 4


class Naive(System):
    """The loop of the first specification."""

    name = "naive"
    title = "naive loop"
    hangs = "orchestrator.py"

    def start(self) -> None:
        words = ("firing",) if self.plan.startswith("firing") else ()
        loop = f"{self.setting.configurations}/naive/orchestrator.py"
        self.background(self.setting.python, loop, *words)


def systems(setting: Setting, plan: str = "idle") -> list[System]:
    """All that can be had here, ready to be started."""
    kinds: list[type[System]] = [AiempLocal, Supervisord, SupervisordSchedule, Naive]
    if setting.pm2:
        kinds.insert(1, Pm2)
    if setting.systemd:
        kinds.insert(0, AiempSystemd)
    made = [kind(setting, plan) for kind in kinds]
    for system in made:
        system.make_vault()
        system.prepare()
    return made


def timed_s(argv: Sequence[str], environ: dict[str, str], cwd: Path) -> float:
    """How long a command takes. What it answers and how it ends is not looked at."""
    began = time.monotonic()
    subprocess.run(argv, env=environ, cwd=cwd, capture_output=True, check=False, timeout=60)
    return time.monotonic() - began
