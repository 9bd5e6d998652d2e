"""Where the orchestrator's plan comes from, so that an edit of aiemp.toml can be taken up while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from aiemp.plan import Plan

Signature = tuple[int, int, int]


class PlanSource:
    """Loads the plan, and notices when its file has changed since."""

    def __init__(self, load: Callable[[], Plan]) -> None:
        self._load = load
        self._file: Path | None = None
        self._seen: Signature | None = None

    def load(self) -> Plan:
        """The plan as the file has it now. Raises ConfigError; the change counts as seen all the same, so
        that a mistake is reported once."""
        self._seen = _signature(self._file)
        plan = self._load()
        self._file = plan.config_file
        self._seen = _signature(self._file)
        return plan

    def has_changed(self) -> bool:
        """Whether the file differs from when it was last loaded. One stat(2)."""
        return _signature(self._file) != self._seen


def _signature(path: Path | None) -> Signature | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def plan_source(vault_path: Path, dry_run: bool | None, environ: Mapping[str, str]) -> PlanSource:
    """The plan of one vault, with the seed's arguments; ``dry_run`` None leaves that to the rest."""
    from aiemp.config.load import load_plan  # noqa: PLC0415 - callers that bring a plan do not need it

    decided = dict(environ)
    if dry_run is not None:
        decided["DRY_RUN"] = "true" if dry_run else "false"
    return PlanSource(lambda: load_plan(vault=vault_path, environ=decided))
