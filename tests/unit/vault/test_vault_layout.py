"""Finding a vault and its folders."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from aiemp.errors import Blocked
from aiemp.vault.layout import find_folder, leads_inside, looks_like_vault, require_vault, shown
from tests.rights import as_nobody


@pytest.mark.parametrize(
    "sign",
    ["Dashboard.md", "dashboard.MD", "Needs_Action/", "needs_action/", ".obsidian/", "Pending_Approval/"],
)
def test_a_sign_makes_a_vault(vault: Path, sign: str) -> None:
    """Any one of the usual files and folders, in whatever case, makes a folder a vault."""
    assert not looks_like_vault(vault)
    if sign.endswith("/"):
        (vault / sign).mkdir()
    else:
        (vault / sign).touch()
    assert looks_like_vault(vault)


def test_what_is_no_folder_is_no_vault(tmp_path: Path) -> None:
    """A missing path, a file and an impossible path are no vaults, and no errors."""
    (tmp_path / "file").touch()
    assert not looks_like_vault(tmp_path / "missing")
    assert not looks_like_vault(tmp_path / "file")
    assert not looks_like_vault(Path("nul\0byte"))


def test_a_readable_folder_is_accepted(vault: Path) -> None:
    """A folder with anything of the owner's in it will do as a vault: that it is one was his word."""
    (vault / "note.md").touch()
    require_vault(vault)


def test_an_empty_folder_is_taken_for_a_disk_that_is_not_mounted(vault: Path) -> None:
    """Nothing, or nothing but what a lock left behind, is not worked in."""
    with pytest.raises(Blocked, match="is empty; mount its disk"):
        require_vault(vault)
    (vault / ".state").mkdir()
    with pytest.raises(Blocked, match="is empty"):
        require_vault(vault)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "does not exist"),
        ("dangling", "does not exist"),
        ("file", "is not a folder"),
        ("file/below", "is not a folder"),
        ("x" * 300, "cannot be read"),
        ("nul\0byte", "cannot be read"),
    ],
)
def test_a_vault_that_cannot_be_used_blocks(tmp_path: Path, name: str, reason: str) -> None:
    """Each kind of unusable vault is Blocked with what is wrong and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Blocked, match=reason) as caught:
        require_vault(tmp_path / name)
    assert ";" in caught.value.reason  # the remedy


def test_a_vault_without_permission_blocks(nobodys_folder: Path) -> None:
    """A vault folder that this user may not list is Blocked, naming the cause."""
    nobodys_folder.chmod(0o000)
    with as_nobody(), pytest.raises(Blocked, match="give yourself the right, for example: sudo chown"):
        require_vault(nobodys_folder)
    nobodys_folder.chmod(0o700)


def test_folders_are_found_whatever_their_case(vault: Path) -> None:
    """needs_action is Needs_Action; where both exist, the exact name wins."""
    (vault / "needs_action").mkdir()
    found = find_folder(vault, "Needs_Action")
    assert found is not None
    assert found.samefile(vault / "needs_action")
    (vault / "Needs_Action").mkdir(exist_ok=True)
    assert find_folder(vault, "Needs_Action") == vault / "Needs_Action"
    assert find_folder(vault, "Plans") is None
    assert find_folder(vault / "missing", "Plans") is None


def test_a_link_out_of_the_vault_is_no_folder(
    vault: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, told: set[str]
) -> None:
    """A queue folder that is a link outwards is left alone, and that is said once."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (vault / "Done").symlink_to(outside)
    with caplog.at_level(logging.WARNING):
        assert find_folder(vault, "Done") is None
        assert find_folder(vault, "Done") is None
    assert len(caplog.records) == 1
    assert "link out of the vault" in caplog.text


def test_a_link_within_the_vault_is_followed(vault: Path, told: set[str]) -> None:
    """A folder linked to elsewhere in the vault counts, but not to its root or a hidden folder."""
    (vault / "Work" / "Done").mkdir(parents=True)
    (vault / ".git").mkdir()
    (vault / "Done").symlink_to("Work/Done")
    (vault / "Plans").symlink_to(".")
    (vault / "Approved").symlink_to(".git")
    assert find_folder(vault, "Done") == vault / "Done"
    assert find_folder(vault, "Plans") is None
    assert find_folder(vault, "Approved") is None


def test_a_file_is_no_folder(vault: Path, told: set[str]) -> None:
    """A file named Done is not taken for the folder."""
    (vault / "Done").touch()
    assert find_folder(vault, "Done") is None


def test_inside_means_below_and_not_beside(tmp_path: Path) -> None:
    """``vault2`` is not inside ``vault``, although its name begins so."""
    for name in ("vault", "vault2"):
        (tmp_path / name).mkdir()
    assert not leads_inside(tmp_path / "vault2", tmp_path / "vault")
    assert not leads_inside(tmp_path / "vault", tmp_path / "vault")
    assert leads_inside(tmp_path / "vault" / "x", tmp_path / "vault")


def test_paths_are_shown_on_one_line() -> None:
    """A name with a newline or undecodable bytes cannot forge a log line or break a terminal."""
    assert shown(Path("Done/ein Ü 🎉.md")) == "Done/ein Ü 🎉.md"
    assert "\n" not in shown("a\nb")
    shown("a\udcff").encode()
    assert len(shown("folder/" * 1000)) < 510
