"""One campaign: a zone, a seed and some years, played by events and watched by a judge for each task."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiemp.agenda import Agenda
from aiemp.decisions import Decision, decide
from aiemp.plan import Plan, ScheduledTask
from aiemp.runs import NEVER_RUN, Ended, Result, Run
from tests.simulation.court import FURTHEST_OFF, SECOND, Court
from tests.simulation.judge import Judge
from tests.simulation.report import Report
from tests.simulation.stores import Store
from tests.simulation.tasks import tasks_of
from tests.simulation.weather import Disturbance, Happening, Outcome, between, disturbances, outcome

START = datetime(2007, 1, 1, tzinfo=UTC)
"""The ten years from here hold the odd clock changes that tests/unit/test_schedule_properties.py names."""

RECHECK = timedelta(seconds=60)
GRACE = timedelta(minutes=2)
EVENTS_A_DAY = 3000  # while a task is blocked the loop tries again each minute


@dataclass(frozen=True)
class Child:
    """A process ``aiemp trigger``: started by the orchestrator, by a timer, or by hand."""

    task: ScheduledTask
    scheduled: bool
    decision: Decision | None = None  # by which this orchestrator started it
    owner: int = 0


@dataclass
class Flight:
    """A child that holds the run lock and has begun its run."""

    child: Child
    run: Run
    outcome: Outcome
    began_real: datetime


class Campaign:
    """Plays it. ``real`` is true time; what programs read is ``real`` + ``shift``."""

    def __init__(
        self,
        zone: str,
        seed: int,
        span: timedelta,
        store: Store,
        *,
        timers: bool = False,
        disturbed_every: timedelta | None = timedelta(days=3),
        tasks: tuple[ScheduledTask, ...] | None = None,
        start: datetime = START,
    ) -> None:
        self.rng = random.Random(f"{seed} {zone} {timers} {start}")
        self.start, self.end, self.real = start, start + span, start
        self.shift = timedelta(0)
        self.store, self.timers = store, timers
        self.is_calm = disturbed_every is None
        tasks = tasks_of(self.rng) if tasks is None else tasks
        self.plan = Plan(Path("/vault"), tasks=tasks, zone=ZoneInfo(zone))
        patience = RECHECK + (GRACE if timers else timedelta(0))
        self.court = Court(tasks, ZoneInfo(zone), start, self.end, patience)
        self.judges, self.report = self.court.judges, self.court.report
        self.orchestrator = 0  # counts those that lived; its agenda dies with it
        self.alive = False
        self.agenda = Agenda(RECHECK)
        self.own_child: Child | None = None
        self.flight: Flight | None = None
        self.waiting: deque[Child] = deque()
        self.coming: set[int] = set()
        self.aimed: list[Disturbance] = []  # at the next run, at some moment of it
        self.blocked_until_real = start
        self.told_until: datetime | None = None
        self.tick_number = 0
        self._events: list[tuple[datetime, int, str, Any]] = []
        self._serial = count()
        self._at(self.real, "boot", None)
        if disturbed_every is not None:
            for each in disturbances(self.rng, self.start, self.end, disturbed_every):
                self._at(each.at, "disturbance", each)
        if timers:
            for name, judge in self.judges.items():
                self._next_alarm(name, judge)

    @property
    def now(self) -> datetime:
        return self.real + self.shift

    def play(self) -> Report:
        """Play it to the end."""
        while self._events and self._events[0][0] < self.end and len(self.report.violations) < 20:
            self.real, number, what, value = heapq.heappop(self._events)
            if number > EVENTS_A_DAY * ((self.real - self.start).days + 30):
                self.court.violation("restless", "it wakes again and again, for nothing", self.now, self.real)
                break
            getattr(self, f"_on_{what}")(value)
        for judge in self.judges.values():
            self.report.counts.update(judge.counts)
        counts = self.report.counts
        counts["slots"] = counts["run"] + counts["failed"] + counts["caught up"] + counts["manual"]
        return self.report

    # What happens

    def _on_boot(self, _: None) -> None:
        if not self.alive:
            self.alive = True
            self.orchestrator += 1
            self.agenda = Agenda(RECHECK, GRACE if self.timers else timedelta(0))
            self.own_child = None
            self._wake()

    def _on_tick(self, number: int) -> None:
        if not self.alive or number != self.tick_number:
            return
        now = self.now
        if self.flight is None:
            self._recover(now)
        self._look_at_clock(now)
        outlook = self.agenda.look(self.plan, self.store.records(), now)
        if self.own_child is None and outlook.next is not None:
            task = outlook.next.task
            child = Child(task, True, outlook.next, self.orchestrator)
            record = self.store.records().get(task.name, NEVER_RUN)
            self.agenda.started(outlook.next, record, now, dry_run=False)
            self.own_child = child
            self._start(child)
        elif self.own_child is None and self.flight is None and not self.waiting and not self.coming:
            is_blocked = self.real < self.blocked_until_real
            self.court.sleeps(outlook.wake_at, now, self.real, is_blocked=is_blocked)
        if outlook.wake_at is not None:
            self._at(self.real + max(outlook.wake_at - now, SECOND / 1000), "tick", self._new_tick())

    def _on_alarm(self, name: str) -> None:
        judge = self.judges[name]
        if self.alive and (self.is_calm or self.rng.random() < 0.95):
            self._start(Child(judge.task, True))
        self._next_alarm(name, judge)

    def _on_arrival(self, arriving: tuple[int, Child]) -> None:
        serial, child = arriving
        if serial in self.coming:  # else it was killed on its way
            self.coming.discard(serial)
            self.waiting.append(child)
            self._next_in_line()

    def _on_landing(self, flight: Flight) -> None:
        if flight is not self.flight:
            return  # it was killed
        self.flight = None
        run, task, judge = flight.run, flight.child.task, self.judges[flight.child.task.name]
        if flight.outcome in (Outcome.KILLED_AFTER_BEGIN, Outcome.KILLED_AFTER_WORK):
            self._log("killed", run)
        else:
            failed = flight.outcome is Outcome.FAILS
            result = Result.FAILED if failed else Result.SUCCEEDED
            took_s = round((self.real - flight.began_real).total_seconds(), 3)
            end = Ended(result, self.now, took_s, "it failed" if failed else "")
            self.store.finish(run, end, self.plan, answered=task.requires_claude)
            if task.requires_claude and not failed:
                for each in self.judges.values():
                    each.told_until = None
            self._log(result.value, run)
            if run.manual:
                judge.conclude(run.started, "manual")
            elif failed:
                judge.fail(run.started, self.now)
            else:
                judge.conclude(run.started, "run")
        self._gone(flight.child)

    def _on_disturbance(self, each: Disturbance) -> None:
        if each.is_aimed:
            self.aimed.append(each)
        else:
            self._on_blow(each)

    def _on_blow(self, each: Disturbance) -> None:
        self.report.counts[each.what.value] += 1
        self._log(each.what.value)
        match each.what:
            case Happening.POWER_CUT:
                self._kill_all()
                self._at(self.real + each.lasts, "boot", None)
            case Happening.STOP:
                self._stop_flight()
                self._kill_all()
                self._at(self.real + each.lasts, "boot", None)
            case Happening.ORCHESTRATOR_KILLED if self.alive:
                self.alive, self.own_child = False, None
                self._at(self.real + between(self.rng, SECOND, timedelta(minutes=1)), "boot", None)
            case Happening.CLOCK_STEP:
                self._step_clock(each)
                self._at(self.real + SECOND * self.rng.uniform(0, 30), "tick", self._new_tick())
            case Happening.BLOCKED:
                self.blocked_until_real = self.real + each.lasts
                self.told_until = self.now + each.lasts if each.choice < 0.5 else None
            case Happening.MANUAL if self.alive:
                self._start(Child(self.plan.tasks[int(each.choice * len(self.plan.tasks))], False))
            case _:
                pass

    # Processes

    def _start(self, child: Child) -> None:
        serial = next(self._serial)
        self.coming.add(serial)
        self._at(self.real + SECOND * round(self.rng.uniform(0.05, 3), 3), "arrival", (serial, child))

    def _next_in_line(self) -> None:
        while self.flight is None and self.waiting:
            child = self.waiting.popleft()
            if not self._take_off(child):
                self._gone(child)

    def _take_off(self, child: Child) -> bool:
        """What runner.run_task does under the run lock. Whether a run has begun."""
        now, task = self.now, child.task
        judge = self.judges[task.name]
        self._recover(now)
        self._look_at_clock(now)
        record = self.store.records().get(task.name, NEVER_RUN)
        decision = decide(task, record, now, self.plan.zone, tolerant=child.scheduled)
        if child.scheduled and not decision.due:
            return False
        slot = decision.slot if decision.due and decision.slot else now
        attempt = decision.attempt if child.scheduled else 1
        run = Run(task.name, slot, attempt, now, self.orchestrator, not child.scheduled)
        if child.scheduled:
            self.court.begins(run, now, self.real)
        how = Outcome.SUCCEEDS if self.is_calm else outcome(self.rng)
        if how is Outcome.KILLED_BEFORE_BEGIN:
            self._log(how.value, run)
            return False
        if any(other.running is not None for other in self.store.records().values()):
            self.court.violation("two at a time", f"{run.name} begins beside another", now, self.real)
        self.store.begin(run)
        self._log("began", run)
        if child.scheduled:
            judge.begin(slot, attempt)
        if task.requires_claude and self.real < self.blocked_until_real:
            end = Ended(Result.BLOCKED, now, 0.0, "no claude", until=self.told_until)
            self.store.block(run, end, self.plan)
            judge.block(attempt, now, self.told_until, manual=run.manual)
            return False
        self.flight = Flight(child, run, how, self.real)
        lasts = between(self.rng, SECOND, timedelta(minutes=10))
        self._at(self.real + lasts, "landing", self.flight)
        while self.aimed:
            self._at(self.real + lasts * self.rng.random(), "blow", self.aimed.pop())
        return True

    def _gone(self, child: Child) -> None:
        """A child has ended; its lock is free."""
        if self.alive and child is self.own_child:
            self.own_child = None
            record = self.store.records().get(child.task.name, NEVER_RUN)
            self.agenda.ended(child.task.name, record, self.now)
        self._next_in_line()
        self._wake()

    def _recover(self, now: datetime) -> None:
        for run, end in self.store.recover(self.plan, now):
            self._log("recovered", run, end.result.value)
            if not run.manual:
                self.judges[run.task].die(run.started)
            else:
                self.judges[run.task].blocked = False
                self.judges[run.task].told_until = None

    def _stop_flight(self) -> None:
        """What a run does that is told to stop."""
        flight, self.flight = self.flight, None
        if flight is None:
            return
        end = Ended(Result.INTERRUPTED, self.now, 1.0, "stopped by SIGTERM", on_request=True)
        self.store.finish(flight.run, end, self.plan, answered=False)
        self._log("stopped", flight.run)
        judge = self.judges[flight.run.task]
        if flight.run.manual:
            judge.blocked, judge.told_until = False, None
        else:
            judge.stop(flight.run.attempt)

    def _kill_all(self) -> None:
        self.alive, self.own_child, self.flight = False, None, None
        self.waiting.clear()
        self.coming.clear()

    def _step_clock(self, each: Disturbance) -> None:
        if self.shift and self.rng.random() < 0.6:
            self.shift = timedelta(0)  # it is set right
            return
        shift = self.shift + (each.lasts if each.choice < 0.5 else -each.lasts)
        self.shift = max(-FURTHEST_OFF, min(shift, FURTHEST_OFF))

    def _look_at_clock(self, now: datetime) -> None:
        self.store.clamp_future(self.plan, now)
        self.court.look_at_clock(now, self.store.records())

    # Events

    def _at(self, real: datetime, what: str, value: object) -> None:
        heapq.heappush(self._events, (real, next(self._serial), what, value))

    def _wake(self) -> None:
        self._at(self.real, "tick", self._new_tick())

    def _new_tick(self) -> int:
        self.tick_number += 1
        return self.tick_number

    def _next_alarm(self, name: str, judge: Judge) -> None:
        """The timer of a task: at its slot, or on a grid, with the lag that timers have."""
        interval, now = judge.task.interval, self.now
        at = judge.next_slot(now)
        if interval is not None:
            at = now + interval - (now - datetime(2000, 1, 1, tzinfo=UTC)) % interval
        at = max(at, now + SECOND)
        self._at(self.real + (at - now) + SECOND * self.rng.uniform(0, 20), "alarm", name)

    def _log(self, what: str, run: Run | None = None, *more: str) -> None:
        name = f"{run.name} {run.attempt}{' manual' if run.manual else ''}" if run else ""
        self.report.log.append((f"{self.now:%F %T.%f}", what, name, *more))
