"""``orchestrator`` and ``second-supervisor``: one program looks after the vault, and only one. Pure."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta

from aiemp.doctor.findings import Finding, fail, ok, warn
from aiemp.frozen import frozen
from aiemp.locks import Holder
from aiemp.pm2_processes import Pm2Process
from aiemp.predecessors import Predecessor
from aiemp.schedule_words import span_in_words
from aiemp.systemd.command_lines import start_line, systemctl_line
from aiemp.systemd.names import ORCHESTRATOR
from aiemp.systemd.scope import Scope


@frozen
class SupervisorsSeen:
    """``holder`` is the orchestrator that runs now; ``scopes`` are the managers that have units for this
    vault; ``pm2`` its processes that keep an orchestrator or a watcher; ``jobs`` those of cron that do what aiemp
    does. ``silence``: how long it showed no life."""

    holder: Holder | None
    scopes: tuple[Scope, ...] = ()
    can_install: bool = False
    pm2: tuple[Pm2Process, ...] = ()
    jobs: tuple[Predecessor, ...] = ()
    silence: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is `aiemp run` that runs, alone or under PM2."""
        return self.holder is not None and self.holder.owner.startswith("local ")


SILENT_FOR = timedelta(hours=1)
"""An orchestrator shows every five minutes that it works, but for one that is told to look less often (--interval)."""

MISSED_LOOKS = 3


def silence(last_sign: datetime | None, now: datetime, interval_s: float = 0.0) -> str:
    """For how long a running orchestrator, which looks every ``interval_s``, has shown no sign of life, in words; ""
    when that is nothing to tell."""
    if last_sign is None:
        return ""
    try:
        patience = max(SILENT_FOR, MISSED_LOOKS * timedelta(seconds=interval_s))
    except (OverflowError, ValueError):  # not a number that we wrote
        patience = SILENT_FOR
    if now - last_sign <= patience:
        return ""
    return f"has shown no sign of life for {span_in_words(now - last_sign)}"


def restart_words(holder: Holder, scope: Scope | None) -> str:
    """How one that hangs is started afresh."""
    if scope is not None and holder.owner.startswith("systemd"):
        return f"see why: aiemp logs; start it afresh: {systemctl_line(scope, 'restart', ORCHESTRATOR)}"
    end = f"kill -9 {holder.pid}; " if holder.pid else ""
    return f"see why: aiemp logs; start it afresh: {end}aiemp run"


def judge_orchestrator(seen: SupervisorsSeen) -> list[Finding]:
    """Whether one runs, under any engine."""
    if seen.holder is not None and seen.silence:
        scope = seen.scopes[0] if seen.scopes else None
        return [fail(f"running ({seen.holder}), but it {seen.silence}", restart_words(seen.holder, scope))]
    if seen.holder is not None:
        return [ok(f"running ({seen.holder})")]
    if seen.scopes:
        return [fail("the orchestrator is not running", start_line(seen.scopes[0]))]
    ours = next((process for process in seen.pm2 if process.is_aiemp), None)
    if ours is not None:
        remedy = f"see why: pm2 logs {shlex.quote(ours.name)}" if ours.is_online else "pm2 resurrect"
        return [fail("the orchestrator is not running", remedy)]
    remedy = "aiemp install-units --now, or in the foreground: aiemp run" if seen.can_install else "aiemp run"
    return [fail("the orchestrator is not running", remedy)]


def judge_second_supervisor(seen: SupervisorsSeen) -> list[Finding]:
    """Nothing where neither units nor PM2 could be the second one."""
    findings = []
    if len(seen.scopes) > 1:
        what = (
            "units are installed for your own systemd and for the machine's; only one of them gets the vault"
        )
        findings.append(fail(what, "aiemp uninstall-units --user"))
    if seen.scopes:
        findings += [
            fail(f"{process.what} and the installed units both keep this vault", _without(process))
            for process in seen.pm2
        ]
        if seen.is_local and not seen.pm2:
            assert seen.holder is not None
            what = f"units are installed, but `aiemp run` (pid {seen.holder.pid}) has the vault"
            findings.append(fail(what, f"kill {seen.holder.pid}; {start_line(seen.scopes[0])}"))
    else:
        findings += [
            warn(f"{process.what} and aiemp both do this vault's work", _without(process))
            for process in _superfluous(seen)
        ]
    if seen.scopes or seen.pm2 or seen.holder is not None:
        findings += [
            warn(f"{job.where} has a job for this vault: {job.what}", f"if aiemp does that now: {job.remedy}")
            for job in seen.jobs
        ]
    if findings or not (seen.scopes or seen.pm2):
        return findings
    return [ok("systemd alone" if seen.scopes else "PM2 alone")]


def _superfluous(seen: SupervisorsSeen) -> list[Pm2Process]:
    """Without units: every other aiemp of PM2's, and what did the work before aiemp came."""
    ours = [process for process in seen.pm2 if process.is_aiemp]
    others = [process for process in seen.pm2 if not process.is_aiemp]
    return [*ours[1:], *(others if ours or seen.holder is not None else [])]


def _without(process: Pm2Process) -> str:
    return f"pm2 delete {shlex.quote(process.name)} && pm2 save"
