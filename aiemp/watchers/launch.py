"""Starting one watcher under its lock: by the local engine (:func:`spawn`), or in place of the process that
asks (:func:`exec_watcher`), for ``aiemp watch`` and so for systemd.

The watcher itself holds the lock, through a descriptor it inherits. So it stays locked when the orchestrator
is killed, and whoever starts it a second time, under whatever engine or by hand, is told its pid.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from aiemp import locks
from aiemp.errors import AiempError, LockHeld, VaultError
from aiemp.frozen import frozen
from aiemp.locks import HeldLock, Holder
from aiemp.places import Places
from aiemp.plan import DryRunPolicy, Origin, Plan, Watcher
from aiemp.watchers.holders import first_of, holds, is_alive, processes_holding
from aiemp.watchers.loop import LOCK_DESCRIPTOR
from aiemp.watchers.options import STALE_AFTER_VARIABLE, ZONE_VARIABLE

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger("aiemp.watchers")

SYSTEMD_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class WatcherNotStarted(AiempError):
    """The watcher's program cannot be executed."""


@frozen
class Launch:
    """All that starting a process needs."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]


class NotStartedKind(Enum):
    """Why a watcher is left alone. None of these is an error."""

    NOT_CONFIGURED = "not configured"
    DISABLED = "disabled"
    DRY_RUN = "dry run"
    NEW = "new"


@frozen
class NotStarted:
    """A watcher that is not to be started, and ``reason``, for its owner."""

    reason: str
    kind: NotStartedKind


def prepare(watcher: Watcher, plan: Plan, environ: Mapping[str, str]) -> Launch | NotStarted:
    """How ``watcher`` is started, or why it is not (semantics, "Watchers"). Reads the vault's ``.env``."""
    from aiemp.environment import child_environment, vault_environment  # noqa: PLC0415 - for starts only

    if not watcher.enabled:
        return NotStarted("disabled in aiemp.toml", NotStartedKind.DISABLED)
    if not watcher.adopted:
        return NotStarted(
            "it, or the Python for it, is new in the vault, and nobody has adopted it", NotStartedKind.NEW
        )
    vault = plan.vault.absolute()
    dotenv, problems = vault_environment(vault)
    for problem in problems:
        log.warning("%s", problem)
    given = {**dotenv, **environ, **dict(watcher.env)}
    missing = [name for name in watcher.requires_env if not given.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        reason = f"{' and '.join(missing)} {verb} not set, neither in the environment nor in {vault / '.env'}"
        return NotStarted(reason, NotStartedKind.NOT_CONFIGURED)
    dry_run = plan.dry_run.active
    if dry_run and watcher.dry_run is DryRunPolicy.SKIP:
        reason = "not started in a dry run: its own dry run writes into the vault"
        return NotStarted(reason, NotStartedKind.DRY_RUN)
    if watcher.origin is Origin.BUILT_IN and not watcher.command:
        return _built_in(watcher, plan, child_environment(environ, {}, dry_run, watcher.env))
    extra = watcher.env
    if watcher.origin is Origin.DISCOVERED:
        # What a Python program prints reaches its log at once, and is not lost when it is killed.
        extra = (("PYTHONUNBUFFERED", "1"), *extra)
    cwd = vault if watcher.cwd is None else vault / watcher.cwd
    return Launch(watcher.command, cwd, child_environment(environ, dotenv, dry_run, extra))


def _built_in(watcher: Watcher, plan: Plan, env: dict[str, str]) -> Launch:
    argv = [sys.executable, "-m", f"aiemp.watchers.{watcher.name}", "--vault", str(plan.vault.absolute())]
    argv += ["--interval", str(watcher.interval_s)]
    if plan.dry_run.active:
        argv.append("--dry-run")
    env[STALE_AFTER_VARIABLE] = str(plan.limits.stale_after_hours)
    if plan.zone_name:
        env[ZONE_VARIABLE] = plan.zone_name
    # "-m" looks for modules in the working directory first: it must not be the vault, where Claude writes.
    return Launch(tuple(argv), Path("/"), env)


def spawn(
    watcher: Watcher, launch: Launch, plan: Plan, owner: str, log_file: Path | None
) -> subprocess.Popen[bytes]:
    """Start the watcher as a child that leads its own session. Output is appended to ``log_file``; without
    one it goes where ours goes. Raises LockHeld when it is running already, VaultError when the vault or the
    lock cannot be used, and WatcherNotStarted."""
    import subprocess  # noqa: PLC0415 - `status` asks this module what runs, and starts nothing

    with take_lock(plan.vault, watcher.name, 0, owner) as lock:
        if log_file is not None:
            _redact(log_file, plan.vault)  # nobody writes to it now
        output = _open_log(log_file)
        try:
            process = subprocess.Popen(
                launch.argv,
                cwd=launch.cwd,
                env=_child_env(watcher, launch, lock, has_log=output is not None),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock.descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(watcher, launch, error) from error
        finally:
            if output is not None:
                os.close(output)
        lock.describe(_holder(watcher.name, process.pid, owner))
    return process


def exec_watcher(watcher: Watcher, launch: Launch, plan: Plan, owner: str) -> NoReturn:
    """Become the watcher: same process id, same standard streams. Raises as :func:`spawn` does."""
    with take_lock(plan.vault, watcher.name, os.getpid(), owner) as lock:
        os.set_inheritable(lock.descriptor, True)
        sys.stdout.flush()
        sys.stderr.flush()
        # Python ignores these, and an executed program would go on ignoring them (execve(2)).
        for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        try:
            os.chdir(launch.cwd)
            env = _child_env(watcher, launch, lock, has_log=False)
            if watcher.origin is Origin.BUILT_IN:
                # It becomes the process that systemd started, and speaks sd_notify(3) itself.
                env |= {name: os.environ[name] for name in SYSTEMD_VARIABLES if name in os.environ}
            os.execvpe(launch.argv[0], launch.argv, env)  # noqa: S606 - no shell is what is wanted
        except OSError as error:
            raise _not_started(watcher, launch, error) from error


def take_lock(vault: Path, name: str, pid: int, owner: str) -> HeldLock:
    """Take a watcher's lock for the process ``pid`` (0: not known yet).

    Raises LockHeld, whose message names the running watcher's pid, and VaultError when there is no vault,
    or one that cannot be written to.
    """
    path = Places(vault).watcher_lock(name)
    try:
        vault.stat()
        return locks.acquire(path, _holder(name, pid, owner))
    except FileNotFoundError:
        message = f"the vault {vault} is not there; is its disk mounted? Name another with --vault"
        raise VaultError(message) from None
    except OSError as error:
        message = f"the {name} watcher's lock {path} cannot be taken: {error.strerror}; mend the access to it"
        raise VaultError(message) from None
    except LockHeld:
        holder = running(vault, name) or Holder()
        who = ", ".join(part for part in (f"pid {holder.pid}" if holder.pid else "", holder.owner) if part)
        message = f"the {name} watcher is already running" + (f" ({who})" if who else "")
        raise LockHeld(message, str(holder)) from None


def running(vault: Path, name: str) -> Holder | None:
    """Which process is the watcher ``name`` of ``vault``; None when there is none, pid 0 when not known.

    What the lock's file says is checked against the processes that have it open, where the system tells.
    """
    path = Places(vault).watcher_lock(name)
    holder = locks.probe(path)
    if holder is None or holds(holder.pid, path):
        return holder
    pids = processes_holding(path)
    if pids:
        return Holder(first_of(pids) or 0, holder.what or f"watcher {name}", holder.owner)
    return holder if is_alive(holder.pid) else Holder(0, holder.what, holder.owner)


def freshness(vault: Path, name: str, now: datetime) -> float | None:
    """How many seconds ago the watcher gave a sign of life; None when it never did or cannot be told: on a
    read-only vault it can give none."""
    path = Places(vault).processed(name)
    try:
        modified_s = path.stat().st_mtime
    except OSError:
        return None
    if not os.access(path, os.W_OK):
        return None
    return max(0.0, now.timestamp() - modified_s)


def _holder(name: str, pid: int, owner: str) -> Holder:
    return Holder(pid, f"watcher {name}", owner)


def _child_env(watcher: Watcher, launch: Launch, lock: HeldLock, *, has_log: bool) -> dict[str, str]:
    env = dict(launch.env)
    if has_log:
        # systemd.exec(5): it tells a program that its stderr is the journal, which is no longer so.
        env.pop("JOURNAL_STREAM", None)
    if watcher.origin is Origin.BUILT_IN:
        env[LOCK_DESCRIPTOR] = str(lock.descriptor)
    return env


def _redact(log_file: Path, vault: Path) -> None:
    """Take secrets out of what the watcher printed before. It writes to its log itself, so that it outlives a killed
    orchestrator; so there is no other moment."""
    from aiemp.log_files import redact_again  # noqa: PLC0415 - systemd's watchers have no log file
    from aiemp.redaction import in_force  # noqa: PLC0415

    redact_again(log_file, vault, in_force())


def _open_log(path: Path | None) -> int | None:
    if path is None:
        return None
    from aiemp.log_files import open_log  # noqa: PLC0415 - systemd's watchers have no log file

    try:
        return open_log(path)
    except OSError as error:
        # A watcher without a log is better than no watcher.
        log.warning("%s cannot be written, the watcher's output goes to ours: %s", path, error)
        return None


def _not_started(watcher: Watcher, launch: Launch, error: OSError) -> WatcherNotStarted:
    return WatcherNotStarted(
        f"the {watcher.name} watcher cannot be started with {launch.argv[0]!r} in {launch.cwd}: "
        f"{error.strerror}; check its command and cwd in aiemp.toml"
    )
