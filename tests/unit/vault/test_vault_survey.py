"""What a folder holds before aiemp comes (aiemp.vault.survey)."""

from __future__ import annotations

from pathlib import Path

from aiemp.vault.survey import survey


def test_no_folder_is_no_vault(tmp_path: Path) -> None:
    """Neither is an empty one."""
    assert not survey(tmp_path / "none").is_vault
    assert survey(tmp_path).layout == ()


def test_queues_are_flat_or_by_domain(tmp_path: Path) -> None:
    """As they are spelt there; hidden files count for nothing."""
    (tmp_path / "needs_action").mkdir()
    (tmp_path / "needs_action" / "EMAIL_a.md").touch()
    (tmp_path / "Pending_Approval" / "Social").mkdir(parents=True)
    (tmp_path / "Pending_Approval" / "email").mkdir()
    found = survey(tmp_path)
    assert found.is_vault
    assert found.layout == ("needs_action flat", "Pending_Approval by domain (Social, email)")


def test_an_unused_queue_has_no_layout(tmp_path: Path) -> None:
    """.gitkeep keeps a folder, and is no item."""
    (tmp_path / "Needs_Action").mkdir()
    (tmp_path / "Needs_Action" / ".gitkeep").touch()
    assert survey(tmp_path).layout == ()


def test_the_handbook_may_be_there(tmp_path: Path) -> None:
    """In any spelling; then nobody is asked for his name."""
    assert survey(tmp_path).lacks_handbook
    (tmp_path / "company_handbook.md").touch()
    assert not survey(tmp_path).lacks_handbook
