"""Refusals: what Claude Code prints when it will not work *now*, whatever the prompt. Pure.

Such a run is blocked, not failed (semantics, "A run's record"): trying again at once would change nothing.
The wordings were printed by Claude Code 2.1 against a local API, or stand in its public issue tracker.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

from aiemp.claude.reset_times import FURTHEST, reset_time
from aiemp.frozen import frozen

LONGEST_LINE = 400
LAST_LINES = 12
"""A refusal is short and comes last. Looking no further keeps a mail about "usage limits", which Claude
quotes in its answer, from blocking the task."""

TRY_AGAIN = timedelta(minutes=15)
"""When to try again if nobody says when: each try costs the start of a Claude Code, and nothing else."""

LONGEST_WAIT = timedelta(days=8)
"""A task that is blocked for longer would not be held at all (:data:`aiemp.decisions.LONGEST_HOLD`)."""

_LIMITS = re.compile(
    r"""
      (you['’]ve|you[ ]have) [ ] (hit|reached) [ ] your [ ] ([\w.'’-]+[ ]){0,4} limit
    | ((claude|ai|usage|5-hour|daily|weekly|monthly|opus|sonnet|haiku|session|fast) [ ])+
      limit [ ] reached \b (?! [ ] (?! resets?\b ) \w )   # but "... reached for 2 accounts"
    | limit [ ] reached \W+ resets?\b
    | you['’]re [ ] out [ ] of [ ] ([\w.-]+[ ]){0,2} (usage|credits)
    | (your [ ])? credit [ ] balance [ ] is [ ] too [ ] low
    | api [ ] error: (?! \D{0,40} 5\d\d\b ) ( \D{0,40} \b429\b | .* rate_limit_error
        | .* credit [ ] balance [ ] is [ ] too [ ] low )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LOGINS = re.compile(
    r"""
      ( (invalid|missing) [ ] api [ ] key | not [ ] logged [ ] in | please [ ] run [ ] /login ) [ ]* ([·∙.] | $)
    | (login|session|credentials) [ ] (has [ ] | have [ ])? expired \b .* please [ ] run [ ] /login
    | your [ ] (account|organization) [ ] .* please [ ] run [ ] /login
    | oauth [ ] (access [ ])? (token|session|authentication) [ ] ((has|is|was|been|currently) [ ])*
      (expired|revoked|not [ ] supported)
    | could [ ] not [ ] resolve [ ] authentication [ ] method
    | your [ ] organization [ ] does [ ] not [ ] have [ ] access [ ] to [ ] claude
    | api [ ] error: (?! \D{0,40} 5\d\d\b ) ( \D{0,40} \b401\b | .* authentication_error
        | .* [·∙] [ ] please [ ] run [ ] /login )
    | failed [ ] to [ ] authenticate [ ]* ([·∙.:] | $)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PERMISSIONS = re.compile(
    r"""
      ( (failed [ ] to [ ] authenticate | please [ ] run [ ] /login) [ ]* [·∙.:] [ ]* )?
      api [ ] error: (?! \D{0,40} 5\d\d\b ) ( \D{0,40} \b403\b | .* permission_error )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Claude Code puts "Please run /login" before it; the API means that it knows who asks, and does not let him."""
_ONLY_A_LIMIT = re.compile(r"claude ai usage limit reached\|\d{10,13}", re.IGNORECASE)
"""Versions before 2.0 printed this as their answer, and ended without error."""

_EPOCH = re.compile(r"\|\d{10,13}\b")
_DECORATION = re.compile(r"^[^\w\[{(]+|^error:\s+", re.IGNORECASE)


class RefusalKind(Enum):
    """Who has to do something: time, the owner, or who gives him the permission."""

    LIMIT = "usage limit"
    LOGIN = "login"
    PERMISSION = "permission"


FORBIDDEN = 403


STATUS_KINDS = {
    401: RefusalKind.LOGIN,
    402: RefusalKind.LIMIT,
    FORBIDDEN: RefusalKind.PERMISSION,
    429: RefusalKind.LIMIT,
}
"""What an HTTP status of the API means (its documentation, "Errors"). 529 and 5xx are its own trouble."""

SERVERS_TROUBLE = 500


@frozen
class Refusal:
    """Why Claude Code will not work now, in its own words (one line)."""

    kind: RefusalKind
    line: str

    def until(self, now: datetime, zone: tzinfo, reset_at: float | None = None) -> datetime:
        """Before when it is no use to try again (aware). ``reset_at``: seconds since 1970, if told apart.

        The message's own time counts, in ``zone`` where it names none; one that has passed counts as not
        named, since Claude Code has just refused. It is at most :data:`LONGEST_WAIT` from ``now``.
        """
        named = reset_time(self.line, now, zone) if self.kind is RefusalKind.LIMIT else None
        if self.kind is RefusalKind.LIMIT and reset_at is not None:
            with contextlib.suppress(ValueError, OverflowError, OSError):
                named = datetime.fromtimestamp(reset_at, UTC)
        if named is None or not now < named <= now + FURTHEST:
            return now + TRY_AGAIN
        return min(named, now + LONGEST_WAIT)

    def reason(self, until: datetime, zone: tzinfo, now: datetime) -> str:
        """What the owner reads: what Claude Code said, and what to do. ``until`` is what :meth:`until` gave."""
        said = f"Claude Code says: {_EPOCH.sub('', self.line)}"
        if self.kind is RefusalKind.LIMIT:
            moment = f"{until.astimezone(zone):%Y-%m-%d %H:%M %Z}"
            if until >= now + LONGEST_WAIT:
                return f"{said} (it is looked at again on {moment})"
            return f"{said} (it is tried again from {moment} on)"
        if self.kind is RefusalKind.PERMISSION:
            return (
                f"{said} (the API refuses this account, its organisation or this network, which is no matter of the "
                "login alone: ask who manages the account; see /status in Claude Code, proxies and ANTHROPIC_BASE_URL)"
            )
        return f"{said} (log in once with `claude` as the user that runs aiemp, or set ANTHROPIC_API_KEY)"


def find_refusal(*outputs: str, status: int | None = None) -> Refusal | None:
    """The refusal in the output of a run that failed, if there is one. Each output is one stream's text.

    ``status``: the HTTP status that the API refused with, where Claude Code tells it. One that means trouble
    of the API's own is no refusal, whatever the words.
    """
    if status is not None and status >= SERVERS_TROUBLE:
        return None
    for output in outputs:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        for line in reversed(lines[-LAST_LINES:]):
            if len(line) > LONGEST_LINE:
                continue
            plain = _DECORATION.sub("", _DECORATION.sub("", line))
            if _PERMISSIONS.match(plain) or (status == FORBIDDEN and _LOGINS.match(plain)):
                return Refusal(RefusalKind.PERMISSION, line)
            if _LOGINS.match(plain):
                return Refusal(RefusalKind.LOGIN, line)
            if _LIMITS.match(plain):
                return Refusal(RefusalKind.LIMIT, line)
    kind = STATUS_KINDS.get(status or 0)
    if kind is None:
        return None
    said = next((line.strip() for output in outputs for line in output.splitlines() if line.strip()), "")
    return Refusal(kind, said[:LONGEST_LINE] or f"the API refused with HTTP status {status}")


def refusal_as_answer(answer: str) -> Refusal | None:
    """The refusal that is the whole answer of a run which ended without error, as old versions did it."""
    text = answer.strip()
    return Refusal(RefusalKind.LIMIT, text) if _ONLY_A_LIMIT.fullmatch(text) else None
