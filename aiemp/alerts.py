"""Alerts: what needs the owner, told once in three places.

One deduplicated row under Recent Errors, one file in ``Needs_Action/alerts/``, and the user's ``[alerts]
command``. None of them can fail the thing that is reported: each is tried by itself, and its own trouble is
only logged (semantics, "Health, alerts, stopping").
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from aiemp.durable import make_private_folder, replace_file
from aiemp.places import Places
from aiemp.plan import Plan

log = logging.getLogger("aiemp.alerts")

COMMAND_LIMIT_S = 30.0
TELL_AGAIN_AFTER = timedelta(hours=1)
"""The same alert runs the command again only after this: a fault that repeats must not flood a phone."""

NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_KEY = 80

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the owner should know. ``key`` is the same for the same trouble."""

    key: str
    component: str
    title: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """What became of an alert: which of the three places have it, and how often it has come by now."""

    on_dashboard: bool = False
    file: Path | None = None
    command_ran: bool = False
    count: int = 1


def raise_alert(plan: Plan, alert: Alert, now: datetime, environ: Mapping[str, str]) -> AlertOutcome:
    """Tell the owner. Never raises an Exception; in a dry run it is only logged."""
    log.error("ALERT %s: %s (%s)", alert.title, alert.detail, alert.remedy)
    if plan.dry_run.active:
        return AlertOutcome()
    path = alert_file(plan.vault, alert.key)
    before = _attempt("read the last alert", lambda: _read(path)) or {}
    count = _count(before.get("count")) + 1
    told_at = _moment(before.get("told"))
    is_news = told_at is None or not timedelta(0) <= now - told_at < TELL_AGAIN_AFTER
    on_dashboard = _attempt("show it on the dashboard", lambda: _show(plan, alert, now))
    created = before.get("created") or _text(now)
    told = _text(now) if is_news or told_at is None else _text(told_at)
    text = _file_text(alert, created=created, updated=_text(now), told=told, count=count)
    written = _attempt("write its file", lambda: _write(plan.vault, path, text))
    ran = False
    if is_news and plan.alert_command:
        ran = bool(_attempt("run the alert command", lambda: _tell(plan, alert, environ)))
    return AlertOutcome(bool(on_dashboard), path if written else None, ran, count)


def clear_alert(plan: Plan, key: str) -> None:
    """The trouble is over: take its file away. The row under Recent Errors stays, and ages out."""
    if plan.dry_run.active:
        return
    path = alert_file(plan.vault, key)
    if _attempt("look for its file", lambda: path.is_file() and _is_inside(plan.vault)):
        _attempt("take its file away", lambda: path.unlink(missing_ok=True))
        log.info("alert %s is over", key)


def alert_file(vault: Path, key: str) -> Path:
    """Where an alert's file lies; a key may be anything, a file name may not."""
    safe = NOT_IN_A_FILE_NAME.sub("_", key).strip("._-")[:LONGEST_KEY] or "alert"
    return Places(vault).alerts / f"ALERT_{safe}.md"


def _show(plan: Plan, alert: Alert, now: datetime) -> bool:
    from aiemp.dashboard import add_error, update  # noqa: PLC0415 - alerts are rare

    row = add_error(
        now.astimezone(plan.zone), alert.component, f"{alert.title}: {alert.detail}", alert.remedy
    )
    update(plan.vault, row)
    return True


def _write(vault: Path, path: Path, text: str) -> bool:
    make_private_folder(path.parent)
    if not _is_inside(vault):
        raise OSError(f"{path.parent} leads out of the vault; remove the link")
    replace_file(path, text.encode("utf-8", "replace"))
    return True


def _is_inside(vault: Path) -> bool:
    return Places(vault).alerts.resolve().is_relative_to(vault.resolve())


def _tell(plan: Plan, alert: Alert, environ: Mapping[str, str]) -> bool:
    """Run the user's command: its argv as configured, the alert in its environment and on its stdin."""
    from aiemp.environment import child_environment  # noqa: PLC0415 - alerts are rare

    facts = {
        name: getattr(alert, name).replace("\0", "")
        for name in ("key", "component", "title", "detail", "remedy")
    }
    extra = tuple((f"AIEMP_ALERT_{name.upper()}", value) for name, value in facts.items())
    text = f"{facts['title']}\n\n{facts['detail']}\n\n{facts['remedy']}\n"
    process = subprocess.Popen(
        plan.alert_command,
        cwd="/",
        env=child_environment(environ, {}, False, extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.communicate(text.encode("utf-8", "replace"), timeout=COMMAND_LIMIT_S)
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        raise OSError(f"{plan.alert_command[0]} ended with {process.returncode}")
    return True


def _read(path: Path) -> dict[str, str]:
    """The plain ``key: value`` lines of an alert's file that we wrote; empty when there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")[:4096]
    except FileNotFoundError:
        return {}
    head = text.removeprefix("---\n").partition("\n---")[0]
    return {key: value for key, _, value in (line.partition(": ") for line in head.splitlines())}


def _file_text(alert: Alert, *, created: str, updated: str, told: str, count: int) -> str:
    title, detail, remedy, component = (
        " ".join(text.split()) for text in (alert.title, alert.detail, alert.remedy, alert.component)
    )
    # Quoted as YAML wants it; the values come from error texts and may hold anything.
    component = component.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'---\ntype: alert\ncomponent: "{component}"\ncreated: {created}\nupdated: {updated}\n'
        f"told: {told}\ncount: {count}\nstatus: pending\n---\n"
        f"# {title}\n\n{detail}\n\n**What to do:** {remedy}\n"
    )


def _attempt(what: str, step: Callable[[], T]) -> T | None:
    """The value of ``step``, or None and a line in the log: an alert must not fail what it reports."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - that is the promise
        log.error("an alert could not %s: %s", what, error)
        return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
