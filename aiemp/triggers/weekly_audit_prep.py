"""Weekly audit: the week's figures, without Claude, as a note under Briefings (semantics, "Tasks")."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from aiemp.inside import SHARED_FOLDER
from aiemp.triggers.audit_report import AuditFigures, render
from aiemp.triggers.context import RunContext, default_context
from aiemp.triggers.results import reports_failures, succeeded
from aiemp.triggers.sealed_note import write_note
from aiemp.vault.approvals import stale_approvals
from aiemp.vault.items import GENERAL, files_in, items_by_domain, modified
from aiemp.vault.layout import ARCHIVE, BRIEFINGS, DONE, find_folder

WEEK = timedelta(days=7)
DOMAIN_IN_NAME = re.compile(r"(?:ACTION_|APPROVAL_)?(EMAIL|WHATSAPP|FILE|SOCIAL|LINKEDIN)_", re.IGNORECASE)


@reports_failures
def trigger_weekly_audit_prep(
    vault_path: Path, dry_run: bool = False, context: RunContext | None = None
) -> dict[str, object]:
    """Write ``Briefings/YYYY-MM-DD_audit_prep.md``: runs, failures, items done and waiting, week by week.

    Returns ``file`` (its path in the vault) and the main figures. A file of that name is replaced only when
    it is ours and nobody has changed it since; else the note gets the next free name (``_1``, ``_2``).
    Dry run: counts, and writes nothing.
    """
    context = context or default_context(vault_path, "trigger_weekly_audit_prep", dry_run)
    figures = gather(context)
    values: dict[str, object] = {
        "runs": len(figures.runs),
        "failures": sum(1 for run in figures.runs if run.get("result") == "failed"),
        "items_done": sum(figures.done.values()),
        "stale_count": len(figures.stale),
    }
    told = "{runs} runs, {failures} failed, {items_done} items done, {stale_count} stale approvals"
    if dry_run:
        return succeeded(f"{told.format_map(values)}; no note was written", file="", **values)
    folder = _briefings(vault_path)
    stem = f"{context.today.isoformat()}_audit_prep"
    note = write_note(folder, stem, render(figures), beneath=vault_path)
    name = note.relative_to(vault_path).as_posix()
    return succeeded(f"{told.format_map(values)}: {name}", file=name, **values)


def _briefings(vault: Path) -> Path:
    folder = find_folder(vault, BRIEFINGS)
    if folder is None:
        folder = vault / BRIEFINGS
        folder.mkdir(
            mode=SHARED_FOLDER
        )  # whatever stands there instead is none of ours, and named by the error
    return folder


def gather(context: RunContext) -> AuditFigures:
    """Count everything. A week is seven days of the owner's calendar, up to now."""
    plan, until = context.plan, context.local_now
    since = until - WEEK
    before = since - WEEK
    stale_after = timedelta(hours=plan.limits.stale_after_hours)
    stale = stale_approvals(plan.vault, context.now, stale_after, plan.zone)
    done, done_before = _done_between(plan.vault, (before, since, until))
    return AuditFigures(
        since=since,
        until=until,
        runs=context.runs(since, until),
        runs_before=context.runs(before, since),
        done=done,
        done_before=done_before,
        waiting=items_by_domain(plan.vault),
        stale=[(approval.path.name, approval.waiting_since) for approval in stale],
    )


def _done_between(
    vault: Path, borders: tuple[datetime, datetime, datetime]
) -> tuple[Counter[str], Counter[str]]:
    """The items in Done by domain, of the later and of the earlier week, by when they were last changed."""
    before, since, until = (border.timestamp() for border in borders)
    done: Counter[str] = Counter()
    done_before: Counter[str] = Counter()
    folder = find_folder(vault, DONE)
    for entry in files_in(vault, DONE):
        changed = modified(entry)
        if folder is None or changed is None or not before <= changed < until:
            continue
        (done if changed >= since else done_before)[_domain(Path(entry.path).relative_to(folder))] += 1
    return done, done_before


def _domain(item: Path) -> str:
    """An item's domain: its subfolder of Done, or of the archive in it; else what its name begins with."""
    folders = [part.lower() for part in item.parts[:-1]]
    if folders[:1] == [ARCHIVE]:
        del folders[0]
    if folders:
        return folders[0]
    match = DOMAIN_IN_NAME.match(item.name)
    return match[1].lower() if match else GENERAL
