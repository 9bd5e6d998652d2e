"""The data of the weekly audit as a Markdown note. Pure: figures in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from aiemp.frozen import field, frozen

Runs = Sequence[Mapping[str, object]]

MOST_ROWS = 50
LONGEST_CELL = 200
DASH = "—"


@frozen
class AuditFigures:
    """What happened in the week up to ``until`` (in the owner's zone), and in the one before.

    ``runs``: the history's entries. ``done``: {domain: items}. ``waiting``: what is in Needs_Action, by
    domain. ``stale``: names of approvals that have waited too long, and since when.
    """

    since: datetime
    until: datetime
    runs: Runs = ()
    runs_before: Runs = ()
    done: Mapping[str, int] = field(default_factory=dict)
    done_before: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    stale: Sequence[tuple[str, datetime | None]] = ()


def render(figures: AuditFigures) -> str:
    """The note, with frontmatter, ending in a newline."""
    week = f"{figures.since:%Y-%m-%d} to {figures.until:%Y-%m-%d}"
    return "\n".join(
        [
            "---",
            "type: audit_prep",
            f"period: {week}",
            f"created: {figures.until.isoformat(timespec='seconds')}",
            "---",
            f"# Audit preparation, {week}",
            "",
            "Figures for the briefing; each beside that of the week before.",
            "",
            *_overview(figures),
            *_runs_by_task(figures),
            *_failures(figures),
            *_done(figures),
            *_waiting(figures),
            *_stale(figures),
        ]
    )


def _overview(figures: AuditFigures) -> list[str]:
    now, before = figures.runs, figures.runs_before
    rows = [
        ("Runs", str(len(now)), str(len(before))),
        ("Failed runs", str(_failed(now)), str(_failed(before))),
        ("Time spent", _minutes(now), _minutes(before)),
        ("Items done", str(sum(figures.done.values())), str(sum(figures.done_before.values()))),
        ("Stale approvals now", str(len(figures.stale)), DASH),
    ]
    return _section("Overview", ("Metric", "This Week", "Last Week"), rows)


def _runs_by_task(figures: AuditFigures) -> list[str]:
    names = sorted({_name(run) for run in (*figures.runs, *figures.runs_before)})
    rows = []
    for name in names:
        now = [run for run in figures.runs if _name(run) == name]
        before = [run for run in figures.runs_before if _name(run) == name]
        numbers = (len(now), len(before), _failed(now), _failed(before))
        rows.append((name, *map(str, numbers), _minutes(now)))
    return _section("Runs", ("Task", "Runs", "Last Week", "Failed", "Last Week", "Time"), rows)


def _failures(figures: AuditFigures) -> list[str]:
    failures = [run for run in figures.runs if run.get("result") == "failed"]
    zone = figures.until.tzinfo
    rows = [(_when(run.get("finished"), zone), _name(run), str(run.get("error") or "")) for run in failures]
    return _section("Failures", ("When", "Task", "Error"), rows)


def _done(figures: AuditFigures) -> list[str]:
    domains = sorted({*figures.done, *figures.done_before})
    rows = [(d, str(figures.done.get(d, 0)), str(figures.done_before.get(d, 0))) for d in domains]
    return _section("Items done", ("Domain", "This Week", "Last Week"), rows)


def _waiting(figures: AuditFigures) -> list[str]:
    rows = [(domain, str(count)) for domain, count in sorted(figures.waiting.items())]
    return _section("Items waiting", ("Domain", "Now"), rows)


def _stale(figures: AuditFigures) -> list[str]:
    zone = figures.until.tzinfo
    rows = [
        (name, f"{since.astimezone(zone):%Y-%m-%d %H:%M}" if since else DASH) for name, since in figures.stale
    ]
    return _section("Stale approvals", ("Request", "Waiting Since"), rows)


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"## {title}", "", _line(columns), _line(["---"] * len(columns))]
    lines += [_line([_cell(text) for text in row]) for row in rows[:MOST_ROWS]]
    if not rows:
        lines.append(_line([DASH] * len(columns)))
    if len(rows) > MOST_ROWS:
        lines += ["", f"and {len(rows) - MOST_ROWS} more"]
    return [*lines, ""]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Text from anywhere as one table cell: a mail's subject must not make rows, links or HTML of its own."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    plain = plain if len(plain) <= LONGEST_CELL else plain[: LONGEST_CELL - 1] + "…"
    for character in "\\|[]<>`":
        plain = plain.replace(character, f"\\{character}")
    return plain or DASH


def _name(run: Mapping[str, object]) -> str:
    return str(run.get("task") or "?")


def _failed(runs: Runs) -> int:
    return Counter(run.get("result") for run in runs)["failed"]


def _minutes(runs: Runs) -> str:
    seconds = sum(d for run in runs if isinstance(d := run.get("duration_s"), int | float))
    return f"{seconds / 60:.0f} min"


def _when(value: object, zone: tzinfo | None) -> str:
    try:
        return f"{datetime.fromisoformat(str(value)).astimezone(zone):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return DASH
