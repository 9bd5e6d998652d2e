"""What holds for any text whatever: nothing raises, an edit settles, and what is not ours keeps its bytes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import (
    Edit,
    HealthRow,
    add_activity,
    add_error,
    reset_daily_counters,
    resolve_error,
    set_counts,
    set_health,
    set_system_status,
    set_weekly_stats,
    touch,
)

FRAGMENTS = [
    "## System Health",
    "## Status",
    "## Today's Activity Log",
    "## Recent Errors",
    "## Queue Summary",
    "## Weekly Stats",
    "## Last Updated",
    "# Title",
    "| Component | Status | Last Check |",
    "|---|---|---|",
    "|:--|--|",
    "| Time | Action | Details | Result |",
    "| Time | Component | Error | Resolution |",
    "| Folder | Count |",
    "Metric|This Week|Last Week",
    "---|---|---",
    "|---|---|---|---|",
    "| Gmail Watcher | ok | 2026-02-26 10:00 |",
    "| — | — | — | — |",
    "| 08:00 | a | b | c |",
    "| 2020-01-01 08:00 | a | b | c |",
    "- Gmail Watcher: ok (2026-01-01 10:00)",
    "  - ✅ **File Watcher** - ok",
    "- Needs_Action: 3 files",
    "*Last updated: 2026-01-01*",
    "> **Last Updated:** YYYY-MM-DD HH:MM:SS",
    "> **System Status:** fine  ",
    "last_updated: 2026-01-01",
    "---",
    "```",
    "~~~~ python",
    "<!--",
    "-->",
    "%%",
    "<script>",
    "</script>",
    "",
    "\\|",
    "prose | with a pipe",
]
CHARACTERS = st.characters(codec=None, categories=None) | st.sampled_from(
    "|\\`*_%<>!-—[]#:~ \t\x00\u2028\udc97"
)
STRANGE = st.text(CHARACTERS, max_size=30)
LINES = st.sampled_from(FRAGMENTS) | STRANGE
TEXTS = st.builds(
    lambda pairs, mark: mark + "".join(line + ending for line, ending in pairs),
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\n", "\r\n", "\r", ""])), max_size=25),
    st.sampled_from(["", "", "\ufeff"]),
)
NAMES = (
    st.sampled_from(["gmail_watcher", "email-mcp", "File Watcher", "a - b: c", "Done (today)", "-"]) | STRANGE
)
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))
AT = datetime(2026, 2, 27, 10, 30, 5, tzinfo=UTC)


def settling_edits(a: str, b: str, at: datetime) -> list[Edit]:
    """Every edit that makes no difference the second time."""
    return [
        set_health([HealthRow(a, b), HealthRow(b, a), HealthRow("gmail", a)], at),
        add_error(at, a, b, a),
        resolve_error(a, b, "done"),
        set_counts({a: 1, b: 2}),
        set_weekly_stats({a: (b, a), b: ("1", "2")}),
        reset_daily_counters(),
        set_system_status(a),
        touch(at),
    ]


@settings(max_examples=120, deadline=None)
@given(text=TEXTS)
def test_parsing_keeps_every_byte(text: str) -> None:
    """A document is its text again, whatever its endings and characters."""
    assert Document.parse(text).text == text


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, a=NAMES, b=NAMES, at=TIMES)
def test_an_edit_settles(text: str, a: str, b: str, at: datetime) -> None:
    """Applied to its own result, read from the file again, an edit changes nothing; none ever raises."""
    for edit in settling_edits(a, b, at):
        once = edit(Document.parse(text)).text
        assert edit(Document.parse(once)).text == once


@settings(max_examples=120, deadline=None)
@given(text=TEXTS, a=NAMES, b=NAMES, at=TIMES)
def test_an_activity_row_is_added_and_counted(text: str, a: str, b: str, at: datetime) -> None:
    """Each application adds one row, which is found again in the text that results."""
    row = add_activity(at, "act" + a, b, a)
    before = Document.parse(text)
    once = Document.parse(row(before).text)
    twice = Document.parse(row(once).text)
    assert row.count(once) == row.count(before) + 1
    assert row.count(twice) == row.count(before) + 2


@settings(max_examples=120, deadline=None)
@given(text=TEXTS, a=NAMES, b=NAMES)
def test_only_recognised_lines_go_away(text: str, a: str, b: str) -> None:
    """A line without a pipe, a list mark, or "last updated" / "system status" is never lost or changed."""

    def untouchable(lines: tuple[str, ...]) -> list[str]:
        bodies = [line.rstrip("\r\n") for line in lines]
        return [body for body in bodies if body.strip() and not _may_change(body)]

    document = Document.parse(text)
    mine = Counter(untouchable(document.lines))
    for edit in [*settling_edits(a, b, AT), add_activity(AT, a, b, a)]:
        assert not mine - Counter(untouchable(edit(document).lines))


def _may_change(body: str) -> bool:
    lowered = body.lower()
    marked = body.lstrip().startswith(("-", "*", "+"))
    return "|" in body or marked or "updated" in lowered or "status" in lowered or "20" in body


@settings(max_examples=80, deadline=None)
@given(before=st.lists(st.sampled_from(FRAGMENTS), max_size=6), after=st.lists(STRANGE, max_size=6))
@example(before=["```", "## System Health", "| Component | Status |", "|---|---|"], after=[])
def test_the_rest_of_the_file_keeps_its_bytes(before: list[str], after: list[str]) -> None:
    """Around the one section that an edit knows, everything is as it was."""
    head = "# Mine\n" + "".join(f"    {line}\n" for line in before)
    tail = "## Notes of my own\n" + "\n".join("    " + "".join(line.splitlines()) for line in after)
    table = "## System Health\n| Component | Status |\n|---|---|\n| Gmail | ok |\n"
    edit = set_health([HealthRow("gmail_watcher", "down"), HealthRow("orchestrator", "up")], AT)
    result = edit(Document.parse(head + table + tail)).text
    assert result.startswith(head)
    assert result.endswith(tail)
    assert "| Gmail | down |\n| Orchestrator | up |\n" in result[len(head) :]


@settings(max_examples=80, deadline=None)
@given(cell=STRANGE, at=st.timedeltas(timedelta(days=-9), timedelta(days=9)).map(lambda d: AT + d))
def test_a_strange_row_never_stops_an_error_from_being_shown(cell: str, at: datetime) -> None:
    """Whatever somebody wrote into the log, a new error gets its row."""
    head = "## Recent Errors\n| Time | Component | Error | Resolution |\n|---|---|---|---|\n"
    document = Document.parse(f"{head}| {cell} | x | y | z |\n")
    assert "the disk is full" in add_error(at, "disk", "the disk is full", "make room")(document).text
