"""``config`` and ``dotenv``: the configuration has no mistakes, and nobody else can change it. Pure."""

from __future__ import annotations

from pathlib import Path

from aiemp.doctor.findings import Finding, closing, ok, warn, with_remedy
from aiemp.frozen import frozen

CONSEQUENCES = ("its ", "it is ", "only ", "until ")
"""How a warning goes on that tells what follows and leaves the remedy to the reader."""


@frozen
class ConfigSeen:
    """``aiemp.toml`` as it was read: ``mistakes`` keep it from being used, ``warnings`` do not."""

    file: Path
    exists: bool
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@frozen
class DotenvSeen:
    """The vault's ``.env``. ``problems`` are what is wrong with it."""

    file: Path
    exists: bool
    problems: tuple[str, ...] = ()


def judge_config(seen: ConfigSeen) -> list[Finding]:
    """Every mistake, then what is odd."""
    mistakes = [closing(*with_remedy(mistake)) for mistake in seen.mistakes]
    warnings = [_warning(warning) for warning in seen.warnings]
    if mistakes or warnings:
        return [*mistakes, *warnings]
    return [ok(f"{seen.file}: no mistakes" if seen.exists else f"there is no {seen.file}: all defaults")]


def judge_dotenv(seen: DotenvSeen) -> list[Finding]:
    """A ``.env`` that is used as it stands, and that others cannot write."""
    if not seen.exists:
        return []
    return [_warning(problem) for problem in seen.problems] or [ok(f"{seen.file} is used")]


def _warning(message: str) -> Finding:
    what, remedy = with_remedy(message)
    if remedy.startswith(CONSEQUENCES) or what == message:
        return warn(message, "correct it, then look again: aiemp doctor config dotenv")
    return warn(what, remedy, closing(what, remedy).fix)
