"""What one call of ``aiemp`` was asked for by its global options, and the plan that follows from them."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiemp.call import Call
    from aiemp.plan import Plan

log = logging.getLogger("aiemp.cli")

LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


class Invocation:
    """The global options. Not frozen: they may stand before the command and after it."""

    config: Path | None = None
    vault: Path | None = None
    json: bool = False
    verbosity: int = 0
    failure_pause_s: float = 0.0
    """How long a call that failed waits before it ends, having said why."""

    @property
    def call(self) -> Call:
        """What command lines for this call have to name."""
        from aiemp.call import Call

        named = (None if path is None else Path(os.path.abspath(path)) for path in (self.config, self.vault))  # noqa: PTH100 - no link is resolved, as it is named
        return Call(*named)

    def pasted(self, text: str) -> str:
        """``text``, its command lines naming what this call named (:meth:`aiemp.call.Call.pasted`)."""
        return self.call.pasted(text) if self.config or self.vault else text

    def start_logging(self, level: int | None = None) -> None:
        """Log to standard error, from ``level`` or what ``-q`` and ``-v`` ask for. With ``level``, as a program does
        whose standard error is a log: with tracebacks."""
        from aiemp.log_files import log_to

        asked = LEVELS.get(max(self.verbosity, -1), logging.DEBUG)
        tracebacks = level is not None or asked <= logging.DEBUG
        log_to(None, level=asked if level is None else min(asked, level), tracebacks=tracebacks)

    def load_plan_of_vault(self) -> Plan:
        """:meth:`load_plan`, for a command that shows what a vault holds: Blocked when it is not there."""
        from aiemp.vault.layout import require_vault

        plan = self.load_plan()
        require_vault(plan.vault)
        return plan

    def load_plan(self, *, dry_run: bool = False, warn: bool = True) -> Plan:
        """The plan, its warnings being logged. Raises ConfigError with every mistake."""
        from aiemp.config.load import load_plan
        from aiemp.redaction import put_in_force, redactor_of

        plan = load_plan(config=self.config, vault=self.vault, dry_run=dry_run)
        put_in_force(redactor_of(plan, os.environ))
        for warning in plan.warnings if warn else ():
            log.warning("%s", warning)
        return plan

    def note(self, text: str) -> None:
        """Tell the person something that is no result, unless ``-q`` asks for quiet."""
        if self.verbosity >= 0:
            from aiemp.cli.output import note

            note(self.pasted(text))
