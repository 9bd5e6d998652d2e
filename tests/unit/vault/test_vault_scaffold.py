"""Making a vault, and completing one that exists."""

from __future__ import annotations

import errno
import os
import re
from datetime import UTC, date
from pathlib import Path

import pytest

from aiemp.errors import VaultError
from aiemp.vault import moves
from aiemp.vault import scaffold as scaffold_module
from aiemp.vault.approvals import pending_approvals
from aiemp.vault.dashboard_template import dashboard_template
from aiemp.vault.frontmatter import read_frontmatter
from aiemp.vault.items import queue_counts
from aiemp.vault.layout import looks_like_vault
from aiemp.vault.linkedin import linkedin_posts
from aiemp.vault.scaffold import SKILLS, scaffold
from tests.rights import as_nobody

FILES = {
    ".gitignore",
    "Dashboard.md",
    "Business_Goals.md",
    "Company_Handbook.md",
    ".claude/skills/email-triage/SKILL.md",
    ".claude/skills/task-planner/SKILL.md",
    ".claude/skills/hitl-handler/SKILL.md",
    ".claude/skills/social-post/SKILL.md",
}
FOLDERS = {
    "Needs_Action": ["email", "whatsapp", "file", "social"],
    "Pending_Approval": ["email", "social", "finance", "general"],
    "In_Progress": ["cloud", "local"],
    "Done": ["archive"],
}
FLAT_FOLDERS = {
    "Inbox",
    "Plans",
    "Approved",
    "Rejected",
    "Logs",
    "Briefings",
    "Accounting",
    "Drop",
    "Updates",
}


def files_of(vault: Path) -> dict[str, bytes]:
    return {str(p.relative_to(vault)): p.read_bytes() for p in vault.rglob("*") if p.is_file()}


def test_a_new_vault_has_everything(tmp_path: Path) -> None:
    """In a folder that does not exist yet, all folders and files are made, and told."""
    vault = tmp_path / "deep" / "My Vault"
    made = scaffold(vault)
    assert set(files_of(vault)) == FILES
    for name in FLAT_FOLDERS | {".state"}:
        assert list((vault / name).iterdir()) == []
    for name, subfolders in FOLDERS.items():
        assert sorted(path.name for path in (vault / name).iterdir()) == sorted(subfolders)
    assert made.kept == ()
    assert {vault, vault / "Drop", vault / "Dashboard.md"} <= set(made.created)
    assert set(made.created) == {vault, *vault.rglob("*")}
    assert looks_like_vault(vault)
    assert set(queue_counts(vault, date(2026, 2, 27), UTC).values()) == {0}
    assert (vault / ".state").stat().st_mode & 0o777 == 0o700


def test_a_second_run_changes_nothing(vault: Path) -> None:
    """Run again, it makes nothing and keeps everything, a changed file too."""
    first = scaffold(vault)
    (vault / "Dashboard.md").write_text("mine")
    before = files_of(vault)
    again = scaffold(vault)
    assert again.created == ()
    assert files_of(vault) == before
    assert set(first.created) - set(again.kept) == {vault / ".gitignore"}


def test_an_existing_vault_keeps_its_ways(vault: Path, put) -> None:
    """Other case, flat folders and own files stay as they are; only what is missing is added."""
    mine = {
        "dashboard.md": "my dashboard",
        "needs_action/EMAIL_a.md": "flat",
        "Pending_Approval/Email/b.md": "sorted, capitalised",
        "In_Progress/.gitkeep": "",
        "Company_Handbook.md": "my rules",
        ".claude/skills/Email-Triage/skill.md": "my skill",
    }
    for name, text in mine.items():
        put(vault / name, text)
    made = scaffold(vault)
    after = files_of(vault)
    assert {name: after[name].decode() for name in mine} == mine
    folders = {str(p.relative_to(vault)) for p in vault.rglob("*") if p.is_dir()}
    assert not {name for name in folders if name.lower().startswith("needs_action/")}
    assert {"Pending_Approval/social", "In_Progress/cloud", "Done/archive", "Drop"} <= folders
    assert len({name.lower() for name in (*folders, *after)}) == len(folders) + len(after)  # no twins
    assert ".gitignore" not in after
    assert vault / "dashboard.md" in made.kept
    assert set(made.created).isdisjoint(made.kept)


def test_nothing_is_made_outside_the_vault(vault: Path, tmp_path: Path, told: set[str]) -> None:
    """A linked folder and a file in a folder's place are left alone, and everything else is made."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (vault / "Needs_Action").symlink_to(outside)
    (vault / ".claude").mkdir()
    (vault / ".claude" / "skills").symlink_to(outside)
    (vault / "Done").write_text("a file")
    (vault / "Business_Goals.md").symlink_to(outside / "goals.md")
    made = scaffold(vault)
    assert list(outside.iterdir()) == []
    assert (vault / "Done").read_text() == "a file"
    assert {vault / "Needs_Action", vault / "Done", vault / "Business_Goals.md"} <= set(made.kept)
    assert (vault / "Pending_Approval" / "social").is_dir()


def test_what_appears_meanwhile_is_kept(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and folders that somebody makes between the look and the creation stay as they are."""
    scaffold(vault)
    for path in vault.rglob("*.md"):
        path.write_text("mine")
    monkeypatch.setattr(scaffold_module, "find_entry", lambda _folder, _name: None)
    assert scaffold(vault).created == ()
    assert {text for name, text in files_of(vault).items() if name.endswith(".md")} == {b"mine"}


def test_a_file_is_no_vault(tmp_path: Path) -> None:
    """A path that is a file, or lies below one, is refused with what to do."""
    (tmp_path / "file").touch()
    for where in (tmp_path / "file", tmp_path / "file" / "vault"):
        with pytest.raises(VaultError, match="file"):
            scaffold(where)


def test_a_vault_without_permission_is_refused(nobodys_folder: Path) -> None:
    """A read-only folder gives an error that names the path and the reason."""
    nobodys_folder.chmod(0o500)
    with as_nobody(), pytest.raises(VaultError, match="Permission denied"):
        scaffold(nobodys_folder)
    nobodys_folder.chmod(0o700)


def test_half_a_file_is_not_left_behind(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, no file is left that the next run would take for the owner's."""

    def write_half(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(moves, "write_all", write_half)
        with pytest.raises(VaultError, match="No space left"):
            scaffold(vault)
    assert files_of(vault) == {}
    assert (vault / ".gitignore") in scaffold(vault).created


def test_the_dashboard_is_the_commonest_form() -> None:
    """Title, both lines of the head, and the seven sections with the columns and rows of existing vaults."""
    text = dashboard_template()
    assert text.startswith("# AI Employee Dashboard\n\n> **Last Updated:** —\n> **System Status:** ")
    sections = dict(re.findall(r"^## (.+)\n\n((?:\|.*\n)+)", text, re.MULTILINE))
    tables = {
        title: [line[2:-2].split(" | ") for line in table.splitlines()] for title, table in sections.items()
    }
    assert {title: ", ".join(rows[0]) for title, rows in tables.items()} == {
        "Pending Actions (Needs Your Attention)": "#, Type, From, Subject, Priority, Waiting Since",
        "In Progress": "Task, Status, Started, Agent",
        "Today's Activity Log": "Time, Action, Details, Result",
        "Queue Summary": "Folder, Count",
        "System Health": "Component, Status, Last Check",
        "Weekly Stats": "Metric, This Week, Last Week",
        "Recent Errors": "Time, Component, Error, Resolution",
    }
    assert all(len(row) == len(rows[0]) for rows in tables.values() for row in rows)
    assert [row[0] for row in tables["Queue Summary"][2:]] == list(
        queue_counts(Path(), date(2026, 1, 1), UTC)
    )
    health = [row[0] for row in tables["System Health"][2:]]
    assert health == ["Gmail Watcher", "WhatsApp Watcher", "File Watcher", "Orchestrator", "Email MCP"]
    assert tables["Recent Errors"][2:] == [["—", "—", "—", "—"]]


@pytest.mark.parametrize("skill", SKILLS)
def test_skills_can_be_loaded_and_forbid_acting_alone(vault: Path, skill: str) -> None:
    """Each skill has the frontmatter Claude Code asks for, and speaks of approval."""
    scaffold(vault)
    path = vault / ".claude" / "skills" / skill / "SKILL.md"
    front = read_frontmatter(path)
    assert front.problem == ""
    assert front.fields["name"] == skill
    assert len(str(front.fields["description"])) > 40
    assert "approval" in path.read_text(encoding="utf-8")


def test_the_skills_examples_are_what_aiemp_reads(vault: Path, put) -> None:
    """The example requests in the skills are read as approvals; the social one is today's LinkedIn post."""
    scaffold(vault)
    examples = {}
    for skill in ("hitl-handler", "social-post"):
        text = (vault / ".claude" / "skills" / skill / "SKILL.md").read_text(encoding="utf-8")
        (examples[skill],) = re.findall(r"```markdown\n(.+?)```", text, re.DOTALL)
    put(vault / "Pending_Approval" / "email" / "a.md", examples["hitl-handler"])
    put(vault / "Pending_Approval" / "social" / "b.md", examples["social-post"])
    mail, post = pending_approvals(vault, UTC)
    assert (mail.kind, mail.problem, post.kind, post.problem) == ("send_email", "", "linkedin_post", "")
    assert mail.created is not None
    assert mail.expires is not None
    assert linkedin_posts(vault, date(2026, 2, 27), UTC).drafted_today == (post.path,)
