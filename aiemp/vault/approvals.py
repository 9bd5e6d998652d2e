"""Approval requests: what waits in Pending_Approval for the owner's word, and what has waited too long.

Vaults write them in several ways (keys ``action_type``, ``action`` or ``type``; ``created`` or
``created_at``; in subfolders or flat), and one decides by editing ``status:`` instead of moving the file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.vault.frontmatter import Frontmatter, read_frontmatter
from aiemp.vault.items import files_in
from aiemp.vault.layout import PENDING_APPROVAL, reason_of, warn_once
from aiemp.vault.moments import names_a_day, parse_moment

CREATED_KEYS = ("created", "created_at", "created_on", "drafted_at")
EXPIRES_KEYS = ("expires", "expires_at", "expires_on")
PLATFORMS = ("linkedin", "facebook", "instagram", "twitter", "whatsapp", "email")
DECIDED = frozenset(
    {"approved", "rejected", "done", "declined", "denied", "completed", "executed"}
    | {"sent", "posted", "published", "cancelled", "canceled"}
)
"""A request of such a status is no longer pending, wherever its file lies."""

_UNTELLING = frozenset({"approval_request", "approval", "action"})
_NAMED_KIND = re.compile(
    r"(?:action|approval)_((?:send_|reply_)?(?:email|whatsapp)(?:_reply|_message)?"
    r"|(?:linkedin|facebook|instagram|twitter|social)_post|payment|invoice)(?![a-z])"
    r"|(linkedin|facebook|instagram|twitter)_",
    re.IGNORECASE,
)


@frozen
class Approval:
    """One approval request. ``kind`` is its action type in lower case with ``_`` (``send_email``).

    Moments are in UTC; ``modified`` is the file's own time. ``problem`` says what could not be read.
    """

    path: Path
    kind: str = ""
    platform: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    status: str = ""
    problem: str = ""
    modified: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status not in DECIDED

    @property
    def waiting_since(self) -> datetime | None:
        return self.created or self.modified


def pending_approvals(vault: Path, zone: tzinfo) -> list[Approval]:
    """The undecided requests (``.md`` files) in Pending_Approval, by path. ``zone``: of times without one."""
    files = sorted(Path(entry.path) for entry in files_in(vault, PENDING_APPROVAL) if is_note(entry.name))
    approvals = (read_approval(path, zone) for path in files)
    return [approval for approval in approvals if approval is not None and approval.pending]


def stale_approvals(vault: Path, now: datetime, stale_after: timedelta, zone: tzinfo) -> list[Approval]:
    """The pending requests that have waited too long (semantics, "stale_approval_check")."""
    return [approval for approval in pending_approvals(vault, zone) if is_stale(approval, now, stale_after)]


def is_stale(approval: Approval, now: datetime, stale_after: timedelta) -> bool:
    """Whether it expired before ``now``; if it has no expiry, whether it waits for over ``stale_after``."""
    if approval.expires is not None:
        return approval.expires < now
    since = approval.waiting_since
    return since is not None and now - since > stale_after


def read_approval(path: Path, zone: tzinfo) -> Approval | None:
    """The request in the file at ``path``; None when it is gone. An unreadable one has a ``problem``."""
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return None  # decided meanwhile: moved away
    except OSError as error:
        warn_once(path, error)
        return Approval(path, problem=f"cannot be read: {reason_of(error)}")
    return approval_from(path, read_frontmatter(path), zone, moment_of(changed))


def approval_from(path: Path, front: Frontmatter, zone: tzinfo, modified: datetime | None) -> Approval:
    """The request that the frontmatter of ``path`` describes. Pure."""
    problems = [front.problem] if front.problem else []
    created_text, expires_text = front.first(*CREATED_KEYS), front.first(*EXPIRES_KEYS)
    created, expires = parse_moment(created_text, zone), parse_moment(expires_text, zone)
    if created_text is not None and created is None:
        problems.append(f"created is not a time: {str(created_text)[:40]!r}")
    if expires_text is not None and expires is None:
        problems.append(f"expires is not a time: {str(expires_text)[:40]!r}")
    if expires is not None and names_a_day(expires_text):
        expires += timedelta(days=1)  # who writes only a date means: until that day is over
    kind = _kind(front, path.name)
    return Approval(
        path=path,
        kind=kind,
        platform=_platform(front, kind),
        created=created,
        expires=expires,
        status=normalised(front.first("status")),
        problem="; ".join(problems),
        modified=modified,
    )


def is_note(name: str) -> bool:
    """Whether a file of that name is one that people and Claude write, not a picture that goes with it."""
    return name[-3:].lower() == ".md"


def moment_of(posix_time: float) -> datetime | None:
    """A file's time in UTC; None for one that no calendar holds (damaged file systems have those)."""
    try:
        return datetime.fromtimestamp(posix_time, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def normalised(value: object) -> str:
    """``Send-Email`` and ``send email`` as ``send_email``; "" for None."""
    return "" if value is None else re.sub(r"\W+|_+", "_", str(value)[:200].casefold()).strip("_")


def _kind(front: Frontmatter, name: str) -> str:
    kinds = (normalised(front.first(key)) for key in ("action_type", "action", "type"))
    kind = next((kind for kind in kinds if kind and kind not in _UNTELLING), "")
    if kind:
        return kind
    match = _NAMED_KIND.match(name)
    if match is None:
        return ""
    return match[1].lower() if match[1] else f"{match[2].lower()}_post"


def _platform(front: Frontmatter, kind: str) -> str:
    platform = normalised(front.first("platform", "channel"))
    return platform or next((name for name in PLATFORMS if name in kind.split("_")), "")
