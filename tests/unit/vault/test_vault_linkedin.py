"""Which LinkedIn posts a vault holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.vault import linkedin
from aiemp.vault.linkedin import LinkedInPosts, is_post_name, linkedin_posts
from tests.rights import as_nobody

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 7, 14)
NOON = datetime(2026, 7, 14, 12, tzinfo=BERLIN)
LONG_AGO = datetime(2026, 1, 1, tzinfo=BERLIN)
POST = "---\ntype: approval_request\naction_type: linkedin_post\ncreated: {}\n---\n"


def posts(vault: Path) -> tuple[list[str], list[str]]:
    found = linkedin_posts(vault, TODAY, BERLIN)
    return [path.name for path in found.drafted_today], [path.name for path in found.pending]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("LINKEDIN_POST_20260121.md", True),
        ("LINKEDIN_2026-07-14_x.md", True),
        ("linkedin-post.md", True),
        ("LinkedInPost_3.md", True),
        ("ACTION_linkedin_post_me_2026-07-14T09-31-00.md", True),
        ("APPROVAL_linkedin_2026-07-14.md", True),
        ("ACTION_social_post_linkedin_x.md", True),
        ("2026-07-14-linkedin-post.md", True),
        ("LINKEDIN_POST_reply-to-critics.md", True),
        ("LINKEDIN_MESSAGE_anna.md", False),
        ("linkedin_comment_3.md", False),
        ("EMAIL_linkedin_2026-07-14T02-52-10.md", False),
        ("ACTION_send_email_linkedin-support_2026-07-14.md", False),
        ("FILE_linkedin_post_ideas.md", False),
        ("ACTION_whatsapp_x.md", False),
        ("PLAN_linkedin_post.md", None),
        ("linkedinesque.md", None),
        ("post.md", None),
    ],
)
def test_names_decide_where_they_can(name: str, verdict: bool | None) -> None:
    """A post is known by how its name begins; mails from LinkedIn and messages to it are none."""
    assert is_post_name(name) is verdict


@pytest.mark.parametrize(
    "fields",
    [
        "type: linkedin_post",
        "type: approval_request\naction_type: linkedin_post",
        "action: post_to_linkedin",
        "action_type: Post to LinkedIn",
        "type: social_post\nplatform: LinkedIn",
        "platform: [twitter, linkedin]",
        "type: approval_request\naction_type: social_post\ntarget: linkedin",
    ],
)
def test_frontmatter_decides_where_the_name_does_not(vault: Path, put, fields: str) -> None:
    """Type, action or platform make a post of a file with any name, flat or in social/."""
    put(vault / "Pending_Approval" / "social" / "draft.md", f"---\n{fields}\n---\n", modified=NOON)
    put(vault / "Pending_Approval" / "other.md", f"---\n{fields}\n---\n", modified=LONG_AGO)
    assert posts(vault) == (["draft.md"], ["other.md", "draft.md"])


@pytest.mark.parametrize(
    "text",
    [
        "---\ntype: linkedin_message\n---\n",
        "---\naction_type: send_email\ntarget: jobs@linkedin.com\n---\n",
        "---\ntype: facebook_post\n---\nLike the one on LinkedIn",
        "We should post on LinkedIn",
        "",
    ],
)
def test_other_files_are_no_posts(vault: Path, put, text: str) -> None:
    """A message on LinkedIn, a mail to it, or a note that speaks of it is no post."""
    put(vault / "Pending_Approval" / "draft.md", text, modified=NOON)
    assert posts(vault) == ([], [])


@pytest.mark.parametrize("folder", ["Pending_Approval/social", "approved", "Done", "Done/social", "Rejected"])
def test_todays_draft_counts_wherever_it_is_by_now(vault: Path, put, folder: str) -> None:
    """A draft of today is found in each folder it may have moved to, a refused one included."""
    put(vault / folder / "LINKEDIN_POST_20260714.md", POST.format("2026-07-14T09:31:00+02:00"), modified=NOON)
    drafted, pending = posts(vault)
    assert drafted == ["LINKEDIN_POST_20260714.md"]
    assert pending == (drafted if folder.startswith("Pending") else [])


def test_the_days_are_those_of_created_and_of_the_name_or_that_of_the_file(vault: Path, put) -> None:
    """One of frontmatter and name is enough; without either the file's time counts; dates are local."""
    folder = vault / "Pending_Approval"
    put(folder / "LINKEDIN_a_20260101.md", POST.format("2026-07-13T22:30:00Z"), modified=LONG_AGO)  # 00:30
    put(folder / "LINKEDIN_b_20260714.md", POST.format("2026-07-14T22:30:00Z"), modified=NOON)  # the 15th
    put(folder / "LINKEDIN_c_2026-07-14.md", "no frontmatter", modified=LONG_AGO)
    put(folder / "LINKEDIN_d_2026-07-13.md", "no frontmatter", modified=NOON)
    put(folder / "LINKEDIN_e.md", "no frontmatter", modified=NOON)
    put(folder / "LINKEDIN_f.md", "no frontmatter", modified=LONG_AGO)
    put(folder / "LINKEDIN_g.md", "---\ncreated_at: 2026-07-14\n---\n", modified=LONG_AGO)
    drafted, pending = posts(vault)
    assert [name[9] for name in drafted] == ["a", "b", "c", "e", "g"]
    assert len(pending) == 7


def test_decided_posts_are_not_pending(vault: Path, put) -> None:
    """A post approved by its ``status:`` was drafted today, and waits no more."""
    put(vault / "Pending_Approval" / "LINKEDIN_x.md", "---\nstatus: approved\n---\n", modified=NOON)
    assert posts(vault) == (["LINKEDIN_x.md"], [])


def test_pictures_beside_a_post_are_no_posts(vault: Path, put) -> None:
    """Only notes count: the picture of a post does not make it a pile-up."""
    put(vault / "Pending_Approval" / "LINKEDIN_POST_20260714.md", modified=NOON)
    put(vault / "Pending_Approval" / "LINKEDIN_POST_20260714.png", modified=NOON)
    assert len(posts(vault)[1]) == 1


def test_an_empty_vault_has_no_posts(vault: Path) -> None:
    """Missing folders are empty folders."""
    assert linkedin_posts(vault, TODAY, BERLIN) == LinkedInPosts()


def test_the_archive_is_not_searched(vault: Path, put) -> None:
    """Done/archive holds what is over a week old."""
    put(vault / "Done" / "archive" / "LINKEDIN_POST_20260714.md", modified=NOON)
    assert posts(vault) == ([], [])


def test_old_files_in_done_are_not_opened(vault: Path, put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 100,000 files in Done only those are opened that may be a post of today."""
    for number in range(20):
        put(vault / "Done" / f"note_{number}.md", "linkedin", modified=LONG_AGO)
        put(vault / "Done" / f"LINKEDIN_POST_202601{number + 1:02}.md", "x", modified=LONG_AGO)
        put(vault / "Done" / f"EMAIL_linkedin_{number}.md", "linkedin", modified=NOON)
    put(vault / "Done" / "today.md", "---\nplatform: linkedin\n---\n", modified=NOON - timedelta(hours=1))
    put(vault / "Done" / "LINKEDIN_20260714.md", "x", modified=LONG_AGO)
    opened: list[str] = []
    read_start = linkedin.read_start

    def reading(path: Path, limit: int) -> bytes:
        opened.append(path.name)
        return read_start(path, limit)

    monkeypatch.setattr(linkedin, "read_start", reading)
    assert posts(vault)[0] == ["LINKEDIN_20260714.md", "today.md"]
    assert sorted(opened) == ["LINKEDIN_20260714.md", "today.md"]


def test_an_unreadable_post_still_counts(nobodys_folder: Path, put, told: set[str]) -> None:
    """A post by its name counts although its text may not be read; another file is skipped."""
    with as_nobody():
        for name in ("LINKEDIN_POST_20260714.md", "draft.md"):
            post = put(nobodys_folder / "Pending_Approval" / name, POST.format("2026-07-14"), modified=NOON)
            post.chmod(0o000)
        found = linkedin_posts(nobodys_folder, TODAY, UTC)
    assert [path.name for path in found.drafted_today] == ["LINKEDIN_POST_20260714.md"]
    assert [path.name for path in found.pending] == ["LINKEDIN_POST_20260714.md"]
    assert len(told) == 2
