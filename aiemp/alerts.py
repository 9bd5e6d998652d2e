"""Alerts: what the owner has to see (a paused watcher, a failed task, a full disk).

Semantics, "Health, alerts, stopping": one deduplicated row under Recent Errors, one file in
``Needs_Action/alerts/``, and the user's command. An alert cannot fail the thing that it reports: each step is
tried on its own, and what goes wrong is logged and returned.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from aiemp.alert_command import AGAIN, OPENED, RESOLVED, run_alert_command, without_controls
from aiemp.alert_files import Alert, AlertFile, alert_file, find_place, read_alert, renewed, shown_error
from aiemp.durable import make_private_folder, replace_file
from aiemp.errors import AiempError, VaultError
from aiemp.frozen import frozen, replace
from aiemp.locks import short_lock
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.redaction import in_force

__all__ = ["Alert", "AlertOutcome", "alert_file", "clear_alert", "raise_alert"]

log = logging.getLogger("aiemp.alerts")

COMMAND_AGAIN_AFTER = timedelta(hours=1)
NAME_LIMIT = 80
TITLE_LIMIT = 200
REMEDY_LIMIT = 1000
DETAIL_LIMIT = 2000  # with the others still less than a pipe takes that nobody reads (16 KiB on macOS)

T = TypeVar("T")

_told: dict[tuple[Path, str], datetime] = {}
"""When the command ran for which alert, where the file cannot keep it: a full disk is what alerts are for."""


_unfinished: dict[tuple[Path, str], str] = {}
"""Why the end of which alert cannot be shown yet."""


@frozen
class AlertOutcome:
    """What became of an alert: where its file is, whether the dashboard shows it, whether the command ran
    and ended well, how often it has come by now, and what went wrong, one sentence each."""

    file: Path | None = None
    on_dashboard: bool = False
    command_ran: bool = False
    count: int = 1
    problems: tuple[str, ...] = ()


def raise_alert(plan: Plan, alert: Alert, now: datetime, environ: Mapping[str, str]) -> AlertOutcome:
    """Tell the owner of ``alert``. Raises nothing; in a dry run it is only logged.

    The command runs at most once an hour for one key (:mod:`aiemp.alert_command`).
    """
    alert = _redacted(_named(plan, alert, environ))
    log.error("alert %s: %s: %s (%s)", alert.key, alert.title, alert.detail, alert.remedy)
    if plan.dry_run.active:
        return AlertOutcome()
    alert = _cleaned(alert)
    problems: list[str] = []
    place = (plan.vault, alert.key)
    last_told = _told.get(place)
    file = _tried("write its file", lambda: _write_file(plan, alert, now, last_told), problems)
    shown = _tried("show it on the dashboard", lambda: _show(plan, alert, now, file), problems)
    tell = file.tell if file else bool(plan.alert_command) and not _is_recent(last_told, now)
    ran = None
    if tell:
        _told[place] = now
        state = AGAIN if (file and file.count > 1) or last_told else OPENED
        ran = _tried("run the alert command", lambda: _run_command(plan, alert, state, environ), problems)
    return AlertOutcome(
        file=file.path if file else None,
        on_dashboard=bool(shown),
        command_ran=bool(ran),
        count=file.count if file else 1,
        problems=tuple(problems),
    )


def _named(plan: Plan, alert: Alert, environ: Mapping[str, str]) -> Alert:
    """The alert with command lines that name the configuration, where a plain `aiemp` of its owner reads another."""
    from aiemp.call import Call  # noqa: PLC0415 - alerts are rare
    from aiemp.config.locate import config_to_read  # noqa: PLC0415

    if plan.config_file is None:
        return alert
    with contextlib.suppress(AiempError):  # nobody's home: then there is none but what is named
        if plan.config_file == config_to_read(None, environ):
            return alert
    return replace(alert, remedy=Call(plan.config_file).pasted(alert.remedy))


def clear_alert(plan: Plan, key: str) -> bool:
    """Take an alert back: its cause is gone. Whether there was one. Raises nothing.

    Its file goes away, or to ``Done/`` if somebody wrote something into it; its row is marked as resolved. The
    command hears of it if ``tell_resolved`` asks for that and the alert was told.
    """
    place = (plan.vault, key)
    was_told = _told.pop(place, None) is not None
    problems: list[str] = []
    found = _tried("look for its file", lambda: _find(plan.vault, key), problems)
    if found is None or plan.dry_run.active:
        return False
    path, file = found
    # The file last: as long as it is there, what was cut off or could not be written is done again.
    if _ends_later(plan, file, place):
        return True
    if plan.tell_resolved and plan.alert_command and (was_told or file.moment("notified")):
        over = Alert(key, file.text("component"), _title(file), "this is over", "Nothing is left to do")
        over = _cleaned(_redacted(over))  # the file may have been written into
        _tried("run the alert command", lambda: _run_command(plan, over, RESOLVED, os.environ), problems)
    _tried("put its file away", lambda: _put_away(plan.vault, path, file), problems)
    log.info("alert %s is over", key)
    return True


def _ends_later(plan: Plan, file: AlertFile, place: tuple[Path, str]) -> bool:
    """Show on the dashboard that it is over. Whether that has to be tried again, as the disk does not let it."""
    try:
        _show_end(plan, file)
    except Exception as error:  # noqa: BLE001 - as in _tried
        problem = in_force().text(f"could not show on the dashboard that it is over: {error}")
        if _unfinished.get(place) != problem:  # it is tried each minute, and said once
            _unfinished[place] = problem
            log.error("an alert %s", problem)
        return isinstance(error, OSError) or isinstance(error.__cause__, OSError)
    _unfinished.pop(place, None)
    return False


@frozen
class _Written:
    """What became of an alert's file: ``tell``, whether the command is to run now; ``shown``, the words by
    which the dashboard has shown the alert so far."""

    path: Path
    tell: bool
    count: int
    shown: str


def _write_file(plan: Plan, alert: Alert, now: datetime, last_told: datetime | None) -> _Written:
    folder = _folder(plan.vault, Places(plan.vault).alerts)
    with short_lock(Places(plan.vault).alerts_lock):
        make_private_folder(folder)
        path, file = find_place(plan.vault, alert.key)
        told = file.moment("notified") if file else None
        tell = bool(plan.alert_command) and not (_is_recent(told, now) or _is_recent(last_told, now))
        text = renewed(file, alert, now, tell=tell)
        replace_file(path, text.encode("utf-8", "surrogateescape"), beneath=plan.vault)
    return _Written(path, tell, file.count + 1 if file else 1, file.text("shown") if file else "")


def _show(plan: Plan, alert: Alert, now: datetime, file: _Written | None) -> bool:
    from aiemp.dashboard import add_error, remove_error, update  # noqa: PLC0415 - alerts are rare

    error = shown_error(alert)
    edits = [add_error(now.astimezone(plan.zone), alert.component, error, alert.remedy)]
    if file and file.shown and file.shown != error:
        edits.insert(0, remove_error(alert.component, file.shown))
    update(plan.vault, *edits)
    return True


def _show_end(plan: Plan, file: AlertFile) -> None:
    from aiemp.dashboard import resolve_error, update  # noqa: PLC0415 - alerts are rare

    update(plan.vault, resolve_error(file.text("component"), file.text("shown"), "Resolved"))


def _find(vault: Path, key: str) -> tuple[Path, AlertFile] | None:
    """The file of an alert and what it says; None when there is none."""
    if not Places(vault).alerts.is_dir():
        return None
    _folder(vault, Places(vault).alerts)
    path, file = find_place(vault, key)
    return None if file is None else (path, file)


def _put_away(vault: Path, path: Path, file: AlertFile) -> None:
    from aiemp.vault.moves import move_exclusively  # noqa: PLC0415 - alerts are rare

    _folder(vault, path.parent)
    with short_lock(Places(vault).alerts_lock):
        file = read_alert(path) or file
        if file.is_untouched:
            path.unlink(missing_ok=True)
            return
        done = _folder(vault, vault / "Done")
        make_private_folder(done)
        for number in range(1000):
            target = done / (f"{path.stem}_{number}.md" if number else path.name)
            with contextlib.suppress(FileExistsError):
                move_exclusively(path, target)
                return
    raise VaultError(f"{path} could not be moved to {done}: a thousand files there have its name")


def _folder(vault: Path, folder: Path) -> Path:
    if not vault.is_dir():
        raise VaultError(f"the vault {vault} is not there: mount or restore it")
    if not folder.resolve().is_relative_to(vault.resolve()):
        raise VaultError(f"{folder} is a symbolic link out of the vault: put a folder there itself")
    return folder


def _run_command(plan: Plan, alert: Alert, state: str, environ: Mapping[str, str]) -> bool:
    run_alert_command(plan.alert_command, alert, state, environ)
    return True


def _title(file: AlertFile) -> str:
    """An alert's title as its file has it; of what the dashboard shows, where somebody rewrote the body."""
    found = re.match(r"\s*# (.+)", file.body)
    return found[1] if found else file.text("shown")


def _tried(what: str, step: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - an alert must not fail the thing that it reports
        problem = in_force().text(f"could not {what}: {error or type(error).__name__}")
        log.error("an alert %s", problem)
        problems.append(problem)
        return None


def _redacted(alert: Alert) -> Alert:
    """Without secrets, before anything is cut: half of one would not be found."""
    redact = in_force().text
    return Alert(
        alert.key,
        redact(alert.component),
        redact(alert.title),
        redact(alert.detail),
        redact(alert.remedy),
    )


def _cleaned(alert: Alert) -> Alert:
    """Without control characters, and not longer than an environment and a pipe can take."""

    return Alert(
        alert.key,
        _cleaned_text(alert.component, NAME_LIMIT),
        _cleaned_text(alert.title, TITLE_LIMIT),
        _cleaned_text(alert.detail, DETAIL_LIMIT),
        _cleaned_text(alert.remedy, REMEDY_LIMIT),
    )


def _cleaned_text(text: str, limit: int) -> str:
    return without_controls(text[:limit].replace("\r\n", "\n"))


def _is_recent(told: datetime | None, now: datetime) -> bool:
    # One in the future was written before the clock was set back.
    return told is not None and timedelta(0) <= now - told < COMMAND_AGAIN_AFTER
