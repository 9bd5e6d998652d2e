"""Where the orchestrator's plan comes from, so that an edit of aiemp.toml can be taken up while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from aiemp.file_signature import FileSignature, file_signature
from aiemp.plan import Plan


class PlanSource:
    """Loads the plan, and notices when its file has changed since. ``locate`` says where that is, or would be."""

    def __init__(self, load: Callable[[], Plan], locate: Callable[[], Path | None]) -> None:
        self._load = load
        self._locate = locate
        self._seen: FileSignature | None = None

    def load(self) -> Plan:
        """The plan as the file has it now. Raises ConfigError; the change counts as seen all the same, so
        that a mistake is reported once."""
        self._seen = self._signature()
        return self._load()

    def has_changed(self) -> bool:
        """Whether the file differs from when it was last loaded; it may have come or gone."""
        return self._signature() != self._seen

    def _signature(self) -> FileSignature | None:
        file = self._locate()
        return None if file is None else file_signature(file)


def plan_source(vault_path: Path, dry_run: bool | None, environ: Mapping[str, str]) -> PlanSource:
    """The plan of one vault, with the seed's arguments; ``dry_run`` None leaves that to the rest."""
    from aiemp.config.load import load_plan  # noqa: PLC0415 - callers that bring a plan do not need it
    from aiemp.config.locate import config_to_read  # noqa: PLC0415 - as above

    decided = dict(environ)
    if dry_run is not None:
        decided["DRY_RUN"] = "true" if dry_run else "false"
    return PlanSource(
        lambda: load_plan(vault=vault_path, environ=decided), lambda: config_to_read(None, decided)
    )
