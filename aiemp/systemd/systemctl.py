"""The only caller of systemctl(1): one batched ``show``, and the few verbs that aiemp needs."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aiemp.asked import Silence, ask
from aiemp.errors import AiempError
from aiemp.frozen import frozen
from aiemp.systemd.scope import Scope

PATIENCE_S = 60.0
"""systemctl waits for a manager that is busy reloading; longer than this means that it hangs."""

JOB_PATIENCE_S = 25 * 3600.0
"""For a job that may first have to stop something: systemd itself ends the wait, after TimeoutStopSec=, which
the configuration limits to a day, and kills what has not ended by then."""

NOTE_AFTER_S = 10.0
"""After this long, somebody who waits is told what for."""

log = logging.getLogger("aiemp.systemctl")


_UNREACHABLE = re.compile(r"Failed to connect to (\w+ scope )?bus|has not been booted with systemd")
"""To 256 and from 257 on."""


class SystemctlFailed(AiempError):
    """systemctl said no. The message holds what it said."""


class NoSystemd(AiempError):
    """There is no such manager to talk to."""


@frozen
class Systemctl:
    """Talks to one manager. ``environ`` is where its bus is looked for."""

    scope: Scope
    environ: Mapping[str, str]

    def show(
        self, units: Sequence[str], properties: Sequence[str], *, exact_times: bool = False
    ) -> dict[str, dict[str, str]]:
        """The properties of all units in one call. A unit that is not loaded is there, as ``not-found``.

        ``exact_times``: timestamps with microseconds; see :func:`exact_time`.
        """
        if not units:
            return {}
        wanted = ("Id", *(name for name in properties if name != "Id"))
        times = ("--timestamp=us+utc",) if exact_times else ()
        text = self._run("show", *times, "--property", ",".join(wanted), "--", *units)
        found = {}
        # A block a unit, in the order asked for; Id may be an alias, so the order is what counts.
        for unit, block in zip(units, text.strip("\n").split("\n\n"), strict=False):
            found[unit] = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        return found

    def unit_path(self) -> str:
        """Where the manager looks for units, as it prints that: folders with a blank between them."""
        return self._run("show", "--property=UnitPath", "--value").strip()

    def start(self, *units: str, wait: bool = True, patience_s: float = PATIENCE_S) -> None:
        """Start units. ``wait=False`` queues the jobs and returns (--no-block)."""
        self._verb("start", units, wait=wait, patience_s=patience_s)

    def stop(self, *units: str, wait: bool = True) -> None:
        """Stop units. Waits as long as they may take."""
        self._verb("stop", units, wait=wait, patience_s=JOB_PATIENCE_S)

    def restart(self, *units: str, wait: bool = True) -> None:
        """Restart units, starting those that do not run."""
        self._verb("restart", units, wait=wait)

    def try_restart(self, *units: str) -> None:
        """Restart those of the units that run. Waits as long as they may take."""
        self._verb("try-restart", units, patience_s=JOB_PATIENCE_S)

    def reset_failed(self, *units: str) -> None:
        """Forget failures and start limits of units."""
        self._verb("reset-failed", units)

    def enable(self, *units: str) -> None:
        """Enable units."""
        self._verb("enable", units)

    def disable(self, *units: str) -> None:
        """Disable units."""
        self._verb("disable", units)

    def clean(self, what: str, unit: str) -> None:
        """Remove what systemd keeps for a unit, which must be stopped: ``state`` is the stamp of a timer."""
        self._run("clean", f"--what={what}", "--", unit)

    def daemon_reload(self) -> None:
        """Have the manager read its unit files again."""
        self._run("daemon-reload")

    def _verb(
        self, verb: str, units: Sequence[str], *, wait: bool = True, patience_s: float = PATIENCE_S
    ) -> None:
        if units:
            options = [] if wait else ["--no-block"]
            self._run(verb, *options, "--", *units, patience_s=patience_s if wait else PATIENCE_S)

    def _run(self, *arguments: str, patience_s: float = PATIENCE_S) -> str:
        command = ["systemctl", "--no-pager", "--quiet"]
        if self.scope is Scope.USER:
            command.append("--user")
        environ = bus_environment(self.scope, self.environ)
        with _noted(arguments[0], patience_s):
            answer = ask([*command, *arguments], environ=environ, timeout_s=patience_s)
        if answer.silence is Silence.MISSING:
            raise NoSystemd("there is no systemctl on this machine, so no systemd to talk to")
        if answer.silence:
            raise SystemctlFailed(f"systemctl {arguments[0]} {answer.problem}")
        if answer.code != 0:
            said = " ".join(answer.err.split()) or f"exit status {answer.code}"
            if _UNREACHABLE.search(said):
                raise NoSystemd(f"the {self.scope.value} manager of systemd cannot be reached: {said}")
            raise SystemctlFailed(f"systemctl {' '.join(arguments)}: {said}")
        return answer.out


def exact_time(text: str) -> datetime | None:
    """A timestamp of ``show(exact_times=True)``, as "Tue 2026-11-24 10:00:00.123456 UTC"; None for none."""
    try:
        return datetime.strptime(text.partition(" ")[2], "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)
    except ValueError:
        return None


@contextlib.contextmanager
def _noted(verb: str, patience_s: float) -> Iterator[None]:
    """Says once, where that takes long and may, what is waited for."""
    if patience_s <= PATIENCE_S:
        yield
        return
    about = "still waiting for systemctl %s: a unit may take as long to end as its stop timeout allows"
    timer = threading.Timer(NOTE_AFTER_S, log.warning, (about, verb))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def bus_environment(scope: Scope, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ``, with the user bus found where a login would have put it.

    ``sudo -u`` and some SSH sessions lack XDG_RUNTIME_DIR, which pam_systemd(8) sets to /run/user/UID.
    """
    env = {**environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    if scope is Scope.USER and not _is_ours(env.get("XDG_RUNTIME_DIR", "")):
        folder = Path(f"/run/user/{os.getuid()}")
        if folder.is_dir():
            env["XDG_RUNTIME_DIR"] = str(folder)
    return env


def _is_ours(folder: str) -> bool:
    """Whether it is a folder of the user's own; ``su`` without ``-`` keeps that of the user before."""
    try:
        return bool(folder) and Path(folder).stat().st_uid == os.getuid()
    except OSError:
        return False
