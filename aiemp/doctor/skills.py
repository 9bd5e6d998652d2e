"""``skills``: the skills that prompts name are in the vault. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, counted, ok, warn
from aiemp.frozen import frozen


@frozen
class SkillSeen:
    """One ``SKILL.md`` and the tasks that name it. ``is_ours``: `aiemp init` makes a stub of it."""

    file: Path
    tasks: tuple[str, ...]
    exists: bool
    is_ours: bool = False


@frozen
class SkillsSeen:
    """All that the prompts of enabled tasks name."""

    vault: Path
    skills: tuple[SkillSeen, ...] = ()


def judge_skills(seen: SkillsSeen) -> list[Finding]:
    """A warning for each that is missing: Claude works without it, but not as it is meant."""
    missing = [_missing(seen.vault, skill) for skill in seen.skills if not skill.exists]
    if missing or not seen.skills:
        return missing
    return [ok(f"{counted(len(seen.skills), 'skill')} found")]


def _missing(vault: Path, skill: SkillSeen) -> Finding:
    remedy = f"aiemp init {shlex.quote(str(vault))}" if skill.is_ours else f"write {skill.file}"
    verb = "needs" if len(skill.tasks) == 1 else "need"
    return warn(f"{skill.file} is not there, and {', '.join(skill.tasks)} {verb} it", remedy)
