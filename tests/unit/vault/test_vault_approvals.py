"""Approval requests in all the ways vaults write them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.vault.approvals import pending_approvals, read_approval, stale_approvals

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 27, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


def request(**fields: str) -> str:
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in fields.items()) + "---\n\nBody\n"


def stale(vault: Path) -> list[str]:
    return [approval.path.name for approval in stale_approvals(vault, NOW, DAY, BERLIN)]


@pytest.mark.parametrize(
    ("name", "text", "kind", "platform"),
    [
        ("a.md", request(type="approval_request", action_type="send_email"), "send_email", "email"),
        ("a.md", request(action="Send-Email", recipient="x"), "send_email", "email"),
        ("a.md", request(type="linkedin_post"), "linkedin_post", "linkedin"),
        (
            "a.md",
            request(type="approval_request", action_type="post", platform="LinkedIn"),
            "post",
            "linkedin",
        ),
        ("ACTION_send_email_anna_2026-02-27T02-52-10.md", "", "send_email", "email"),
        ("APPROVAL_linkedin_post_x.md", "text", "linkedin_post", "linkedin"),
        ("LINKEDIN_2026-07-14_x.md", "text", "linkedin_post", "linkedin"),
        ("note.md", "text", "", ""),
    ],
)
def test_the_kind_is_found_in_each_variant(
    vault: Path, put, name: str, text: str, kind: str, platform: str
) -> None:
    """The action type comes from action_type, action or type, and else from the file's name."""
    put(vault / "Pending_Approval" / name, text)
    (approval,) = pending_approvals(vault, BERLIN)
    assert (approval.kind, approval.platform) == (kind, platform)


def test_approvals_lie_flat_or_in_subfolders(vault: Path, put) -> None:
    """Every .md file at any depth is a request, sorted by path; pictures and hidden files are none."""
    for name in ("b.md", "Social/a.MD", "social/deep/c.md", ".hidden.md", ".gitkeep", "social/picture.png"):
        put(vault / "pending_approval" / name, request(type="x"))
    found = [str(a.path.relative_to(vault / "pending_approval")) for a in pending_approvals(vault, BERLIN)]
    assert found == ["Social/a.MD", "b.md", "social/deep/c.md"]


@pytest.mark.parametrize("status", ["approved", "Rejected", "done", "'Approved '", "completed", "sent"])
def test_a_decided_status_is_not_pending(vault: Path, put, status: str) -> None:
    """Who approves by editing ``status:`` has decided, although the file stays where it is."""
    put(vault / "Pending_Approval" / "a.md", request(type="x", status=status, created="2020-01-01"))
    assert pending_approvals(vault, BERLIN) == []
    assert stale(vault) == []


@pytest.mark.parametrize("status", ["pending", "pending_approval", "", "expired", "stale", "in_progress"])
def test_any_other_status_is_pending(vault: Path, put, status: str) -> None:
    """Only a known decision ends the waiting; a word nobody knows does not."""
    put(vault / "Pending_Approval" / "a.md", request(type="x", status=status))
    assert len(pending_approvals(vault, BERLIN)) == 1


def test_expires_decides_when_present(vault: Path, put) -> None:
    """With an expiry the age does not matter, however its key is spelled; the moment itself is not late."""
    folder = vault / "Pending_Approval"
    put(folder / "future.md", request(created="2020-01-01T00:00:00Z", expires="2026-02-27T12:00:00Z"))
    put(folder / "past.md", request(created="2026-02-27T11:00:00Z", expires="2026-02-27T11:59:59Z"))
    put(folder / "past_at.md", request(expires_at="2026-02-27 11:59:59+00:00"))
    put(folder / "naive.md", request(Expires="2026-02-27T12:59:59"))  # 11:59:59 UTC
    put(folder / "naive_future.md", request(expires="2026-02-27T13:00:01"))
    assert stale(vault) == ["naive.md", "past.md", "past_at.md"]


def test_created_decides_without_an_expiry(vault: Path, put) -> None:
    """A request is stale when it was created more than 24 hours ago, naive times in the plan's zone."""
    folder = vault / "Pending_Approval"
    put(folder / "old.md", request(created="2026-02-26T11:59:59Z"))
    put(folder / "old_at.md", request(created_at="2026-02-26T12:59:59"))  # 11:59:59 UTC
    put(folder / "exactly.md", request(created="2026-02-26T12:00:00Z"))
    put(
        folder / "new.md",
        request(created_at="2026-02-26T13:00:01"),
        modified=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert stale(vault) == ["old.md", "old_at.md"]


def test_the_files_time_decides_without_either(vault: Path, put) -> None:
    """Without frontmatter, with an empty file, and with dates nobody can read, the mtime counts."""
    folder = vault / "Pending_Approval"
    old, new = NOW - DAY - timedelta(seconds=1), NOW - timedelta(hours=1)
    for name, text in {"none": "text", "empty": "", "odd": request(created="soon", expires="never")}.items():
        put(folder / f"{name}_old.md", text, modified=old)
        put(folder / f"{name}_new.md", text, modified=new)
    assert stale(vault) == ["empty_old.md", "none_old.md", "odd_old.md"]


def test_an_expiry_date_lasts_until_that_day_is_over(vault: Path, put) -> None:
    """``expires: 2026-02-27`` means the end of the 27th in the owner's zone, quoted or not."""
    folder = vault / "Pending_Approval"
    put(folder / "today.md", request(expires="2026-02-27"))
    put(folder / "yesterday.md", request(expires="'2026-02-26'"))
    assert stale(vault) == ["yesterday.md"]


def test_problems_are_told_with_the_approval(vault: Path, put) -> None:
    """A 0-byte approval and unreadable times are pending approvals that say what is wrong with them."""
    put(vault / "Pending_Approval" / "a.md")
    put(vault / "Pending_Approval" / "b.md", request(created="soon", expires="never"))
    empty, odd = pending_approvals(vault, BERLIN)
    assert empty.problem == "the file is empty"
    assert odd.problem == "created is not a time: 'soon'; expires is not a time: 'never'"
    assert empty.waiting_since == empty.modified is not None


def test_checking_changes_nothing(vault: Path, put) -> None:
    """Looking for stale approvals marks none by changing its time or text."""
    path = put(vault / "Pending_Approval" / "a.md", request(created="2020-01-01"), modified=NOW - DAY)
    before = path.stat()
    assert stale(vault) == ["a.md"]
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ctime_ns == before.st_ctime_ns


def test_a_request_that_is_gone_is_none(vault: Path) -> None:
    """One that was decided, and so moved, between listing and reading is left out."""
    assert read_approval(vault / "Pending_Approval" / "gone.md", BERLIN) is None
    assert pending_approvals(vault, BERLIN) == []


def test_impossible_file_times_do_no_harm(vault: Path, put) -> None:
    """A file time that no calendar holds is no time, and the request still pending."""
    path = put(vault / "Pending_Approval" / "a.md", "text")
    os.utime(path, (0, 2**33))
    assert len(pending_approvals(vault, BERLIN)) == 1
    assert stale(vault) == []
