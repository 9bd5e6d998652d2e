"""LinkedIn posts in a vault: which were drafted today, and which wait for approval.

What ``linkedin_post`` must know before it asks Claude for another one (semantics, "Tasks"). Names decide
where they can, and only what is recent is opened: Done may hold 100,000 files.
"""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.vault.approvals import approval_from, is_note, moment_of, normalised
from aiemp.vault.frontmatter import FRONTMATTER_LIMIT, Frontmatter, parse_frontmatter, read_start
from aiemp.vault.items import files_in, modified, start_of
from aiemp.vault.layout import APPROVED, ARCHIVE, DONE, PENDING_APPROVAL, REJECTED, warn_once
from aiemp.vault.moments import day_in_name

FOLDERS = (PENDING_APPROVAL, APPROVED, DONE, REJECTED)
"""Rejected too: a draft that the owner refused today was drafted today, and he has not asked for another."""

CLOCK_SLACK_S = 86_400.0
"""A file from another machine may be older than its frontmatter says: clocks and zones differ."""

_OTHER_THAN_POSTS = frozenset(
    {"message", "messages", "msg", "dm", "inmail", "comment", "reply", "connection"}
    | {"notification", "notifications", "invite", "invitation"}
)
_POST_NAME = re.compile(
    r"(?:20\d\d[\d_ t-]*)?"
    r"(?:(?:action|approval|approve|draft|post|publish|social|create|schedule)[_ -]+)*"
    r"linkedin(?:posts?)?(?![a-z])[_ -]*([a-z]*)"
)
_OTHER_NAME = re.compile(
    r"(?:(?:action|approval)[_-])?(?:(?:send|reply)[_-])?"
    r"(?:email|gmail|whatsapp|file|facebook|instagram|twitter|payment|invoice|alert)[_-]"
)


@frozen
class LinkedInPosts:
    """``drafted_today``: in whatever state it is by now. ``pending``: of any day, still undecided."""

    drafted_today: tuple[Path, ...] = ()
    pending: tuple[Path, ...] = ()


def linkedin_posts(vault: Path, today: date, zone: tzinfo) -> LinkedInPosts:
    """The posts of ``today``, a date in ``zone``, and all that are pending; each sorted by path.

    The days of a post are that of its frontmatter's ``created`` and that in its name (one drafted yesterday
    for today is today's too); without either, that of its file's time.
    """
    recent = start_of(today, zone) - CLOCK_SLACK_S
    drafted: list[Path] = []
    pending: list[Path] = []
    for folder in FOLDERS:
        for entry in files_in(vault, folder, skip=(ARCHIVE,)):
            named = is_post_name(entry.name)
            if named is False or not is_note(entry.name):
                continue
            changed = modified(entry)
            if changed is None:
                continue
            is_recent = changed >= recent or day_in_name(entry.name) == today
            if folder != PENDING_APPROVAL and not is_recent:
                continue
            front = _frontmatter_of_post(entry.path, named)
            if front is None:
                continue
            path = Path(entry.path)
            approval = approval_from(path, front, zone, moment_of(changed))
            if today in _days(approval.created, path.name, approval.modified, zone):
                drafted.append(path)
            if folder == PENDING_APPROVAL and approval.pending:
                pending.append(path)
    return LinkedInPosts(tuple(sorted(drafted)), tuple(sorted(pending)))


def is_post_name(name: str) -> bool | None:
    """Whether a file of that name is a LinkedIn post; None when the name does not say."""
    lowered = name.lower()
    if _OTHER_NAME.match(lowered):
        return False
    match = _POST_NAME.match(lowered)
    return None if match is None else match[1] not in _OTHER_THAN_POSTS


def is_post(front: Frontmatter) -> bool:
    """Whether the frontmatter is that of a LinkedIn post: by its action type, or by its platform."""
    kinds = [normalised(front.first(key)) for key in ("type", "action_type", "action")]
    words = {word for kind in kinds for word in kind.split("_")}
    on_linkedin = (
        "linkedin" in words
        or "linkedin" in normalised(front.first("platform", "channel"))
        or "linkedin" in (normalised(front.first("domain")), normalised(front.first("target")))
    )
    if not on_linkedin:
        return False
    return "post" in words or not words & (_OTHER_THAN_POSTS | {"email"})


def _frontmatter_of_post(path: str, named: bool | None) -> Frontmatter | None:
    """The frontmatter of a post, empty when it cannot be read; None when the file is no post."""
    try:
        start = read_start(Path(path), FRONTMATTER_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        warn_once(path, error)
        return Frontmatter() if named else None
    if not named and b"linkedin" not in start.lower():
        return None  # spares parsing most of what was done today
    front = parse_frontmatter(start)
    return front if named or is_post(front) else None


def _days(created: datetime | None, name: str, changed: datetime | None, zone: tzinfo) -> set[date]:
    named = day_in_name(name)
    days = {created.astimezone(zone).date()} if created is not None else set()
    if named is not None:
        days.add(named)
    return days or ({changed.astimezone(zone).date()} if changed is not None else set())
