"""What the orchestrator shows of itself: health rows, error rows, alerts. In a dry run it only logs."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aiemp.engines import Engine, Event, Happening
from aiemp.errors import AiempError
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.redaction import in_force
from aiemp.run_report import publish_recovered
from aiemp.runs import Ended, Result, Run, TaskRecord
from aiemp.watcher_status import WatcherState

if TYPE_CHECKING:
    from aiemp.alerts import AlertOutcome
    from aiemp.pings import TickPings

log = logging.getLogger("aiemp.orchestrator")

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What an owner has to mend, and what a dry run or an edited file cannot bring about."""

REMOVED = "⚪ Removed"
"""The state of a watcher that is not in the plan any more, in the words of the health table."""


class OrchestratorReport:
    """Publishes for one orchestrator. Only :meth:`publish_health` may raise; the others are best effort."""

    def __init__(self, plan: Plan, engine: Engine, environ: Mapping[str, str]) -> None:
        self.plan = plan
        self.engine = engine
        self.environ = environ
        self._pings: TickPings | None = None
        self._troubled: set[str] = set()  # the steps that the disk does not let work
        self._owed: tuple[str, datetime] | None = None
        self._well_since: datetime | None = None

    @property
    def is_troubled(self) -> bool:
        """Whether the disk kept a step from its work when that was last tried."""
        return bool(self._troubled)

    def ping(self, *, well: bool) -> None:
        """After a tick: tell who listens for our silence that it came to its end, if all is ``well``."""
        url = None if self.plan.dry_run.active else self.plan.pings.tick_url
        if url is None and self._pings is None:
            return
        from aiemp.pings import TickPings  # noqa: PLC0415 - few are asked for

        self._pings = self._pings or TickPings(self.environ, note=self._note_ping)
        self._pings.after_tick(url, well=well)

    def _note_ping(self, trouble: str) -> None:
        from aiemp.ping_trouble import note_ping_trouble  # noqa: PLC0415 - as above

        note_ping_trouble(self.plan.vault, "ping_url", trouble)

    def end_pings(self) -> None:
        """Leave no ping under way."""
        if self._pings is not None:
            self._pings.stop()

    def status_line(self, wake_at: datetime | None) -> str:
        """What `systemctl status` shows; ``wake_at``: when something is due next."""
        watchers, busy = self.engine.watchers(), self.engine.busy_with()
        up = sum(1 for status in watchers if status.running)
        meant = sum(1 for status in watchers if status.enabled)
        following = f"next due {wake_at.astimezone(self.plan.zone):%a %H:%M}" if wake_at else "nothing due"
        return f"{up} of {meant} watchers up; {f'running {busy}' if busy else following}"

    def publish_health(self, now: datetime, *, stopped: bool = False) -> None:
        """Show how each part is on the dashboard. Raises OSError or AiempError when that cannot be done."""
        if self.plan.dry_run.active:
            return
        from aiemp.dashboard import (  # noqa: PLC0415 - not in a dry run
            HealthRow,
            set_health,
            set_system_status,
            update,
        )
        from aiemp.health import DOWN, UP, mcp_rows, watcher_rows  # noqa: PLC0415

        watchers = self.engine.watchers()
        unwell = [status.name for status in watchers if status.enabled and not status.running]
        overall = f"Needs attention: {', '.join(unwell)}" if unwell else "Operational"
        rows = [
            *watcher_rows(watchers),
            HealthRow("Orchestrator", DOWN if stopped else UP),
            *mcp_rows(self.plan),
        ]
        update(
            self.plan.vault,
            set_health(rows, now.astimezone(self.plan.zone)),
            set_system_status("Stopped" if stopped else overall),
        )

    def publish_event(self, event: Event, now: datetime) -> None:
        """Log what happened to a watcher; show on the dashboard what its owner should know."""
        name = event.name
        if event.happening is Happening.WATCHER_STARTED:
            log.info("watcher %s: %s", name, event.detail)
        elif event.happening is Happening.WATCHER_PAUSED:
            log.error("watcher %s: %s", name, event.detail)
            self._alert(
                f"watcher-{name}",
                f"watcher_{name}",
                f"Watcher {name} is paused",
                event.detail,
                event.remedy
                or f"See `aiemp logs {name}`, mend the cause, then restart aiemp or send it SIGHUP",
                now,
            )
        elif event.detail != "stopped":
            hung = event.happening is Happening.WATCHER_HUNG
            log.warning("watcher %s %s: %s", name, "hangs" if hung else "ended", event.detail)
            self._add_error(
                f"watcher_{name}", f"{'Hung' if hung else 'Crashed'}: {event.detail}", "Auto-restarted", now
            )

    def is_well(self, key: str) -> None:
        """Take back the alert ``key``, if there is one."""
        from aiemp.alert_files import alert_file  # noqa: PLC0415 - a dry run does without

        if alert_file(self.plan.vault, key).exists():
            from aiemp.alerts import clear_alert  # noqa: PLC0415 - alerts are rare

            clear_alert(self.plan, key)

    def forget_watchers(self, known: Mapping[str, Mapping[str, object]], now: datetime) -> None:
        """Take back what is shown of watchers that left the plan, or were disabled: their alerts; and of those that
        left it the state in their rows.

        ``known``: the watchers whose rows were ours, as the ledger has them. Their rows stay, the dashboard
        being its owner's. Raises OSError or AiempError when it cannot be written.
        """
        if self.plan.dry_run.active:
            return
        for path in Places(self.plan.vault).alerts.glob("ALERT_watcher-*.md"):
            from aiemp.alert_files import read_alert  # noqa: PLC0415 - alerts are rare

            file = read_alert(path)
            kind, _, name = file.text("component").partition("_") if file else ("", "", "")
            watcher = self.plan.watcher(name)
            if kind == "watcher" and name and (watcher is None or not watcher.enabled):
                self.is_well(f"watcher-{name}")
        gone = [
            name
            for name, facts in known.items()
            if self.plan.watcher(name) is None and facts.get("state") != WatcherState.DISABLED.value
        ]
        if gone:
            from aiemp.dashboard import HealthRow, set_health, update  # noqa: PLC0415 - as above

            rows = [HealthRow(f"{name}_watcher", REMOVED) for name in gone]
            update(self.plan.vault, set_health(rows, now.astimezone(self.plan.zone)))

    def publish_recovered(self, run: Run, end: Ended) -> None:
        """Show a run that died without a word."""
        publish_recovered(self.plan, run, end, self.environ)

    def publish_trouble(self, what: str, error: Exception, now: datetime) -> None:
        """Alert the owner when it is the disk; everything else is in the log, and mends itself or shows."""
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in DISK:
            return
        self._troubled.add(what)
        outcome = self._alert(
            "disk",
            "orchestrator",
            "The vault cannot be written",
            f"{what}: {error}",
            "Free some space (or mount it writable); aiemp goes on by itself",
            now,
        )
        if not self.plan.dry_run.active and (outcome.file is None or not outcome.on_dashboard):
            # A full disk has no room for the alert about it: it is made up for once there is.
            self._owed = self._owed or (f"{what}: {error}", now)

    def publish_recovery(self, what: str, now: datetime) -> None:
        """A step works again. Once all do that the disk had stopped, an alert that could not be written is."""
        if what in self._troubled:
            self._troubled.remove(what)
            self._well_since = now
            self._make_up(now)

    def disk_is_well(self, now: datetime, stable_for: timedelta) -> None:
        """Take back the alert about the disk once that has been well for a while."""
        self._make_up(now)
        if not self._troubled and (self._well_since is None or now - self._well_since > stable_for):
            self.is_well("disk")

    def _make_up(self, now: datetime) -> None:
        if self._troubled or self._owed is None:
            return
        detail, since = self._owed
        zone = self.plan.zone
        times = f"from {since.astimezone(zone):%Y-%m-%d %H:%M} to {now.astimezone(zone):%Y-%m-%d %H:%M}"
        outcome = self._alert(
            "disk",
            "orchestrator",
            "The vault could not be written",
            f"{times}: {detail}",
            "There is room again, and aiemp has gone on; see what had filled the disk",
            now,
        )
        if outcome.file is not None and outcome.on_dashboard:
            self._owed = None

    def _alert(
        self, key: str, component: str, title: str, detail: str, remedy: str, now: datetime
    ) -> AlertOutcome:
        from aiemp.alerts import Alert, raise_alert  # noqa: PLC0415 - alerts are rare

        return raise_alert(self.plan, Alert(key, component, title, detail, remedy), now, self.environ)

    def _add_error(self, component: str, error: str, resolution: str, now: datetime) -> None:
        if self.plan.dry_run.active:
            return
        from aiemp.dashboard import add_error, update  # noqa: PLC0415 - errors are rare

        error = in_force().text(error)
        try:
            update(self.plan.vault, add_error(now.astimezone(self.plan.zone), component, error, resolution))
        except (OSError, AiempError) as problem:
            log.error("the dashboard was not updated: %s", problem)


def left_no_record(record: TaskRecord, moved: bool) -> bool:
    """Whether a task's process has ended without a word in the ledger. A task that is blocked once more has none."""
    return not moved and (record.last is None or record.last.result is not Result.BLOCKED)


def task_ended(
    event: Event, record: TaskRecord, moved: bool, words: str, *, dry_run: bool
) -> dict[str, object]:
    """Log how a task's process ended, and return it for who asked for one cycle. ``moved``: whether its record has
    changed; ``words``: the last it said."""
    last = record.last
    if left_no_record(record, moved):
        log.error("%s ended (%s) and left no record: %s", event.name, event.detail, words or "see its log")
    elif last is not None:
        said = last.error or last.summary
        log.info("%s %s%s", event.name, last.result.value, f": {said}" if said else "")
    return {
        "name": event.name,
        "result": last.result.value if last and not dry_run else None,
        "error": last.error if last else "",
        "summary": last.summary if last else "",
        "exit": event.detail,
    }
