"""Stale approvals: requests that wait too long for the owner's word (seed 2D)."""

from __future__ import annotations

import logging
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

from aiemp.plan import Origin
from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import failed, reports_failures, succeeded

log = logging.getLogger("aiemp.triggers")

OWN_WATCHER = Path("scripts/watchers/approval_watcher.py")
OWN_MODULE = "scripts.watchers.approval_watcher"
FOUND = re.compile(r"\bFound (\d+) stale approval", re.IGNORECASE)
APPROVAL = "approval"
SHOWN_NAMES = 3


@reports_failures
def trigger_stale_check(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Count the approval requests that have waited too long; returns ``stale_count``.

    A vault with an approval watcher of its own is checked by that one (semantics, "Tasks"), except in a dry
    run: dry runs of such watchers move files. Neither way changes a request.
    """
    context = context or default_context(vault_path, "trigger_stale_check", dry_run)
    if not dry_run and _has_own_watcher(context):
        return _ask_own_watcher(context)
    return _built_in(context)


def _has_own_watcher(context: RunContext) -> bool:
    """Whether the vault has one that its owner lets run: one that he disabled, replaced or has not adopted
    (:mod:`aiemp.adoption`) is not started."""
    plan = context.plan
    watcher = plan.watcher(APPROVAL)
    is_wanted = watcher is None or (watcher.origin is Origin.DISCOVERED and watcher.enabled)
    if not (is_wanted and (plan.vault / OWN_WATCHER).is_file()):
        return False
    from aiemp.adoption import adopted_scripts, is_adopted  # noqa: PLC0415 - few vaults have one
    from aiemp.watchers.discovery import python_kind  # noqa: PLC0415

    # As long as there is no record, nobody has looked at what is there.
    record = adopted_scripts(plan.config_file, plan.vault, context.environ)
    adopted = record is not None and is_adopted(APPROVAL, python_kind(plan.vault), record)
    if not (adopted or (record is not None and watcher is not None and watcher.adopted)):
        log.warning(
            "%s is not asked: nobody has adopted it; look at it, then: aiemp init (or install-units)",
            OWN_WATCHER,
        )
        return False
    return True


def _built_in(context: RunContext) -> dict[str, object]:
    from aiemp.vault.approvals import stale_approvals  # noqa: PLC0415 - the vault may have its own check

    plan = context.plan
    stale_after = timedelta(hours=plan.limits.stale_after_hours)
    stale = [a.path.name for a in stale_approvals(plan.vault, context.now, stale_after, plan.zone)]
    more = f" and {len(stale) - SHOWN_NAMES} more" if len(stale) > SHOWN_NAMES else ""
    return _counted(len(stale), f": {', '.join(stale[:SHOWN_NAMES])}{more}" if stale else "", stale=stale)


def _ask_own_watcher(context: RunContext) -> dict[str, object]:
    from aiemp.environment import child_environment, vault_environment  # noqa: PLC0415 - loads dotenv
    from aiemp.process import Ending, run_supervised  # noqa: PLC0415 - only this way needs a child

    vault = context.plan.vault
    dotenv, problems = vault_environment(vault)
    for problem in problems:
        log.warning("%s", problem)
    # Authors import each other as scripts.watchers.x, as .x or as plain x: with -m and this path all work.
    folders = (str(vault), str((vault / OWN_WATCHER).parent), context.environ.get("PYTHONPATH", ""))
    python_path = os.pathsep.join(filter(None, folders))
    # Not `uv run`, as the seed has it: it would be one more thing to be found on a service's PATH, and it
    # stands between us and the process that we have to end.
    finished = run_supervised(
        [vault_python(vault), "-m", OWN_MODULE, "--vault", str(vault), "--check-stale"],
        cwd=vault,
        env=child_environment(context.environ, dotenv, False, (("PYTHONPATH", python_path),)),
        timeout_s=context.timeout_s,
        log_file=context.log_file,
        on_output=context.on_output,
    )
    text = (finished.output + b"\n" + finished.stderr).decode("utf-8", "replace")
    last = " ".join(text.strip().splitlines()[-1:])[-300:]
    if finished.ended is not Ending.EXITED:
        return failed(f"{OWN_WATCHER} was still at work after {context.timeout_s:g} s and was ended")
    if finished.exit_code != 0:
        code = finished.exit_code if finished.signal is None else f"signal {finished.signal}"
        return failed(f"{OWN_WATCHER} --check-stale ended with {code}: {last or 'no message'}")
    match = FOUND.search(text)
    if match is None:
        return failed(f'{OWN_WATCHER} --check-stale did not print "Found N stale approvals": {last!r}')
    return _counted(int(match[1]), " (by the vault's own approval watcher)")


def _counted(count: int, details: str, **values: object) -> dict[str, object]:
    what = "1 stale approval" if count == 1 else f"{count} stale approvals"
    # "routine": four times a day "0 stale approvals" would push other rows off the dashboard.
    return succeeded(f"{what}{details}", stale_count=count, routine=count == 0, **values)


def vault_python(vault: Path) -> str:
    """The Python of the vault's own virtual environment, if it has one; else the one that runs us."""
    python = vault / ".venv" / "bin" / "python"
    return str(python) if os.access(python, os.X_OK) else sys.executable
