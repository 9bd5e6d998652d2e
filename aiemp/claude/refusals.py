"""Refusals: what Claude Code prints when it will not work *now*, whatever the prompt. Pure.

Such a run is blocked, not failed (semantics, "A run's record"): trying again at once would change nothing.
The wordings were printed by Claude Code 2.1 against a local API, or stand in its public issue tracker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

LONGEST_LINE = 400
LAST_LINES = 12
"""A refusal is short and comes last. Looking no further keeps a mail about "usage limits", which Claude
quotes in its answer, from blocking the task."""

_LIMITS = re.compile(
    r"""
      (you['’]ve|you[ ]have) [ ] (hit|reached) [ ] your [ ] ([\w.-]+[ ]){0,3} limit
    | ([\w.-]+[ ]){0,4} limit [ ] reached\b                 # 5-hour, weekly, Claude AI usage ...
    | you['’]re [ ] out [ ] of [ ] ([\w.-]+[ ]){0,2} (usage|credits)
    | (your [ ])? credit [ ] balance [ ] is [ ] too [ ] low
    | api [ ] error: .* ( \b429\b | rate_limit_error | credit [ ] balance [ ] is [ ] too [ ] low )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LOGINS = re.compile(
    r"""
      (invalid|missing) [ ] api [ ] key
    | not [ ] logged [ ] in
    | .* please [ ] run [ ] /login
    | oauth [ ] (token|session|authentication) [ ] .* (expired|revoked|not [ ] supported)
    | could [ ] not [ ] resolve [ ] authentication [ ] method
    | your [ ] organization [ ] does [ ] not [ ] have [ ] access [ ] to [ ] claude
    | api [ ] error: .* ( \b401\b | authentication_error )
    | (failed [ ] to [ ] authenticate)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DECORATION = re.compile(r"^[^\w\[{(]+|^error:\s+", re.IGNORECASE)


class RefusalKind(Enum):
    """Who has to do something: time, or the owner."""

    LIMIT = "usage limit"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Claude Code will not work now, in its own words (one line)."""

    kind: RefusalKind
    line: str

    @property
    def reason(self) -> str:
        """What the owner reads: what Claude Code said, and what to do."""
        said = f"Claude Code says: {self.line}"
        if self.kind is RefusalKind.LIMIT:
            return f"{said} (it is tried again until the limit is lifted)"
        return f"{said} (log in once with `claude` as the user that runs aiemp, or set ANTHROPIC_API_KEY)"


def find_refusal(*outputs: str) -> Refusal | None:
    """The refusal in the output of a run that failed, if there is one. Each output is one stream's text."""
    for output in outputs:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        for line in reversed(lines[-LAST_LINES:]):
            if len(line) > LONGEST_LINE:
                continue
            plain = _DECORATION.sub("", _DECORATION.sub("", line))
            if _LOGINS.match(plain):
                return Refusal(RefusalKind.LOGIN, line)
            if _LIMITS.match(plain):
                return Refusal(RefusalKind.LIMIT, line)
    return None
