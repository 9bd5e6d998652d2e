"""What each edit does, on small dashboards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aiemp.dashboard.document import Document
from aiemp.dashboard.edits import (
    Edit,
    HealthRow,
    add_activity,
    add_error,
    remove_error,
    reset_daily_counters,
    resolve_error,
    set_counts,
    set_health,
    set_system_status,
    set_weekly_stats,
    touch,
)

AT = datetime(2026, 2, 27, 10, 30, 5, tzinfo=UTC)
HEALTH = "## System Health\n| Component | Status | Last Check |\n|---|---|---|\n"
LOG = "## Today's Activity Log\n| Time | Action | Details | Result |\n|---|---|---|---|\n"
ERRORS = "## Recent Errors\n| Time | Component | Error | Resolution |\n|---|---|---|---|\n"


def apply(text: str, *edits: Edit) -> str:
    document = Document.parse(text)
    for edit in edits:
        document = edit(document)
    return document.text


def health(*pairs: tuple[str, str]) -> Edit:
    return set_health([HealthRow(name, status) for name, status in pairs], AT)


def activity(details: str, action: str = "act") -> str:
    """The line that shows these details."""
    return apply(LOG, add_activity(AT, action, details, "ok")).splitlines()[-1]


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Gmail Watcher", "gmail_watcher"),
        ("GMAIL", "gmail-watcher"),
        ("**Gmail Watcher**", "gmail_watcher"),
        ("[[Gmail Watcher]]", "gmail_watcher"),
        ("[[Notes/Mail\\|Gmail Watcher]]", "gmail_watcher"),
        ("`gmail_watcher`", "gmail_watcher"),
        ("📧 Gmail Watcher", "gmail_watcher"),
        ("File Watcher", "filesystem_watcher"),
        ("FileSystem Watcher", "file_watcher"),
        ("Email MCP", "email-mcp"),
        ("WhatsApp Watcher", "whatsapp_watcher"),
        ("Orchestrator", "orchestrator"),
    ],
)
def test_a_component_finds_its_row(shown: str, name: str) -> None:
    """Case, marks, separators and the word "watcher" make no difference; filesystem is file."""
    assert apply(f"{HEALTH}| {shown} | x | y |\n", health((name, "up"))) == (
        f"{HEALTH}| {shown} | up | 2026-02-27 10:30:05 |\n"
    )


def test_missing_components_are_added_readably() -> None:
    """A new row has a name that reads well, and other rows keep their bytes."""
    mine = "|  Backup   |ok| never|\n"
    result = apply(
        HEALTH + mine, health(("linkedin-mcp", "up"), ("filesystem_watcher", "down"), ("My Bot", "?"))
    )
    assert mine in result
    names = [line.split("|")[1].strip() for line in result.splitlines()[4:]]
    assert names == ["LinkedIn MCP", "File Watcher", "My Bot"]


def test_the_form_of_last_check_is_kept() -> None:
    """A column of ISO times stays one; a new row looks like its neighbours."""
    result = apply(f"{HEALTH}| Gmail | x | 2026-01-01T08:00:00Z |\n", health(("gmail", "up"), ("x", "up")))
    assert result.count("| 2026-02-27T10:30:05Z |") == 2


def test_a_placeholder_gives_way_to_the_first_row() -> None:
    """A row of dashes says that there is nothing; it goes when there is something."""
    assert apply(f"{HEALTH}| — | — | — |\n", health(("gmail", "up"))) == (
        f"{HEALTH}| Gmail | up | 2026-02-27 10:30:05 |\n"
    )


def test_health_without_anything_known_changes_nothing() -> None:
    """No components, no section."""
    assert apply("# Mine\n", set_health([], AT)) == "# Mine\n"


def test_details_are_cut_to_eighty_characters() -> None:
    """The column is for a glance; what is cut ends in an ellipsis."""
    shown = activity("A" * 120).split(" | ")[2]
    assert shown == "A" * 79 + "…"
    assert activity("B" * 80).split(" | ")[2] == "B" * 80


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("C:\\dir\\", "C:\\dir\\\\"),
        ("one\r\ntwo\tthree\x00four\u2028five", "one two three four five"),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("<!-- a -->", "&lt;!-- a --&gt;"),
        ("1 < 2", "1 < 2"),
        ("%% hidden %%", "%&#37; hidden %&#37;"),
        ("100%", "100%"),
        ("![](http://tracker/x.png)", "!\\[](http://tracker/x.png)"),
        ("`= this.file`", "&#96;= this.file`"),
        ("`$= dv.x`", "&#96;$= dv.x`"),
        ("see `file.md`", "see `file.md`"),
        ("[[Plans/Offer|the offer]]", "[[Plans/Offer\\|the offer]]"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\udcff\ud800", "��"),
        ("🟢 grün", "🟢 grün"),
    ],
)
def test_what_strangers_wrote_stays_text(given: str, shown: str) -> None:
    """Nothing that comes in ends a cell, starts HTML or a comment, loads an image, or is executed."""
    assert activity(given) == f"| 10:30 | act | {shown} | ok |"


def test_a_wiki_link_is_not_cut_in_half() -> None:
    """Half a link would be unreadable; it is left out as a whole."""
    assert activity("x" * 60 + " [[Some long note about it]]").split(" | ")[2] == "x" * 60 + "…"


@pytest.mark.parametrize(
    ("times", "newest_first"),
    [
        (["08:00", "09:30"], False),
        (["09:30", "08:00"], True),
        (["08:00", "09:30", "21:04"], False),  # yesterday's, all of it
        (["23:50", "00:10"], False),  # over midnight
        (["20:00", "09:00"], False),
        (["10:10", "09:00", "20:00", "08:00"], True),
        (["08:00", "08:00"], False),
        (["10:33", "10:31"], True),  # clocks differ a little
        (["10:31", "10:33"], False),
        (["2026-02-26 20:00", "2026-02-27 09:00"], False),
        (["2026-02-27 09:00", "2026-02-26 20:00"], True),
        (["soon", "later"], False),
        ([], False),
    ],
)
def test_an_activity_row_goes_where_the_newest_is(times: list[str], newest_first: bool) -> None:
    """The log's own order is kept; in doubt the newest is the last."""
    rows = "".join(f"| {time} | old | x | y |\n" for time in times)
    lines = apply(LOG + rows, add_activity(AT, "new", "x", "y")).splitlines()[3:]
    assert "new" in lines[0 if newest_first else -1]
    assert len(lines) == len(times) + 1


def test_times_are_in_the_zone_of_the_moment() -> None:
    """The log shows the owner's day; "Last Updated" is UTC unless it names a zone."""
    at = AT.astimezone(timezone(timedelta(hours=5)))
    assert "| 15:30 | act" in apply(LOG, add_activity(at, "act", "", "ok"))
    assert apply("> **Last Updated:** 2026-01-01 00:00:00\n", touch(at)) == (
        "> **Last Updated:** 2026-02-27 10:30:05\n"
    )
    assert apply("last updated: 2026-01-01T00:00+05:00\n", touch(AT)) == (
        "last updated: 2026-02-27T15:30+05:00\n"
    )


def test_an_error_is_shown_once() -> None:
    """The same error of the same component gets the new time and resolution; another gets its own row."""
    first = add_error(AT - timedelta(hours=1), "gmail_watcher", "crashed | x", "restarted")
    again = add_error(AT, "Gmail Watcher", "crashed | x", "restarted twice")
    other = add_error(AT, "gmail", "no token", "")
    assert apply(ERRORS, first, again, other).splitlines()[3:] == [
        "| 2026-02-27 10:30 | Gmail Watcher | crashed \\| x | restarted twice |",
        "| 2026-02-27 10:30 | Gmail | no token |  |",
    ]


def test_old_errors_drop() -> None:
    """After seven days; rows without a readable time stay, and so does everything that is newer."""
    rows = (
        "| 2026-02-20 10:29 | a | too old | x |\n"
        "| 2026-02-20 10:31 | b | just young enough | x |\n"
        "| 2026-02-20 | c | of that day | x |\n"
        "| 20 February | d | unreadable | x |\n"
        "| 2099-01-01 00:00 | e | in the future | x |\n"
        "| 2026-13-01 00:00 | f | no month | x |\n"
    )
    result = apply(ERRORS + rows, add_error(AT, "g", "new", "x"))
    assert [line.split("|")[2].strip() for line in result.splitlines()[3:]] == ["b", "c", "d", "e", "f", "G"]


def test_an_error_is_resolved_or_removed() -> None:
    """Only where it is shown; the last one leaves a placeholder."""
    shown = apply(ERRORS, add_error(AT, "gmail", "crashed", ""))
    assert "| crashed | Resolved |" in apply(shown, resolve_error("gmail_watcher", "crashed", "Resolved"))
    assert apply(shown, resolve_error("gmail", "other", "Resolved")) == shown
    assert apply(shown, remove_error("gmail", "other")) == shown
    assert apply(shown, remove_error("Gmail Watcher", "crashed")).endswith("|\n| — | — | — | — |\n")
    assert apply("# x\n", resolve_error("a", "b", "c"), remove_error("a", "b")) == "# x\n"


QUEUES = "## Queue Summary\n| Folder | Count |\n|---|---|\n"


def test_counts_find_their_rows() -> None:
    """Slashes, links and remarks make no difference; a remark that is named must be there."""
    rows = "| /Needs_Action/ | 0 |\n| [[Plans]] | **1** |\n| /Done/ | 120 |\n| /Done/ (today) | 4 |\n"
    counts = {"Needs_Action": 3, "plans": 2, "Done (today)": 5, "In_Progress": 1}
    assert apply(QUEUES + rows, set_counts(counts)) == QUEUES + (
        "| /Needs_Action/ | 3 |\n| [[Plans]] | **2** |\n| /Done/ | 120 |\n| /Done/ (today) | 5 |\n"
        "| /In_Progress/ | 1 |\n"
    )


def test_daily_counters_start_again() -> None:
    """Only what counts today's work; a dash stays a dash."""
    rows = "| /Done/ (today) | 4 |\n| Sent today | — |\n| /Plans/ | 7 |\n"
    assert apply(QUEUES + rows, reset_daily_counters()) == QUEUES + rows.replace("| 4 |", "| 0 |")
    assert apply("# nothing\n", reset_daily_counters()) == "# nothing\n"


def test_weekly_stats_are_set() -> None:
    """Known metrics change, new ones are added, others stay."""
    head = "## Weekly Stats\n| Metric | This Week | Last Week |\n|---|---|---|\n"
    text = head + "| Errors | 0 | 0 |\n| Mine | 1 | 2 |\n"
    result = apply(text, set_weekly_stats({"errors": ("2", "1"), "Runs": ("9", "—")}))
    assert result == text.replace("| 0 | 0 |", "| 2 | 1 |") + "| Runs | 9 | — |\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("> **Last Updated:** YYYY-MM-DD HH:MM:SS\n", "> **Last Updated:** 2026-02-27 10:30:05\n"),
        ("> **Last Updated:** —\n", "> **Last Updated:** 2026-02-27 10:30:05\n"),
        ("> **Last Updated:**\n", "> **Last Updated:** 2026-02-27 10:30:05\n"),
        ("**Last Updated**: 2026-01-01  \n", "**Last Updated**: 2026-02-27  \n"),
        ("_Last updated: 2026-01-01 08:00_\n", "_Last updated: 2026-02-27 10:30_\n"),
        ("📅 Last update: 2026-01-01T08:00:00.123Z\n", "📅 Last update: 2026-02-27T10:30:05.000Z\n"),
        ("---\nlast_updated: 2026-01-01\n---\n", "---\nlast_updated: 2026-02-27\n---\n"),
        ("---\nlast_updated: ''\n---\n", "---\nlast_updated: '2026-02-27T10:30:05Z'\n---\n"),
        ("---\nlast_updated:\n---\n", "---\nlast_updated: 2026-02-27T10:30:05Z\n---\n"),
        ("## Last Updated\n\n**2026-01-01 08:00**\n", "## Last Updated\n\n**2026-02-27 10:30**\n"),
        ("## Last Updated\n\nTime: 2026-01-01\n", "## Last Updated\n\nTime: 2026-02-27\n"),
    ],
)
def test_last_updated_keeps_its_form(before: str, after: str) -> None:
    """Each of the forms found in vaults is recognised, and its format stays."""
    assert apply(before, touch(AT)) == after
    assert apply(after, touch(AT)) == after


@pytest.mark.parametrize(
    "text",
    [
        "# Mine\n",
        "```\n*Last updated: 2026-01-01*\n```\n",
        "> **Last Updated:** see the log\n",
        "---\nlast_updated: !ruby/object {}\n---\n",
        "---\n  last_updated: 2026-01-01\n---\n",
        "## Projects\n- Last updated: 2026-01-01\n",
        "## Projects\nShop. Last updated: 2026-01-01\n",
        "| Last updated | 2026-01-01 |\n",
        "> **Last Updated:** 2026-02-27 10:30:35\n",
    ],
)
def test_what_is_no_stamp_of_the_dashboard_stays(text: str) -> None:
    """Nothing is added, prose stays, and a stamp that another writer set a moment later is not set back."""
    assert apply(text, touch(AT)) == text


def test_system_status_is_set_where_it_is() -> None:
    """In the quote above the sections; a section of that name is not it."""
    text = "> **System Status:** 🟢 Online | 🟡 Degraded  \n## System Status\n**System Status:** mine\n"
    assert apply(text, set_system_status("🔴 Off\nline")) == text.replace(
        "🟢 Online | 🟡 Degraded", "🔴 Off line"
    )
    assert apply("# x\nsystem status: y\n", set_system_status("z")) == "# x\nsystem status: y\n"


def test_a_missing_section_is_added_at_the_end() -> None:
    """With our table, and nothing before it touched."""
    assert apply("# Mine\n\nprose", add_error(AT, "disk", "full", "make room")) == (
        "# Mine\n\nprose\n\n## Recent Errors\n\n"
        "| Time | Component | Error | Resolution |\n|------|-----------|-------|------------|\n"
        "| 2026-02-27 10:30 | Disk      | full  | make room  |"
    )


def test_a_blank_line_behind_a_lone_carriage_return_stays_one() -> None:
    """CR and LF that come from two lines must not be read as the one ending CRLF."""
    result = apply("# Mine\rprose\r", add_error(AT, "disk", "full", ""))
    assert [section.heading for section in Document.parse(result).sections] == [3]


def test_a_section_of_prose_gets_the_table_below_it() -> None:
    """Before the rule that closes the section; the prose stays."""
    text = "## Recent Errors\n\nAll is well.\n\n---\n\n## Next\n"
    lines = apply(text, add_error(AT, "disk", "full", "")).splitlines()
    assert lines[:3] == ["## Recent Errors", "", "All is well."]
    assert lines[4].startswith("| Time ")
    assert lines[-4:] == ["", "---", "", "## Next"]


def test_new_rows_are_aligned_where_the_table_is() -> None:
    """In a table with columns of even width a new cell is filled up; a compact table stays compact."""
    even = "## System Health\n| Component | Status   |\n|-----------|----------|\n"
    assert apply(even, health(("bot", "up"))).splitlines()[-1] == "| Bot       | up       |"
    compact = "## System Health\n|Component|Status|\n|-|-|\n"
    assert apply(compact, health(("bot", "up"))).splitlines()[-1] == "|Bot|up|"
    bare = "## System Health\nComponent | Status\n--- | ---\n"
    assert apply(bare, health(("bot", "up"))).splitlines()[-1] == "Bot | up"
    assert apply(bare, health(("- bot", "up"))).splitlines()[-1].startswith("| - bot")


@pytest.mark.parametrize(
    "row", ["| Gmail |\n", "| Gmail | old |\n", "| Gmail | a | b | c | d |\n", "Gmail | old\n"]
)
def test_rows_of_another_length_are_filled(row: str) -> None:
    """A row that is too short gets the cells it lacks; one that is too long keeps the rest."""
    result = apply(HEALTH + row, health(("gmail", "up"))).splitlines()[3]
    cells = [text.strip() for text in result.strip("|").split("|")]
    assert cells[:3] == ["Gmail", "up", "2026-02-27 10:30:05"]
    assert cells[3:] == (["c", "d"] if "d |" in row and "old" not in row else [])


def test_a_list_of_components_stays_a_list() -> None:
    """Its style is kept: bold names, dashes, icons, a time in brackets."""
    text = "## Status\n- **Gmail Watcher:** ok (seen 2026-01-01)\n- Mood: good\n"
    assert apply(text, health(("gmail", "down"), ("email-mcp", "up"))) == (
        "## Status\n- **Gmail Watcher:** down (seen 2026-02-27)\n- **Email MCP:** up\n- Mood: good\n"
    )
    icons = "## System Health\n* ✅ Orchestrator — fine\n"
    assert apply(icons, health(("orchestrator", "🔴 Down"))) == "## System Health\n* 🔴 Orchestrator — Down\n"
    assert apply(icons, health(("orchestrator", "down"))) == "## System Health\n* Orchestrator — down\n"


def test_an_empty_status_in_a_list_settles() -> None:
    """With nothing to say but when it was checked, the same edit again makes no difference."""
    text = "## System Health\n- Gmail Watcher: ok (2026-01-01 10:00)\n"
    once = apply(text, health(("gmail", "")))
    assert apply(once, health(("gmail", ""))) == once


def test_a_list_about_something_else_is_left_alone() -> None:
    """A list in which no item is a component gets no rows; the table comes below it."""
    text = "## System Health\n- Memory: 45%\n- Mood: good\n"
    result = apply(text, health(("gmail_watcher", "up")))
    assert result.startswith(text + "\n| Component ")
