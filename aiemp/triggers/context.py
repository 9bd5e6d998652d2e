"""What a trigger function is told about its run, beside the vault and whether it is a dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.plan import SCHEDULE_REGISTRY, DryRun, Plan, ScheduledTask

SECONDS_PER_MINUTE = 60.0


@frozen
class Overrides:
    """What a person who starts a run by hand may go beyond: each names one thing that holds Claude back."""

    over_budget: bool = False
    while_paused: bool = False


NO_OVERRIDES = Overrides()


def no_history(_start: datetime, _end: datetime) -> Sequence[Mapping[str, object]]:
    """The past runs of somebody who knows of none."""
    return ()


@frozen
class RunContext:
    """One run: its plan and task, the time (aware), this process's environment, and where output goes.

    ``runs`` gives the runs that ended between two moments, the oldest first, as the history's entries.
    ``on_output`` gets what a child prints, as it comes; ``log_file`` keeps it.
    """

    plan: Plan
    task: ScheduledTask
    now: datetime
    environ: Mapping[str, str]
    log_file: Path | None = None
    runs: Callable[[datetime, datetime], Sequence[Mapping[str, object]]] = no_history
    on_output: Callable[[bytes], None] | None = None
    overrides: Overrides = NO_OVERRIDES

    @property
    def local_now(self) -> datetime:
        """The time in the plan's zone."""
        return self.now.astimezone(self.plan.zone)

    @property
    def today(self) -> date:
        """The date in the plan's zone."""
        return self.local_now.date()

    @property
    def timeout_s(self) -> float:
        """How long a child of this run may take."""
        return self.task.timeout_minutes * SECONDS_PER_MINUTE


def default_context(vault_path: Path, trigger_name: str, dry_run: bool) -> RunContext:
    """A context for callers that give only what the seed's signature has (2D): the built-in task of that
    name, with default settings, now, in the machine's zone. Raises Blocked when there is no such vault.
    """
    import os  # noqa: PLC0415 - a run through the runner never comes here, as with the rest

    from aiemp.clock import utc_now  # noqa: PLC0415
    from aiemp.config.zones import machine_zone  # noqa: PLC0415
    from aiemp.places import Places  # noqa: PLC0415
    from aiemp.run_history import History  # noqa: PLC0415
    from aiemp.vault.layout import require_vault  # noqa: PLC0415

    require_vault(vault_path)
    return RunContext(
        plan=Plan(
            vault=vault_path,
            tasks=SCHEDULE_REGISTRY,
            zone=machine_zone(os.environ)[0],
            dry_run=DryRun(dry_run, "the caller"),
        ),
        task=next(task for task in SCHEDULE_REGISTRY if task.trigger_fn == trigger_name),
        now=utc_now(),
        environ=os.environ,
        runs=History(Places(vault_path).runs).between,
    )
