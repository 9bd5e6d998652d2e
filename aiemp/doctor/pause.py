"""``pause``: no run of Claude is held back by a pause. Pure."""

from __future__ import annotations

from datetime import tzinfo

from aiemp.claude.pause import Pause
from aiemp.doctor.findings import Finding, fail, ok, warn


def judge_pause(pause: Pause | None, zone: tzinfo) -> list[Finding]:
    """One that its owner asked for is a warning; a file that only looks like one holds Claude back for ever."""
    if pause is None:
        return [ok("Claude is not paused")]
    said = f"Claude is {pause.in_words(zone)}"
    return [fail(said, "aiemp resume") if pause.problem else warn(said, "aiemp resume")]
