"""The Dashboard.md of a new vault: the commonest form among existing vaults, with nothing in it yet."""

from __future__ import annotations

PLACEHOLDER = "—"
"""Each cell of a row that only keeps its table from being empty."""

HEALTH_COMPONENTS = ("Gmail Watcher", "WhatsApp Watcher", "File Watcher", "Orchestrator", "Email MCP")
QUEUE_ROWS = ("/Needs_Action/", "/Plans/", "/Pending_Approval/", "/In_Progress/", "/Done/ (today)")

_TABLES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Pending Actions (Needs Your Attention)",
        ("#", "Type", "From", "Subject", "Priority", "Waiting Since"),
        (),
    ),
    ("In Progress", ("Task", "Status", "Started", "Agent"), ()),
    ("Today's Activity Log", ("Time", "Action", "Details", "Result"), ()),
    ("Queue Summary", ("Folder", "Count"), QUEUE_ROWS),
    ("System Health", ("Component", "Status", "Last Check"), HEALTH_COMPONENTS),
    ("Weekly Stats", ("Metric", "This Week", "Last Week"), ()),
    ("Recent Errors", ("Time", "Component", "Error", "Resolution"), ()),
)


def dashboard_template() -> str:
    """The text of a new Dashboard.md; every row is a placeholder until the dashboard's writer fills it."""
    head = f"# AI Employee Dashboard\n\n> **Last Updated:** {PLACEHOLDER}\n> **System Status:** Not started\n"
    return head + "".join(_section(*table) for table in _TABLES)


def _section(title: str, columns: tuple[str, ...], names: tuple[str, ...]) -> str:
    rule = tuple("-" * len(column) for column in columns)
    rows = [(name, *(PLACEHOLDER,) * (len(columns) - 1)) for name in names or (PLACEHOLDER,)]
    lines = ("| " + " | ".join(row) + " |\n" for row in (columns, rule, *rows))
    return f"\n## {title}\n\n{''.join(lines)}"
